import os
import time
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from openpyxl.utils.escape import unescape

from hfer import ExportError
from hfer._columns import COLUMNS, NAMES, rows
from hfer.exports import Exporter, ExportFormat
from hfer.exports.xlsx import XlsxWriter
from tests.fixtures.told_job import JOB, STATE, photos
from tests.unit.client.exports.conftest import Write

XLSX = Exporter(ExportFormat.XLSX)


def read(path: Path, sheet: str = "faces") -> list[tuple[Any, ...]]:
    with path.open("rb") as file:  # by its name openpyxl would ask for an ending
        book = openpyxl.load_workbook(file, read_only=False)
    # openpyxl leaves the escapes of OOXML, as _x0007_, which Excel and LibreOffice undo.
    return [
        tuple(unescape(value) if isinstance(value, str) else value for value in row)
        for row in book[sheet].iter_rows(values_only=True)
    ]


def expected() -> list[tuple[Any, ...]]:
    cells = [list(row.values()) for photo in photos() for row in rows(photo)]
    return [tuple(None if value == "" else value for value in row) for row in cells]


def test_holds_every_cell_as_it_is(write: Write) -> None:
    head, *told = read(write(XLSX))
    assert head == NAMES
    for mine, row in zip(expected(), told, strict=True):
        assert row == tuple(
            pytest.approx(value, abs=5e-7) if isinstance(value, float) else value for value in mine
        )


def test_makes_neither_formulas_nor_links_of_texts(write: Write) -> None:
    with write(XLSX).open("rb") as file:
        sheet = openpyxl.load_workbook(file)["faces"]
    column = NAMES.index("filename") + 1
    cells = [sheet.cell(row, column) for row in range(2, sheet.max_row + 1)]
    assert {cell.data_type for cell in cells} <= {"s", "inlineStr"}
    assert [cell.hyperlink for cell in cells] == [None] * len(cells)
    assert "=1+1.jpg" in [cell.value for cell in cells]


def test_tells_columns_and_job_on_sheets_of_their_own(write: Write) -> None:
    path = write(XLSX)
    assert len(read(path, "columns")) == len(COLUMNS) + 1
    assert ("job_id", JOB) in read(path, "job")
    assert ("model", "m") in read(path, "job")


def test_rows_beyond_a_sheet_go_into_the_next(tmp_path: Path) -> None:
    writer = XlsxWriter(tmp_path / "a", STATE, rows_a_sheet=4)
    for photo in photos():
        writer.add(photo)
    writer.close()
    sheets = [read(tmp_path / "a", name) for name in ("faces", "faces 2", "faces 3")]
    assert [sheet[0] for sheet in sheets] == [NAMES] * 3
    told = [row[0] for sheet in sheets for row in sheet[1:]]
    assert told == [row[0] for row in expected()]


def test_the_writers_own_limit_is_the_one_that_is_kept() -> None:
    from xlsxwriter.worksheet import Worksheet

    from hfer.exports.xlsx import ROWS_A_SHEET

    assert Worksheet().xls_rowmax == ROWS_A_SHEET


def test_a_text_that_no_cell_holds_is_refused_and_leaves_nothing(
    write: Write, tmp_path: Path
) -> None:
    long = replace(photos()[0], filename="x" * 32_768)
    (tmp_path / "out").write_bytes(b"of before")
    with pytest.raises(ExportError, match="cannot hold filename of row 2"):
        write(XLSX, given=[long])
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"out": b"of before"}


def test_no_time_of_writing_is_in_it(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(XLSX)
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    try:
        again = write(XLSX, name="again")
    finally:
        monkeypatch.undo()
        time.tzset()
    assert path.read_bytes() == again.read_bytes()
    core = zipfile.ZipFile(path).read("docProps/core.xml")
    assert core.count(b"2026-11-23T07:00:00Z") == 2


@pytest.mark.parametrize("closed", [True, False])
def test_temporary_files_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, closed: bool
) -> None:
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr("tempfile.tempdir", os.fspath(tmp_path / "temporary"))
    writer = XlsxWriter(tmp_path / "a", STATE)
    writer.add(photos()[0])
    assert list((tmp_path / "temporary").iterdir()) != []
    if closed:
        writer.close()
    else:
        writer.abandon()
    assert list((tmp_path / "temporary").iterdir()) == []
