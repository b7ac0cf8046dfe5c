"""What a narrower arithmetic costs: first answers and probabilities beside those of fp32."""

import math
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.common.domain.errors import BundleError
from services.vision.bundle import (
    INT8_MODEL_NAME,
    Bundle,
    BundleCard,
    Golden,
    check_golden,
    write_bundle,
)
from services.vision.classifiers.openvino import OpenVinoClassifier
from services.vision.classifiers.port import Precision
from services.vision.classifiers.rechecked import leads
from services.vision.cpu import cpu_capabilities

_CHUNK = 256
_CHANGED = 0.004  # share of first answers that may differ from fp32's after ties are asked again
_TIE_STEP = 0.005


def evaluate_precisions(
    card: BundleCard,
    *,
    model: bytes,
    golden: Golden,
    extras: Mapping[str, bytes],
    crops: NDArray[np.uint8],
    labels: NDArray[np.int64],
) -> dict[str, dict[str, Any]]:
    """Return the figures of each precision that this CPU and the bundle to be written have.

    bf16 is left out where the CPU has no instructions for it: it would run as fp32 and agree
    with itself. A narrow one that fails the golden answers has that sentence, ``refused``, in
    place of its figures: serving would refuse it too.

    Args:
        card: of the bundle, as the graph, the golden answers and the extras.
        model: the graph in fp32.
        golden: what every precision must answer within its tolerance.
        extras: with the int8 network, if there is one.
        crops: uint8 ``[N, S, S, C]``, other ones than those that ranges were calibrated on.
        labels: index into ``EMOTIONS`` of each.

    Raises:
        BundleError: if fp32 fails the golden answers.
    """
    answers: dict[Precision, NDArray[np.float64]] = {}
    refused: dict[str, dict[str, Any]] = {}
    with tempfile.TemporaryDirectory(prefix="hfer-precisions-") as scratch:
        bundle = write_bundle(Path(scratch), card=card, model=model, golden=golden, extras=extras)
        for precision in _precisions(bundle):
            classifier = OpenVinoClassifier(bundle, precision=precision)
            try:
                check_golden(bundle, classifier)
            except BundleError as error:
                if precision is Precision.FP32:
                    raise
                refused[str(precision)] = {"refused": error.detail}
            else:
                answers[precision] = _answers(classifier, crops)
    exact = answers[Precision.FP32]
    return refused | {str(p): cost(found, exact, labels) for p, found in answers.items()}


def _precisions(bundle: Bundle) -> list[Precision]:
    has_int8 = INT8_MODEL_NAME in bundle.manifest.files
    return [
        Precision.FP32,
        *([Precision.BF16] if "BF16" in cpu_capabilities() else []),
        *([Precision.INT8] if has_int8 else []),
    ]


def cost(
    found: NDArray[np.float64], exact: NDArray[np.float64], labels: NDArray[np.int64]
) -> dict[str, Any]:
    """Compare probabilities ``[N, 7]`` with those of fp32 and with the truth.

    ``tie`` is how far the second answer may be behind for a face to be asked again in fp32, in
    steps of 0.005, so that at most four first answers in 1,000 are not fp32's; ``tied`` is the
    share of such faces.
    """
    first = found.argmax(axis=1)
    changed = first != exact.argmax(axis=1)
    ahead = leads(found)
    tie = _tie(ahead[changed], most=int(_CHANGED * len(labels)))
    return {
        "n": len(labels),
        "accuracy": round(float((first == labels).mean()), 4),
        "top1_agreement": round(float((~changed).mean()), 4),
        "max_dp": round(float(np.abs(found - exact).max()), 4),
        "mean_dp": round(float(np.abs(found - exact).max(axis=1).mean()), 4),
        "tie": tie,
        "tied": round(float((ahead < tie).mean()), 4),
    }


def _tie(changed: NDArray[np.float64], *, most: int) -> float:
    """Smallest step of 0.005 above all leads of ``changed`` answers but the ``most`` largest."""
    caught = np.sort(changed)[: max(0, len(changed) - most)]
    steps = math.floor(caught[-1] / _TIE_STEP) + 1 if caught.size else 0
    return round(steps * _TIE_STEP, 3)


def _answers(classifier: OpenVinoClassifier, crops: NDArray[np.uint8]) -> NDArray[np.float64]:
    return np.concatenate(
        [classifier.classify(crops[at : at + _CHUNK]) for at in range(0, len(crops), _CHUNK)]
    )
