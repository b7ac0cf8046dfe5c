"""The ranking of candidates: means over their seeds, and the order of the table."""

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from services.trainer.sweep.axes import Candidate
from services.trainer.sweep.outcome import Measures, Outcome, Status
from services.trainer.sweep.plan import SweepPlan

PLAIN = ("accuracy", "macro_recall", "macro_f1", "nll", "nll_calibrated")
WORST = "worst_recall"


@dataclass(frozen=True, slots=True)
class Mean:
    """Of a figure over seeds, with the sample's standard deviation if there are several."""

    mean: float
    sd: float | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """A candidate at the end of a rung.

    Attributes:
        candidate: which.
        rung: number of the rung, from 0.
        status: "done" if all its runs are, else what the first of the others is.
        detail: of that one.
        epochs: trained, mean over its runs.
        minutes: likewise, of one run.
        measures: those of ``PLAIN`` and ``WORST`` by name, if done.
        worst_class: the class of lowest mean recall, if done.
    """

    candidate: Candidate
    rung: int
    status: Status
    detail: str = ""
    epochs: float = 0.0
    minutes: float = 0.0
    measures: dict[str, Mean] = field(default_factory=dict)
    worst_class: str = ""


def standing(candidate: Candidate, *, rung: int, outcomes: Iterable[Outcome]) -> Standing | None:
    """Return a candidate's measures at the end of a rung, None if no run came to it."""
    runs = [one for one in outcomes if (one.candidate, one.rung) == (candidate.key, rung)]
    if not runs:
        return None
    for one in runs:
        if one.status is not Status.DONE:
            return Standing(candidate, rung, one.status, one.detail)
    measured = [one.measures for one in runs if one.measures is not None]
    worst, recall = _worst(measured)
    return Standing(
        candidate,
        rung,
        Status.DONE,
        epochs=statistics.fmean(one.epochs for one in runs),
        minutes=statistics.fmean(one.minutes for one in runs),
        measures={
            **{name: _mean([getattr(one, name) for one in measured]) for name in PLAIN},
            WORST: recall,
        },
        worst_class=worst,
    )


def furthest(
    plan: SweepPlan, candidates: Sequence[Candidate], outcomes: Sequence[Outcome]
) -> list[Standing]:
    """Return each candidate on the furthest rung it came to, best first, diverged ones last.

    One that diverged late is listed at the rung where it diverged. Those not begun are left out.
    """
    found = []
    for candidate in candidates:
        rungs = [standing(candidate, rung=n, outcomes=outcomes) for n in range(len(plan.rungs))]
        reached = [one for one in rungs if one is not None]
        if reached:
            found.append(reached[-1])

    def order(one: Standing) -> tuple[bool, int, float]:
        done = one.status is Status.DONE
        score = plan.by.sign * one.measures[plan.by].mean if done else 0.0
        return not done, -one.rung, -score

    return sorted(found, key=order)


def _mean(values: Sequence[float]) -> Mean:
    sd = statistics.stdev(values) if len(values) > 1 else None
    return Mean(statistics.fmean(values), sd)


def _worst(runs: Sequence[Measures]) -> tuple[str, Mean]:
    recalls = {name: _mean([one.recalls[name] for one in runs]) for name in runs[0].recalls}
    return min(recalls.items(), key=lambda item: item[1].mean)
