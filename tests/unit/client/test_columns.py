"""One list of columns: the service's CSV, the client's tables and the page of the docs."""

import math
import re
from pathlib import Path

from hfer._columns import COLUMNS, EXPRESSIONS, LANDMARKS, NAMES, Cell, Kind, rows
from services.api.jobs.results.formats import CSV_COLUMNS
from services.common.domain import emotions, faces
from tests.fixtures.told_job import csv_table, photos

PAGE = Path(__file__).parents[3] / "docs" / "exports.md"


def test_the_service_and_the_client_have_the_same_columns_in_the_same_order() -> None:
    assert NAMES == CSV_COLUMNS
    assert len(set(NAMES)) == len(NAMES)


def test_expressions_and_landmarks_are_the_services() -> None:
    assert tuple(emotions.EMOTIONS) == EXPRESSIONS
    assert tuple(faces.LANDMARKS) == LANDMARKS


def test_the_docs_list_each_column_with_its_type_and_unit() -> None:
    told = re.findall(r"^\| `(\w+)` \| (\w+) \| ([^|]*) \|", PAGE.read_text(), re.MULTILINE)
    assert told == [(column.name, column.kind, column.unit or "") for column in COLUMNS]


def test_rows_say_what_the_services_csv_says() -> None:
    ours = [row for photo in photos() for row in rows(photo)]
    theirs = csv_table()
    assert len(ours) == len(theirs) == 8
    for mine, text in zip(ours, theirs, strict=True):
        for column in COLUMNS:
            assert same(mine[column.name], text[column.name], column.kind), column.name


def same(value: Cell, text: str, kind: Kind) -> bool:
    """Whether a cell is what the CSV says of it: formulas disarmed, 6 decimals."""
    if value is None or value == "":
        return text == ""
    if kind is Kind.TEXT:
        return text in {value, f"'{value}"}
    if kind is Kind.FLAG:
        return text == str(value).upper()
    return math.isclose(float(text), float(value), abs_tol=5.1e-7)
