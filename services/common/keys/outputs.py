"""How much of results a key may see."""

from enum import StrEnum


class OutputMode(StrEnum):
    """``full``: everything. ``blurred``: the same, but every picture with its faces blurred.

    ``aggregate``: counts of expressions per job, and no face. Every operation declares the
    narrowest mode that may use it.
    """

    FULL = "full"
    BLURRED = "blurred"
    AGGREGATE = "aggregate"

    @property
    def blurs_faces(self) -> bool:
        """Whether nobody may be recognised by a picture that a key of this mode gets."""
        return self is not OutputMode.FULL

    def reaches(self, narrowest: "OutputMode") -> bool:
        """Whether a key of this mode may use what is for ``narrowest`` and wider ones."""
        widest_first = list(OutputMode)
        return widest_first.index(self) <= widest_first.index(narrowest)
