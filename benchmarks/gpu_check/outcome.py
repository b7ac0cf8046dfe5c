"""What came of the parts: figures, the table of them, and the exit code."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rich.table import Table
from rich.text import Text


class LeftOutError(Exception):
    """A part cannot be measured here; the message says what is missing and what to do."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table; ``fault`` says what was expected, empty where all is well."""

    name: str
    value: str
    fault: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one part: figures, or why it was left out, or how it failed."""

    part: str
    figures: tuple[Figure, ...] = ()
    left_out: str = ""
    failed: str = ""


def exit_code(outcomes: Sequence[Outcome]) -> int:
    """Return 0 where something was measured, nothing failed and no figure is at fault, else 1."""
    figures = [figure for outcome in outcomes for figure in outcome.figures]
    wrong = any(outcome.failed for outcome in outcomes) or any(each.fault for each in figures)
    return int(wrong or not figures)


def as_table(outcomes: Sequence[Outcome], *, gpus: Sequence[str], rehearsal: bool) -> Table:
    """Return the table for a terminal; a rehearsal's says so in its title and in each line."""
    title = f"{', '.join(gpus)}: measured"
    if rehearsal:
        why = "no GPU was found" if not gpus else "asked for"
        title = f"REHEARSAL ({why}): the GPU's engines on the CPU, small counts, no figure a GPU's"
    table = Table(title=title)
    for name in ("part", "figure", "value", "result"):
        table.add_column(name, overflow="fold")
    for outcome in outcomes:
        for line in _lines(outcome, result="rehearsal" if rehearsal else "measured"):
            table.add_row(outcome.part, *map(Text, line))
    return table


def _lines(outcome: Outcome, *, result: str) -> Iterator[tuple[str, str, str]]:
    for figure in outcome.figures:
        fault = f"DIFFERS: {figure.fault}" if figure.fault else result
        yield figure.name, figure.value, fault
    if outcome.left_out:
        yield "", "", f"left out: {outcome.left_out}"
    if outcome.failed:
        yield "", "", f"FAILED: {outcome.failed}"
