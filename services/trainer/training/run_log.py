"""What happened, written three times: for programs, for spreadsheets, for TensorBoard.

log.jsonl       one line per 50 steps ("kind": "step") and per epoch ("epoch")
log.csv         the epoch lines again
tensorboard/    the figures of both as curves

A resumed run drops what its crash undid, so that each step is listed once.
"""

import csv
import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from services.common.files import write_atomically
from services.trainer.errors import RunError

Line = dict[str, Any]

_NOT_A_FIGURE = frozenset({"kind", "step", "epoch", "seconds"})


class Scalars(Protocol):
    """Draws curves; ``tensorboard.TensorBoard`` is the one that writes files."""

    def began(self, *, step: int) -> None:
        """Training continues after ``step``; whatever was written beyond it did not happen."""

    def write(self, step: int, values: Mapping[str, float]) -> None:
        """Add one point to each of the named curves."""


class RunLog:
    """The log of one run folder."""

    def __init__(self, folder: Path, *, scalars: Scalars | None = None) -> None:
        """Write below ``folder``, made by the first line."""
        self._json = folder / "log.jsonl"
        self._csv = folder / "log.csv"
        self._scalars = scalars

    def began(self, *, step: int) -> None:
        """Continue after ``step``: drop the lines of steps that a crash undid."""
        kept = [line for line in self.lines() if line["step"] <= step]
        text = "".join(json.dumps(line) + "\n" for line in kept)
        write_atomically(self._json, text.encode())
        self._write_csv()
        if self._scalars:
            self._scalars.began(step=step)

    def add(self, kind: str, *, step: int, **figures: float) -> None:
        """Append one line. Its order of figures is the table's order of columns."""
        with self._json.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"kind": kind, "step": step, **figures}) + "\n")
        if kind == "epoch":
            self._write_csv()
        if self._scalars:
            curves = {name: v for name, v in figures.items() if name not in _NOT_A_FIGURE}
            self._scalars.write(step, {f"{kind}/{name}": v for name, v in curves.items()})

    def lines(self) -> list[Line]:
        """Return the log so far. A last line that a crash cut off is left out.

        Raises:
            RunError: if another line is no such line.
        """
        texts = self._json.read_bytes().split(b"\n") if self._json.is_file() else []
        return [self._line(number, text) for number, text in enumerate(texts[:-1], start=1)]

    def _line(self, number: int, text: bytes) -> Line:
        try:
            line = json.loads(text)
        except ValueError:
            line = None
        if not isinstance(line, dict) or not {"kind", "step"} <= line.keys():
            raise RunError(f"{self._json}, line {number} is damaged; remove it.")
        return line

    def _write_csv(self) -> None:
        epochs = [line for line in self.lines() if line["kind"] == "epoch"]
        # An older run's first lines may lack columns that its last has.
        columns = list(dict.fromkeys(name for line in epochs for name in line if name != "kind"))
        text = io.StringIO()
        table = csv.DictWriter(text, columns, extrasaction="ignore", lineterminator="\n")
        table.writeheader()
        table.writerows(epochs)
        write_atomically(self._csv, text.getvalue().encode())
