"""Rows of CSV that a spreadsheet opens without running what strangers wrote into them."""

import csv
import io
from collections.abc import Iterable, Sequence

# A spreadsheet runs a cell that starts like this as a formula (OWASP, CSV injection). The last four
# are full-width, and the same to Excel in East Asian languages.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\uff1d", "\uff0b", "\uff0d", "\uff20")


# What tells Excel that a file is UTF-8; it takes the machine's code page without it.
BOM = b"\xef\xbb\xbf"

_DECIMALS = 6


def csv_rows(rows: Iterable[Sequence[object]]) -> bytes:
    """Write rows as UTF-8: numbers to 6 decimals without an exponent, TRUE and FALSE.

    None is an empty cell, a start of a formula gets an apostrophe.
    """
    text = io.StringIO(newline="")
    csv.writer(text).writerows([_cell(value) for value in row] for row in rows)
    return text.getvalue().encode()


def _cell(value: object) -> object:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float):
        return _number(value)
    if isinstance(value, str) and value.startswith(_FORMULA_STARTS):
        return "'" + value
    return value


def _number(value: float) -> str:
    """Write a number as R, Excel and SQL read it; what rounds to nothing has no sign."""
    rounded = round(value, _DECIMALS) + 0.0
    whole, _, decimals = f"{rounded:.{_DECIMALS}f}".partition(".")
    return f"{whole}.{decimals.rstrip('0') or '0'}"
