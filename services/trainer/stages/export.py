"""``export``: the bundle that is served, and the forms that TensorFlow knows."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from services.common.domain.bundles import DATA_SET
from services.trainer.config import TrainConfig
from services.trainer.data.dataset import Subset
from services.trainer.data.seen import SEEN_NAME, seen_by_run
from services.trainer.data.votes.notice import NOTICE_NAME, notice_of
from services.trainer.errors import RunError
from services.trainer.files import NETWORK
from services.trainer.stages.report import report_run
from services.trainer.training.run import Run, git_revision
from services.trainer.training.stage_outputs import CARD, COVERAGE_PICTURE, PICTURE
from services.vision.bundle import INT8_MODEL_NAME, Bundle, BundleCard, TrainingData
from services.vision.classifiers.choice import METRICS_KEY
from services.vision.transforms import InputSpec

# Images that each arithmetic answers: on so many, a share of 99.5 % is sure to 0.2 points.
_EVALUATED = 4_000


def export_run(
    run: Run,
    *,
    out: Path,
    name: str,
    version: str,
    config: TrainConfig | None = None,
    keras: bool = False,
    saved_model: Path | None = None,
) -> Bundle:
    """Write the bundle to ``out``, replacing one that is there.

    Args:
        run: evaluated and calibrated.
        out: the bundle's folder.
        name: the model's name in every result.
        version: its version, such as 0.1.0.
        config: in place of the run's, to correct what the data is called or how serving crops.
        keras: put ``model.keras`` into the bundle as well, to train on from.
        saved_model: write a TensorFlow SavedModel to this folder, replacing one that is there.

    Raises:
        RunError: if the run was not evaluated and calibrated, or a folder holds something else.
        ExportError: if what is written does not answer like the network.
        BundleError: if the parts do not fit together.
        SeenImagesError: if nothing tells any more what the models before it have seen.
    """
    from services.trainer.export.bundle import (  # ONNX
        check_parity,
        make_golden,
        replace_bundle,
    )
    from services.trainer.export.onnx_graph import to_onnx  # TensorFlow
    from services.trainer.export.precisions import (
        CALIBRATION_CROPS,
        EXACT_CONVOLUTIONS,
        evaluate_precisions,
        quantised,
    )
    from services.trainer.networks.saved_network import (  # TensorFlow
        inference,
        keras_bytes,
        load_keras,
        replace_saved_model,
    )

    if saved_model is not None and saved_model.resolve().is_relative_to(out.resolve()):
        raise RunError(f"{saved_model} is inside the bundle; choose another --savedmodel.")
    report = report_run(run, name=name, version=version, config=config)
    card = _card(run, report, name=name, version=version)
    network = load_keras(run.folder / NETWORK)
    reference, graph, shape = inference(network), to_onnx(network), card.input.shape
    difference = check_parity(graph, reference=reference, shape=shape)
    metrics = {**card.metrics, "onnx_parity_max_difference": difference}
    shown = [CARD, PICTURE, *([COVERAGE_PICTURE] if "judges" in report["evaluation"] else [])]
    extras = {name: (run.report / name).read_bytes() for name in shown}
    data = run.prepared()
    extras[SEEN_NAME] = seen_by_run(run.folder, run.config()).as_bytes()
    if notice := notice_of(run.folder):
        extras[NOTICE_NAME] = notice
    if keras:
        extras[NETWORK] = keras_bytes(network)
    if saved_model is not None:
        replace_saved_model(saved_model, network)
    if report["recipe"]["model"]["int8"]:
        extras[INT8_MODEL_NAME] = quantised(
            graph, _drawn(data.train, CALIBRATION_CROPS).images, exact=EXACT_CONVOLUTIONS
        )
    golden = make_golden(reference=reference, shape=shape, card=card)
    evaluated = _drawn(data.evaluated[1].take(data.evaluated[1].decided), _EVALUATED)
    metrics[METRICS_KEY] = evaluate_precisions(
        card,
        model=graph,
        golden=golden,
        extras=extras,
        crops=evaluated.images,
        labels=evaluated.labels,
    )
    if "refused" in metrics[METRICS_KEY].get("int8", {}):
        del extras[INT8_MODEL_NAME]  # after hours of training the bundle in fp32 counts more
    return replace_bundle(
        out,
        card=card.model_copy(update={"metrics": metrics}),
        model=graph,
        golden=golden,
        extras=extras,
    )


def _drawn(data: Subset, most: int) -> Subset:
    """Return no more than ``most`` images, drawn at random: the same ones every time."""
    if len(data) <= most:
        return data
    drawn = np.sort(np.random.default_rng(0).choice(len(data), most, replace=False))
    return data.take(drawn)


def without_folders(recipe: dict[str, Any]) -> dict[str, Any]:
    """Leave out where the votes lay: a bundle is passed on, and what they say has its hash."""
    votes = [Path(name).name for name in recipe["data"].get("votes", ())]
    return {**recipe, "data": {**recipe["data"], "votes": votes}}


def _card(run: Run, report: dict[str, Any], *, name: str, version: str) -> BundleCard:
    normalisation, data, recipe = run.normalisation(), report["data"], report["recipe"]
    return BundleCard(
        name=name,
        version=version,
        input=InputSpec(
            size=recipe["data"]["size"],
            channels=recipe["data"]["channels"],
            crop_margin=data["crop_margin"],
            centre_dx=data["centre_dx"],
            centre_dy=data["centre_dy"],
            mean=normalisation.mean,
            std=normalisation.std,
        ),
        **report["calibration"],
        training_data=TrainingData(
            name=data["name"], sha256=data["sha256"], licence=data["licence"]
        ),
        git_revision=git_revision(),
        recipe={**without_folders(recipe), "training": report["training"]},
        metrics={
            **report["evaluation"],
            "data_audit": data["audit"],
            "data_counts": data["counts"],
            "data_splits_sha256": data["splits_sha256"],
            "data_detector": data.get("detector"),
            **({DATA_SET: data["data_set"]} if data.get("data_set") else {}),
        },
        created_at=datetime.now(UTC),
    )
