"""xlsx by XlsxWriter: the one table, then what its columns mean and which job it is of.

Texts are written as texts: `write` would make a formula of ``=1+1`` and a link of ``mailto:x``.
XlsxWriter tells with a return code alone that it left something out, so every code is looked at.
"""

import shutil
import tempfile
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING

from hfer._columns import COLUMNS, NAMES, Cell, rows
from hfer.errors import ExportError
from hfer.exports.about import facts
from hfer.models import JobState, PhotoResult

if TYPE_CHECKING:
    from xlsxwriter import Workbook
    from xlsxwriter.worksheet import Worksheet

# What a sheet holds, its head included.
ROWS_A_SHEET = 1_048_576

SHEET = "faces"

# Of a job whose service does not say when it was made.
_NEVER = datetime(1980, 1, 1)  # noqa: DTZ001 - xlsx knows no time zones


class XlsxWriter:
    """Writes a row at a time, to a temporary file; rows beyond a sheet's go into the next one."""

    def __init__(
        self, file: Path | IO[bytes], state: JobState, *, rows_a_sheet: int = ROWS_A_SHEET
    ) -> None:
        import xlsxwriter

        self._rows_a_sheet = rows_a_sheet
        self._facts = facts(state)
        self._folder = tempfile.mkdtemp(prefix="hfer-xlsx-")
        self._book: Workbook = xlsxwriter.Workbook(
            file, {"constant_memory": True, "tmpdir": self._folder}
        )
        # Else it is the clock's time, and the same job would give other bytes.
        made = state.created_at.replace(tzinfo=None) if state.created_at else None
        self._book.set_properties({"title": state.id, "created": made or _NEVER})
        self._sheets = 0
        self._begin_sheet()

    def add(self, photo: PhotoResult) -> None:
        for row in rows(photo):
            if self._row == self._rows_a_sheet:
                self._begin_sheet()
            _write_row(self._sheet, self._row, row)
            self._row += 1

    def close(self) -> None:
        from xlsxwriter.exceptions import FileCreateError, FileSizeError

        self._add_sheet(
            "columns",
            ("column", "type", "unit", "meaning"),
            [(column.name, column.kind, column.unit, column.meaning) for column in COLUMNS],
        )
        self._add_sheet("job", ("name", "value"), self._facts.items())
        try:
            self._book.close()
        except FileSizeError as error:
            raise ExportError(
                "The results are over 4 GB as xlsx, which few programs open. Take parquet or CSV."
            ) from error
        except FileCreateError as error:
            raise ExportError(f"The xlsx could not be written: {error}") from error
        self.abandon()

    def abandon(self) -> None:
        for sheet in self._book.worksheets():
            sheet._opt_close()  # noqa: SLF001 - closing the book would first write all of it
        shutil.rmtree(self._folder, ignore_errors=True)

    def _begin_sheet(self) -> None:
        self._sheets += 1
        name = SHEET if self._sheets == 1 else f"{SHEET} {self._sheets}"
        self._sheet = self._add_sheet(name, NAMES, ())
        self._row = 1

    def _add_sheet(
        self, name: str, head: tuple[str, ...], lines: Iterable[tuple[str, ...]]
    ) -> "Worksheet":
        sheet = self._book.add_worksheet(name)
        sheet.freeze_panes(1, 0)
        for number, line in enumerate([head, *lines]):
            _write_row(sheet, number, dict(zip(head, line, strict=True)))
        return sheet


def _write_row(sheet: "Worksheet", number: int, row: Mapping[str, Cell]) -> None:
    for place, (name, value) in enumerate(row.items()):
        if value is None or value == "":
            continue
        if isinstance(value, bool):
            code = sheet.write_boolean(number, place, value)
        elif isinstance(value, str):
            code = sheet.write_string(number, place, value)
        else:
            code = sheet.write_number(number, place, value)
        if code:
            raise ExportError(
                f"A cell of xlsx cannot hold {name} of row {number + 1} of {sheet.name!r}"
                f" ({len(str(value)):,} characters; 32,767 are the most). Take parquet or CSV."
            )
