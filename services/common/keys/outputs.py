"""How much of results a key may see."""

from enum import StrEnum


class OutputMode(StrEnum):
    """``full``: everything. ``aggregate``: counts of expressions per job, and no face.

    Every operation declares the narrowest mode that may use it.
    """

    FULL = "full"
    AGGREGATE = "aggregate"
