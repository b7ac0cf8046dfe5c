"""Which arithmetic to use where the user leaves it open: ``auto``.

fp32 is always right. A narrower arithmetic is taken when three things hold: the CPU has
instructions for it, the bundle's trainer recorded that it gives the same first answers as fp32,
and it is faster here. bf16 without instructions is emulated and slower; int8 without VNNI too.
"""

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from enum import StrEnum
from typing import Any

from services.vision.bundle import INT8_MODEL_NAME, Manifest
from services.vision.classifiers.port import ExpressionClassifier, Precision
from services.vision.transforms import Pixels

# Share of images with fp32's first answer, from which a precision may be chosen by itself.
LEAST_AGREEMENT = 0.995
# Where a bundle's metrics tell it, per precision: written by the trainer's ``quantise``.
METRICS_KEY = "precisions"
# A gain below is within the noise of a shared machine, and fp32 is the safer answer.
_LEAST_GAIN = 1.1
_TRIALS = 3

# What ``Core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")`` calls the instructions.
_CAPABILITIES: Mapping[Precision, str] = {Precision.BF16: "BF16", Precision.INT8: "INT8"}


class PrecisionChoice(StrEnum):
    """What a user may ask for; AUTO is the fastest that answers like fp32."""

    AUTO = "auto"
    FP32 = "fp32"
    BF16 = "bf16"
    INT8 = "int8"


def recorded_agreement(manifest: Manifest, precision: Precision) -> float | None:
    """Return the share of images with fp32's first answer, None where it was not measured."""
    measured: Any = manifest.metrics
    for key in (METRICS_KEY, str(precision), "top1_agreement"):
        measured = measured.get(key) if isinstance(measured, Mapping) else None
    return float(measured) if isinstance(measured, int | float) else None


def eligible(manifest: Manifest, capabilities: Collection[str]) -> list[Precision]:
    """Return what AUTO may choose from: fp32 first, then what CPU and bundle allow.

    Args:
        manifest: of the bundle.
        capabilities: of the CPU, as OpenVINO names them.
    """
    return [
        Precision.FP32,
        *(
            precision
            for precision, capability in _CAPABILITIES.items()
            if capability in capabilities
            and (recorded_agreement(manifest, precision) or 0.0) >= LEAST_AGREEMENT
            and (precision is not Precision.INT8 or INT8_MODEL_NAME in manifest.files)
        ),
    ]


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
