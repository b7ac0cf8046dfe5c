"""Cells that a spreadsheet would run."""

import pytest

from hfer._formulas import guarded, unguarded
from services.api.csv_rows import csv_rows


@pytest.mark.parametrize("start", [*"=+-@\t\r", "\uff1d", "\uff0b", "\uff0d", "\uff20"])
def test_what_a_spreadsheet_runs_is_guarded_as_the_service_does(start: str) -> None:
    name = f"{start}1.jpg"
    assert guarded(name) == f"'{name}"
    assert csv_rows([[name]]).decode().strip('\r\n"') == guarded(name)
    assert unguarded(guarded(name)) == name


@pytest.mark.parametrize("name", ["a=1.jpg", "'a.jpg", ""])
def test_other_text_stays(name: str) -> None:
    assert guarded(name) == unguarded(name) == name
