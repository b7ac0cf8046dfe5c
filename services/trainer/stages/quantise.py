"""``quantise``: an int8 network beside the fp32 one, and what each arithmetic costs."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from services.common.domain.bundles import GOLDEN_NAME, MANIFEST_NAME, MODEL_NAME
from services.common.domain.errors import BundleError
from services.trainer.data.layouts import Split
from services.trainer.errors import DataLayoutError
from services.trainer.evaluation.images import FaceImages, Progress, read_images
from services.trainer.export.precisions import (
    CALIBRATION_CROPS,
    EXACT_CONVOLUTIONS,
    evaluate_precisions,
    quantised,
)
from services.trainer.files import replacing
from services.trainer.training.stage_outputs import CARD
from services.vision.bundle import (
    INT8_MODEL_NAME,
    Bundle,
    BundleCard,
    load_bundle,
    load_golden,
    write_bundle,
)
from services.vision.classifiers.choice import METRICS_KEY
from services.vision.transforms import InputSpec


def quantise_bundle(
    folder: Path,
    data: Path,
    *,
    int8: bool = True,
    exact: int = EXACT_CONVOLUTIONS,
    version: str | None = None,
    progress: Progress | None = None,
) -> Bundle:
    """Replace the bundle in ``folder`` by one with an int8 network and every precision evaluated.

    Ranges are calibrated on training images; every precision is then evaluated on others, and the
    figures go into the manifest's metrics, where ``precision=auto`` looks for them.

    Args:
        folder: the bundle's.
        data: a folder or archive in a layout of docs/training.md. Without training images in it,
            ranges are calibrated on a part of it and evaluated on the rest.
        int8: False evaluates fp32 and bf16 alone and leaves an int8 network out.
        exact: so many convolutions next to the pixels stay in fp32.
        version: of the new bundle; by default its last number goes up by one, as another content
            under a version that is taken is refused by the service.
        progress: called with (done, total) while images are read.

    Raises:
        BundleError: if the bundle is damaged, or int8 fails the golden answers.
        DataLayoutError: if the data cannot be read or has too few images.
        ExportError: if the network cannot be quantised.
    """
    bundle = load_bundle(folder)
    graph, golden = bundle.model_path().read_bytes(), load_golden(bundle)
    calibration, evaluated, labels, sha256 = _images(data, bundle.manifest.input, progress=progress)
    extras = {
        name: (folder / name).read_bytes()
        for name in bundle.manifest.files.keys() - {MODEL_NAME, GOLDEN_NAME, INT8_MODEL_NAME}
    }
    if int8:
        extras[INT8_MODEL_NAME] = quantised(graph, calibration, exact=exact)
    card = _card(bundle, extras, version=version)
    figures = evaluate_precisions(
        card, model=graph, golden=golden, extras=extras, crops=evaluated, labels=labels
    )
    if "refused" in figures.get("int8", {}):
        raise BundleError(f"{figures['int8']['refused']} Or keep more in fp32: --exact.")
    metrics = {**card.metrics, METRICS_KEY: {**figures, "data_sha256": sha256}}
    card = card.model_copy(update={"metrics": metrics})
    with replacing(folder, mark=MANIFEST_NAME, what="bundle") as fresh:
        written = write_bundle(fresh, card=card, model=graph, golden=golden, extras=extras)
    return Bundle(folder, written.manifest, written.identity)


def _card(bundle: Bundle, extras: dict[str, bytes], *, version: str | None) -> BundleCard:
    """Return the card under the new version, which the model card's heading has as well."""
    fields = {name: value for name, value in dict(bundle.manifest).items() if name != "files"}
    before = bundle.manifest.version
    *first, last = before.split(".")
    after = version or ".".join([*first, str(int(last) + 1)])
    if CARD in extras:
        heading = f"{bundle.manifest.name} {before}".encode()
        extras[CARD] = extras[CARD].replace(heading, f"{bundle.manifest.name} {after}".encode(), 1)
    return BundleCard(**{**fields, "version": after})


def _images(
    data: Path, spec: InputSpec, *, progress: Progress | None
) -> tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.int64], str]:
    """Return crops to calibrate on, and others with their labels and the data's hash."""
    evaluated = read_images(data, spec, progress=progress)
    if all(sample.split is not Split.TRAIN for sample in evaluated.samples) and evaluated.left_out:
        training = read_images(data, spec, split=Split.TRAIN, most=CALIBRATION_CROPS)
        return training.crops, evaluated.crops, evaluated.labels, evaluated.sha256
    return _cut(evaluated)


def _cut(images: FaceImages) -> tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.int64], str]:
    """Draw a part, at most a half, of images that no layout has split."""
    count = len(images.crops)
    if count < 2:
        raise DataLayoutError("One image is too few to calibrate on and judge with; add others.")
    order = np.random.default_rng(0).permutation(count)
    part = min(CALIBRATION_CROPS, count // 2)
    first, rest = np.sort(order[:part]), np.sort(order[part:])
    return images.crops[first], images.crops[rest], images.labels[rest], images.sha256
