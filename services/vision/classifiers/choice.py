"""Which arithmetic to use where the user leaves it open: ``auto``.

fp32 is always right. A narrower arithmetic, its near ties asked again in fp32, is taken when the
CPU gains by it and it is known what a near tie is. bf16 without instructions is emulated and
slower; int8 is no faster on AVX-512 without VNNI. bf16 comes first: it is about as fast as int8 and
nearer to fp32 (docs/performance.md).

Bundle and CPU decide and no stopwatch: on a busy host one child of a worker measured otherwise
than the next, and copies of one photo had two answers, p = .612 and .656.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from services.vision.bundle import INT8_MODEL_NAME, Manifest
from services.vision.classifiers.port import Precision

# Where a bundle's metrics have it, per precision: written by the trainer's ``quantise``.
METRICS_KEY = "precisions"
# With more to ask again nothing is won: int8 takes two thirds of fp32's time where it gains
# least, the starter on a CPU with VNNI alone.
_MOST_TIED = 0.25

# In the order of preference; the instructions as ``cpu_capabilities`` names them.
_NARROW: Mapping[Precision, str] = {Precision.BF16: "BF16", Precision.INT8: "INT8"}


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
    """What a user may ask for; AUTO is what suits bundle and CPU, with fp32's first answers."""

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


def narrow_choice(
    manifest: Manifest, capabilities: Collection[str]
) -> tuple[Precision, NearTie] | None:
    """Return the narrow precision that AUTO stands for, and its near ties; None for fp32.

    Args:
        manifest: of the bundle.
        capabilities: of the CPU, as ``cpu_capabilities`` names them.
    """
    for precision, capability in _NARROW.items():
        tie = near_tie(manifest, precision)
        has_network = precision is not Precision.INT8 or INT8_MODEL_NAME in manifest.files
        if capability in capabilities and has_network and tie and tie.share <= _MOST_TIED:
            return precision, tie
    return None
