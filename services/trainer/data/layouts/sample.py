"""One image of a data set, wherever it lies."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import cv2
import numpy as np

IMAGE_SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".webp", ".bmp"})


class Split(StrEnum):
    """What an image may be used for: to learn, to choose, to report once."""

    TRAIN = "train"
    VALIDATION = "validation"
    TEST = "test"


@dataclass(frozen=True, slots=True)
class KnownBox:
    """The detector's box in a square image, as a data set of the service tells it.

    The image's centre is the box's, and its side the box's longer side times ``1 + margin``.
    ``roll`` is how far the head is turned, in degrees, clockwise positive; None: not known.
    """

    margin: float
    roll: float | None


@dataclass(frozen=True, slots=True)
class Sample:
    """One image: its path below the root, label index into ``EMOTIONS``, and split.

    ``split`` is None when the layout does not say (class folders only). ``pixels`` holds the
    gray values of a square image that is in a table instead of a file; ``path`` then names
    its row. ``label`` is the data set's own; ``votes`` are what several judges said of it, in the
    order of ``data.votes.CHOICES``, None where it is not known. ``box`` says where the face is,
    None where it is to be looked for.
    """

    path: str
    label: int
    split: Split | None
    pixels: bytes | None = None
    votes: tuple[float, ...] | None = None
    box: KnownBox | None = None

    def read(self, base: Path) -> bytes:
        """Return the encoded image; one from a table becomes a PNG."""
        if self.pixels is None:
            return (base / self.path).read_bytes()
        side = round(len(self.pixels) ** 0.5)
        gray = np.frombuffer(self.pixels, dtype=np.uint8).reshape(side, side)
        return bytes(cv2.imencode(".png", gray)[1].tobytes())
