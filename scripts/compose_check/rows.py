"""Rows of the check: run in order, timed, and printed as a table.

A row that fails leaves out those after it, as they stand on it.
"""

import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias


class CheckError(Exception):
    """A row does not hold; the text says why."""


# What a row is called, and what it does: it returns a note for the table, or raises.
Step: TypeAlias = tuple[str, Callable[[], str]]

OK, FAILED, LEFT_OUT = "ok", "FAILED", "left out"


@dataclass(frozen=True)
class Row:
    """One row of the table; ``note`` is what the step found, or the fault's first line."""

    name: str
    seconds: float
    result: str
    note: str = ""


def run_rows(steps: Sequence[Step]) -> list[Row]:
    """Run steps until one fails, with a line for each as it begins and ends."""
    rows: list[Row] = []
    for name, step in steps:
        if any(row.result == FAILED for row in rows):
            rows.append(Row(name, 0.0, LEFT_OUT))
            continue
        print(f"[{len(rows) + 1}/{len(steps)}] {name} ...", flush=True)
        rows.append(_timed(name, step))
        print(f"    {rows[-1].result} in {rows[-1].seconds:.0f} s  {rows[-1].note}", flush=True)
    return rows


def _timed(name: str, step: Callable[[], str]) -> Row:
    started = time.monotonic()
    try:
        note, result = step(), OK
    except CheckError as error:
        print(error, flush=True)
        note, result = str(error).partition("\n")[0], FAILED
    except Exception as error:  # noqa: BLE001 - whatever goes wrong in a row makes it red
        traceback.print_exc()
        note, result = repr(error).partition("\n")[0], FAILED
    return Row(name, time.monotonic() - started, result, note)


def held(rows: Sequence[Row]) -> bool:
    """Tell whether there are rows and all of them hold."""
    return bool(rows) and all(row.result == OK for row in rows)


def table(rows: Sequence[Row]) -> str:
    """Return rows as a Markdown table."""
    lines = ["| row | seconds | result | note |", "|---|---|---|---|"]
    for row in rows:
        note = row.note.replace("|", "\\|")
        lines.append(f"| {row.name} | {row.seconds:.0f} | {row.result} | {note} |")
    return "\n".join(lines)
