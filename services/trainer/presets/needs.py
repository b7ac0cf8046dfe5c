"""What each preset is made for, to say before they start it."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Needs:
    """The data and the device that a preset is made for.

    Attributes:
        data: the data set, for people; None: it draws its own.
        images: training images of that data set, to estimate the time from.
        gpu: whether it is far too slow without one.
    """

    data: str | None
    images: int
    gpu: bool


# RAF-DB: 12,271 training images, less the tenth cut for validation; hfer v0's split has 12,272.
NEEDS: Mapping[str, Needs] = {
    "smoke": Needs(None, 980, gpu=False),
    "quick": Needs("FER2013", 28_709, gpu=False),
    "starter-teacher": Needs("FER2013", 28_709, gpu=False),
    "starter": Needs("FER2013", 28_709, gpu=False),
    "seed-rafdb": Needs("RAF-DB", 12_272, gpu=True),
    "seed-rafdb-official": Needs("RAF-DB", 11_044, gpu=True),
    "best-gpu": Needs("RAF-DB, FER2013", 11_044, gpu=True),
}
