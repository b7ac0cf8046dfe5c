"""Which arithmetic to use where the user leaves it open: ``auto``.

fp32 is always right. A narrower arithmetic, its near ties asked again in fp32, is taken when the
CPU has instructions for it, when it is known what a near tie is, and when it is faster here. bf16
without instructions is emulated and slower; int8 without VNNI too.
"""

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from enum import StrEnum
from typing import Any

from services.vision.bundle import INT8_MODEL_NAME, Manifest
from services.vision.classifiers.port import ExpressionClassifier, Precision
from services.vision.transforms import Pixels

# Where a bundle's metrics tell it, per precision: written by the trainer's ``quantise``.
METRICS_KEY, TIE_KEY = "precisions", "tie"
# Of a bundle that was exported where no CPU had bf16. The starter's changed answers lie below 0.09.
_BF16_TIE = 0.1
# A gain below is within the noise of a shared machine, and fp32 is the safer answer.
_LEAST_GAIN = 1.1
_TRIALS = 3

# What ``Core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")`` calls the instructions.
_CAPABILITIES: Mapping[Precision, str] = {Precision.BF16: "BF16", Precision.INT8: "INT8"}


class PrecisionChoice(StrEnum):
    """What a user may ask for; AUTO is the fastest with fp32's first answers."""

    AUTO = "auto"
    FP32 = "fp32"
    BF16 = "bf16"
    INT8 = "int8"


def tie_of(manifest: Manifest, precision: Precision) -> float | None:
    """Return what counts as a near tie in a narrow precision, None where nobody has measured.

    It is the distance of the two highest probabilities below which to ask again in fp32, so that
    999 in 1,000 first answers are fp32's.
    """
    measured: Any = manifest.metrics
    for key in (METRICS_KEY, str(precision), TIE_KEY):
        measured = measured.get(key) if isinstance(measured, Mapping) else None
    if isinstance(measured, int | float):
        return float(measured)
    return _BF16_TIE if precision is Precision.BF16 else None


def eligible(manifest: Manifest, capabilities: Collection[str]) -> dict[Precision, float]:
    """Return what AUTO may choose from besides fp32, and the near tie of each.

    Args:
        manifest: of the bundle.
        capabilities: of the CPU, as OpenVINO names them.
    """
    allowed = {}
    for precision, capability in _CAPABILITIES.items():
        tie = tie_of(manifest, precision)
        has_network = precision is not Precision.INT8 or INT8_MODEL_NAME in manifest.files
        if capability in capabilities and has_network and tie is not None:
            allowed[precision] = tie
    return allowed


def fastest(
    engines: Sequence[ExpressionClassifier],
    crops: Pixels,
    *,
    clock: Callable[[], float] = time.perf_counter,
) -> ExpressionClassifier:
    """Return the first engine, unless another is at least 10 % faster on ``crops``.

    Each has one run that is not counted, then the best of three.
    """
    for engine in engines:
        engine.classify(crops)
    seconds = [min(_timed(engine, crops, clock) for _ in range(_TRIALS)) for engine in engines]
    best = min(range(len(engines)), key=seconds.__getitem__)
    return engines[best] if seconds[best] * _LEAST_GAIN <= seconds[0] else engines[0]


def _timed(engine: ExpressionClassifier, crops: Pixels, clock: Callable[[], float]) -> float:
    started = clock()
    engine.classify(crops)
    return clock() - started
