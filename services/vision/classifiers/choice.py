"""Which arithmetic to use where the user leaves it open: ``auto``.

fp32 is always right. A narrower arithmetic, its near ties asked again in fp32, is taken when the
CPU has instructions for it, when it is known what a near tie is, and when it is faster here. bf16
without instructions is emulated and slower; int8 without VNNI too.
"""

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from services.vision.bundle import INT8_MODEL_NAME, Manifest
from services.vision.classifiers.port import ExpressionClassifier, Precision
from services.vision.classifiers.rechecked import RecheckedClassifier
from services.vision.transforms import Pixels

# Where a bundle's metrics tell it, per precision: written by the trainer's ``quantise``.
METRICS_KEY = "precisions"
# A gain below is within the noise of a shared machine, and fp32 is the safer answer.
_LEAST_GAIN = 1.1
_TRIALS = 3

# What ``Core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")`` calls the instructions.
_CAPABILITIES: Mapping[Precision, str] = {Precision.BF16: "BF16", Precision.INT8: "INT8"}


@dataclass(frozen=True, slots=True)
class NearTie:
    """Which faces to ask again in fp32, so that 996 in 1,000 first answers are fp32's.

    Attributes:
        lead: those on which the two highest probabilities are less than this apart, 0..1.
        share: of the faces that are such ones, 0..1.
    """

    lead: float
    share: float


# Of a bundle that was exported where no CPU had bf16: wider than the starter's.
_BF16_TIE = NearTie(lead=0.1, share=0.2)


class PrecisionChoice(StrEnum):
    """What a user may ask for; AUTO is the fastest with fp32's first answers."""

    AUTO = "auto"
    FP32 = "fp32"
    BF16 = "bf16"
    INT8 = "int8"


def near_tie(manifest: Manifest, precision: Precision) -> NearTie | None:
    """Return what the trainer measured for a narrow precision, None where nobody has."""
    measured: Any = manifest.metrics
    for key in (METRICS_KEY, str(precision)):
        measured = measured.get(key) if isinstance(measured, Mapping) else None
    if isinstance(measured, Mapping):
        lead, share = measured.get("tie"), measured.get("tied")
        if isinstance(lead, int | float) and isinstance(share, int | float):
            return NearTie(lead, share)
    return _BF16_TIE if precision is Precision.BF16 else None


def eligible(manifest: Manifest, capabilities: Collection[str]) -> dict[Precision, NearTie]:
    """Return what AUTO may choose from besides fp32.

    Args:
        manifest: of the bundle.
        capabilities: of the CPU, as OpenVINO names them.
    """
    allowed = {}
    for precision, capability in _CAPABILITIES.items():
        tie = near_tie(manifest, precision)
        has_network = precision is not Precision.INT8 or INT8_MODEL_NAME in manifest.files
        if capability in capabilities and has_network and tie is not None:
            allowed[precision] = tie
    return allowed


def fastest(
    exact: ExpressionClassifier,
    narrow: Sequence[tuple[ExpressionClassifier, NearTie]],
    crops: Pixels,
    *,
    clock: Callable[[], float] = time.perf_counter,
) -> ExpressionClassifier:
    """Return ``exact``, unless a narrow one with its near ties asked again is 10 % faster.

    Each has one run on ``crops`` that is not counted, then the best of three; what the near ties
    add is reckoned from their share.
    """
    whole = _seconds(exact, crops, clock)
    costs = [_seconds(rough, crops, clock) + tie.share * whole for rough, tie in narrow]
    best = min(range(len(narrow)), key=costs.__getitem__, default=None)
    if best is None or costs[best] * _LEAST_GAIN > whole:
        return exact
    rough, tie = narrow[best]
    return RecheckedClassifier(rough, exact, lead=tie.lead)


def _seconds(engine: ExpressionClassifier, crops: Pixels, clock: Callable[[], float]) -> float:
    engine.classify(crops)
    trials = []
    for _ in range(_TRIALS):
        started = clock()
        engine.classify(crops)
        trials.append(clock() - started)
    return min(trials)
