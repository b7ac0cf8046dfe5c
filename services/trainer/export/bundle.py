"""A trained network becomes a verified bundle: graph, parity check, golden answers, documents."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from services.common.domain.bundles import MANIFEST_NAME
from services.trainer.errors import ExportError
from services.trainer.files import replacing
from services.vision.bundle import (
    Bundle,
    BundleCard,
    Golden,
    check_golden,
    write_bundle,
)
from services.vision.classifiers.logits import to_probabilities
from services.vision.classifiers.onnxruntime import OnnxRuntimeClassifier
from services.vision.classifiers.openvino import OpenVinoClassifier

# fp32 engines reorder sums; a wrong axis, pad or channel order costs far more than this.
PARITY_TOLERANCE = 1e-4
_PARITY_CROPS = 256
_GOLDEN_CROPS = 16

Pixels = NDArray[np.uint8]


def synthetic_crops(count: int, *, shape: tuple[int, int, int], seed: int) -> Pixels:
    """Return patterns uint8 ``[count, S, S, C]``: blurred noise of many scales, no one's face."""
    rng = np.random.default_rng(seed)
    height, width, channels = shape
    crops = np.empty((count, *shape), dtype=np.uint8)
    for index in range(count):
        cells = int(rng.integers(2, 13))
        coarse = rng.normal(size=(cells, cells, channels)).astype(np.float32)
        smooth = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
        noisy = smooth.reshape(shape) + rng.normal(scale=rng.uniform(0, 0.4), size=shape)
        level, contrast = rng.uniform(70, 180), rng.uniform(15, 70)
        crops[index] = np.clip(level + contrast * noisy, 0, 255).astype(np.uint8)
    return crops


def check_parity(model: bytes, *, reference: Any, shape: tuple[int, int, int]) -> float:
    """Return the largest difference of a probability between ONNX Runtime and Keras.

    Args:
        model: the serialised graph.
        reference: callable, uint8 crops ``[N, S, S, C]`` to Keras' logits ``[N, 7]``.
        shape: of one crop.

    Raises:
        ExportError: if it reaches 1e-4, or any crop has another first answer.
    """
    import onnxruntime  # only exporting needs it

    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])

    def answers(crops: Pixels) -> Any:
        return session.run(["logits"], {"crops": crops.astype(np.float32)})[0]

    return compare_answers(answers, reference=reference, shape=shape, what="ONNX graph")


def compare_answers(
    answers: Callable[[Pixels], Any], *, reference: Any, shape: tuple[int, int, int], what: str
) -> float:
    """Return the largest difference of a probability, over patterns and noise.

    Args:
        answers: callable, uint8 crops ``[N, S, S, C]`` to the logits ``[N, 7]`` of ``what``.
        reference: the same for Keras' network in memory.
        shape: of one crop.
        what: is compared, for the error's sentence.

    Raises:
        ExportError: if it reaches 1e-4, or any crop has another first answer.
    """
    crops = np.concatenate(
        [
            synthetic_crops(_PARITY_CROPS // 2, shape=shape, seed=1),
            np.random.default_rng(2).integers(0, 256, (_PARITY_CROPS // 2, *shape), np.uint8),
        ]
    )
    theirs = to_probabilities(answers(crops))
    ours = to_probabilities(reference(crops))
    worst = float(np.abs(theirs - ours).max())
    flips = int((theirs.argmax(axis=1) != ours.argmax(axis=1)).sum())
    if not worst < PARITY_TOLERANCE or flips:
        raise ExportError(
            f"The {what} differs from Keras by {worst:.2g} (allowed {PARITY_TOLERANCE:.0e}) "
            f"and in {flips} of {len(crops)} first answers; nothing was exported."
        )
    return worst


def make_golden(*, reference: Any, shape: tuple[int, int, int], card: BundleCard) -> Golden:
    """Return patterns with the probabilities that Keras gives them, calibrated as exported."""
    crops = synthetic_crops(_GOLDEN_CROPS, shape=shape, seed=0)
    probabilities = to_probabilities(
        reference(crops), temperature=card.temperature, prior_shift=card.prior_shift
    )
    return Golden(crops, probabilities)


def replace_bundle(
    out: Path, *, card: BundleCard, model: bytes, golden: Golden, extras: Mapping[str, bytes]
) -> Bundle:
    """Write a bundle beside ``out`` and move it there once both serving engines agree with it.

    Raises:
        RunError: if ``out`` holds something that is not a bundle.
        BundleError: if the parts do not fit together or an engine gives other answers.
    """
    with replacing(out, mark=MANIFEST_NAME, what="bundle") as fresh:
        bundle = write_bundle(fresh, card=card, model=model, golden=golden, extras=extras)
        for classifier in (OpenVinoClassifier(bundle), OnnxRuntimeClassifier(bundle)):
            check_golden(bundle, classifier)
    return Bundle(out, bundle.manifest, bundle.identity)
