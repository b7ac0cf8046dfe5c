"""A validation set cut in two by what its files hold: half A to choose by, half B to report on.

The first hex digit of a file's SHA-256 tells: 0 to 7 is A, 8 to f is B. It depends on nothing else,
so that every machine and every later version cuts alike, and copies of a file stay together.
"""

from enum import StrEnum


class Half(StrEnum):
    """One of the two."""

    A = "A"
    B = "B"


def half_of(sha256: str) -> Half:
    """Return the half of a file by its SHA-256 in hex digits."""
    return Half.A if sha256[0].lower() in "01234567" else Half.B
