"""What was asked of a sweep, and one run of it."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from services.trainer.config.base import Section
from services.trainer.sweep.axes import Candidate


class Measure(StrEnum):
    """What candidates are ranked by, on validation."""

    ACCURACY = "accuracy"
    MACRO_RECALL = "macro_recall"
    MACRO_F1 = "macro_f1"
    NLL = "nll"

    @property
    def sign(self) -> int:
        """1 where higher is better, else -1."""
        return -1 if self is Measure.NLL else 1


class SweepPlan(Section):
    """What was asked; a search continues only with the same.

    Attributes:
        preset: the recipe that the candidates change.
        data: path of the data.
        settings: as typed, axes and others.
        rungs: epochs after which candidates are evaluated, rising; the last is a whole run.
        keep: share that continues from each rung but the last.
        by: what ranks them.
        seeds: runs per candidate; means over them are ranked.
        sample: candidates drawn from the grid; None takes all.
    """

    preset: str
    data: str
    settings: tuple[str, ...]
    rungs: tuple[int, ...]
    keep: float
    by: Measure
    seeds: int
    sample: int | None


@dataclass(frozen=True, slots=True)
class Trial:
    """One run of a candidate, to the end of one rung.

    Attributes:
        candidate: which.
        seed: of this run.
        rung: its number, from 0.
        epochs: after which it is evaluated.
        folder: the run folder, prepared data in it.
    """

    candidate: Candidate
    seed: int
    rung: int
    epochs: int
    folder: Path
