"""What a sweep leaves beside its state: ``sweep.csv``, ``sweep.md`` and ``sweep.svg``."""

from collections.abc import Sequence
from pathlib import Path

from services.common.files import write_atomically
from services.trainer.sweep.axes import Axis, Candidate
from services.trainer.sweep.outcome import Outcome
from services.trainer.sweep.plan import SweepPlan
from services.trainer.sweep.plot import sweep_svg
from services.trainer.sweep.standings import Standing, furthest, standing
from services.trainer.sweep.tables import csv_table, markdown_table, short_names


def write_tables(
    folder: Path,
    *,
    plan: SweepPlan,
    axes: Sequence[Axis],
    candidates: Sequence[Candidate],
    outcomes: Sequence[Outcome],
) -> list[Standing]:
    """Write the three files from all outcomes so far; return the standings they show."""
    standings = furthest(plan, candidates, outcomes)
    curves = [
        [
            found
            for rung in range(one.rung + 1)
            if (found := standing(one.candidate, rung=rung, outcomes=outcomes)) is not None
        ]
        for one in standings
    ]
    labels = [label(axes, one.candidate) for one in standings]
    tables = {
        "sweep.csv": csv_table(standings, axes),
        "sweep.md": markdown_table(standings, axes),
        "sweep.svg": sweep_svg(curves, labels=labels, rungs=plan.rungs),
    }
    for name, text in tables.items():
        write_atomically(folder / name, text.encode())
    return standings


def label(axes: Sequence[Axis], candidate: Candidate) -> str:
    """Return a candidate's settings by their short names, such as "lr 0.05, pooling gap"."""
    pairs = zip(short_names(axes), candidate.values, strict=True)
    return ", ".join(f"{name} {value or '(none)'}" for name, value in pairs)
