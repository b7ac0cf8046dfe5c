"""CSV (RFC 4180) that a spreadsheet may open."""

import csv
import io
from collections.abc import Iterable, Sequence

# A spreadsheet runs a cell that starts like this as a formula (OWASP, CSV injection). The last four
# are full-width, and the same to Excel in East Asian languages.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def write_rows(rows: Iterable[Sequence[object]]) -> bytes:
    """Return rows as CSV; a text that a spreadsheet would run gets an apostrophe in front."""
    text = io.StringIO(newline="")
    csv.writer(text).writerows([_cell(value) for value in row] for row in rows)
    return text.getvalue().encode()


def _cell(value: object) -> object:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str) and value.startswith(_FORMULA_STARTS):
        return "'" + value
    return value
