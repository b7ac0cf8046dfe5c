"""The standings as a table: on a terminal, as CSV, as Markdown for the docs."""

import csv
import io
from collections.abc import Sequence
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.table import Table

from services.trainer.sweep.axes import Axis
from services.trainer.sweep.outcome import Status
from services.trainer.sweep.standings import PLAIN, WORST, Mean, Standing

_MEASURES = {
    "accuracy": "accuracy",
    "macro_recall": "macro recall",
    "macro_f1": "macro F1",
    WORST: "worst recall",
    "nll": "NLL",
    "nll_calibrated": "NLL after T",
}
_PERCENT = frozenset({"accuracy", "macro_recall", "macro_f1", WORST})


def short_names(axes: Sequence[Axis]) -> list[str]:
    """Return the last parts of the axes' paths, as many as distinguish them."""
    parts = [axis.path.split(".") for axis in axes]
    names = []
    for own in parts:
        count = next(
            n
            for n in range(1, len(own) + 1)
            if n == len(own) or sum(other[-n:] == own[-n:] for other in parts) == 1
        )
        names.append(".".join(own[-count:]))
    return names


def rich_table(standings: Sequence[Standing], axes: Sequence[Axis], *, title: str) -> Table:
    """Return the table for a terminal."""
    # Nine figures and their names fit into 80 columns.
    table = Table(title=title, box=SIMPLE_HEAD, pad_edge=False, collapse_padding=True)
    for name in short_names(axes):
        table.add_column(name, overflow="fold")
    for name in _headers():
        table.add_column(name, justify="right", no_wrap=" " not in name)
    for one in standings:
        table.add_row(*_cells(one))
    return table


def markdown_table(standings: Sequence[Standing], axes: Sequence[Axis]) -> str:
    """Return the same table in Markdown, the axes by their whole paths."""
    names = [f"`{axis.path}`" for axis in axes]
    lines = [
        [*names, *_headers()],
        [*("---" for _ in names), *("---:" for _ in _headers())],
        *([cell.replace("|", "\\|") for cell in _cells(one)] for one in standings),
    ]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def csv_table(standings: Sequence[Standing], axes: Sequence[Axis]) -> str:
    """Return every figure unrounded; shares 0..1, empty where there is none."""
    rows = [_row(one, axes) for one in standings]
    columns = [
        *("candidate", *(axis.path for axis in axes), "rung", "status", "epochs", "minutes"),
        *(name + end for name in (*PLAIN, WORST) for end in ("", "_sd")),
        *("worst_class", "detail"),
    ]
    text = io.StringIO()
    table = csv.DictWriter(text, columns, lineterminator="\n")
    table.writeheader()
    table.writerows(rows)
    return text.getvalue()


def _headers() -> list[str]:
    return [*_MEASURES.values(), "epochs", "min"]


def _cells(one: Standing) -> list[str]:
    values = [value or "(none)" for value in one.candidate.values]
    if one.status is not Status.DONE:
        return [*values, str(one.status), *("–" for _ in _headers()[1:])]
    figures = {name: _figure(name, one.measures[name]) for name in _MEASURES}
    figures[WORST] += f" {one.worst_class}"
    return [*values, *figures.values(), f"{one.epochs:g}", f"{one.minutes:.1f}"]


def _figure(name: str, figure: Mean) -> str:
    scale, digits = (100, 1) if name in _PERCENT else (1, 3)
    text = f"{figure.mean * scale:.{digits}f}"
    return text if figure.sd is None else f"{text} ± {figure.sd * scale:.{digits}f}"


def _row(one: Standing, axes: Sequence[Axis]) -> dict[str, Any]:
    row: dict[str, Any] = {
        "candidate": one.candidate.key,
        "rung": one.rung + 1,
        "status": str(one.status),
        "detail": one.detail,
        **{axis.path: value for axis, value in zip(axes, one.candidate.values, strict=True)},
    }
    if one.status is Status.DONE:
        row |= {"epochs": one.epochs, "minutes": one.minutes, "worst_class": one.worst_class}
        for name, figure in one.measures.items():
            row |= {name: figure.mean, f"{name}_sd": "" if figure.sd is None else figure.sd}
    return row
