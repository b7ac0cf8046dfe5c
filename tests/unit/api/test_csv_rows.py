"""Cells as R, Excel and SQL read them, which none of them runs."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.api.csv_rows import csv_rows


def cell(value: object) -> str:
    [[text]] = csv.reader(io.StringIO(csv_rows([[value]]).decode(), newline=""))
    return text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.7512345678, "0.751235"),
        (64.0, "64.0"),
        (-0.25, "-0.25"),
        (1e-6, "0.000001"),
        (-1e-9, "0.0"),
        (13011.165461033952, "13011.165461"),
        (7, "7"),
        (True, "TRUE"),
        (False, "FALSE"),
        (None, ""),
    ],
)
def test_writes_numbers_to_six_decimals_and_booleans_in_capitals(value: object, text: str) -> None:
    assert cell(value) == text


@given(st.floats(-1e9, 1e9))
def test_a_number_is_read_back_to_six_decimals_and_has_no_exponent(value: float) -> None:
    text = cell(value)
    assert "e" not in text
    assert float(text) == pytest.approx(value, rel=1e-12, abs=5.1e-7)


@pytest.mark.parametrize("start", [*"=+-@\t\r", "\uff1d", "\uff0b", "\uff0d", "\uff20"])
def test_a_text_that_a_spreadsheet_would_run_gets_an_apostrophe(start: str) -> None:
    assert cell(f"{start}1") == f"'{start}1"
