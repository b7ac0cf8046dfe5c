"""Squares that stand on a face however it is turned, and their pixels set upright."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import cv2
import numpy as np
from numpy.typing import NDArray

from services.vision.detectors.boxes import Floats
from services.vision.transforms import Pixels
from services.vision.upright import set_upright, span

_FINE = 2  # crops are read at twice their side and averaged


@dataclass(frozen=True, slots=True)
class Squares:
    """N squares in a photo.

    Attributes:
        centre: ``x, y`` in photo pixels, float32 ``[N, 2]``.
        side: in photo pixels, float32 ``[N]``.
        roll: how far each is turned, in degrees, clockwise positive, float32 ``[N]``.
    """

    centre: Floats
    side: Floats
    roll: Floats

    def __len__(self) -> int:
        """N."""
        return len(self.side)

    def __getitem__(self, which: NDArray[np.intp] | slice) -> Self:
        """Those of the indices."""
        return type(self)(self.centre[which], self.side[which], self.roll[which])

    def joined(self, other: Self) -> Self:
        """Both, one after the other."""
        return type(self)(
            np.concatenate([self.centre, other.centre]),
            np.concatenate([self.side, other.side]),
            np.concatenate([self.roll, other.roll]),
        )

    def turned(self, degrees: Floats | float) -> Self:
        """The same squares turned on by so much, clockwise."""
        roll = (self.roll + np.float32(180) + degrees) % np.float32(360) - np.float32(180)
        return type(self)(self.centre, self.side, np.asarray(roll, np.float32))

    def to_photo(self, points: Floats) -> Floats:
        """Points ``[N, K, 2]`` given as shares of the side from the centre, in photo pixels."""
        turn = np.radians(self.roll)[:, np.newaxis]
        x, y = points[..., 0], points[..., 1]
        turned = np.stack(
            [x * np.cos(turn) - y * np.sin(turn), x * np.sin(turn) + y * np.cos(turn)], axis=-1
        )
        moved = self.centre[:, np.newaxis] + turned * self.side[:, np.newaxis, np.newaxis]
        return np.asarray(moved, np.float32)


def upright_crops(pictures: Sequence[Pixels], squares: Squares, side: int) -> Floats:
    """The pixels of each square, upright, as float32 ``[N, side, side, 3]`` in 0..255.

    Args:
        pictures: the photo, then reductions of it; a crop is read from the smallest that has
            twice the crop's pixels, so that a large face costs no more than a small one.
        squares: in pixels of the photo. Outside it is its mirror image: MTCNN takes a half face for
            none, and one completed by its mirror image for a face.
        side: of the crops.
    """
    crops = np.empty((len(squares), side, side, 3), np.float32)
    scales = np.array([picture.shape[1] / pictures[0].shape[1] for picture in pictures])
    for index, length in enumerate(squares.side.tolist()):
        enough = np.flatnonzero(scales * length >= _FINE * side)
        level = int(enough[-1]) if enough.size else 0
        place = (squares.centre[index] * scales[level]).tolist()
        roll = float(squares.roll[index])
        crops[index] = _crop(pictures[level], place, length * float(scales[level]), roll, side)
    return crops


def _crop(
    rgb: Pixels, centre: tuple[float, float], length: float, roll: float, side: int
) -> Pixels:
    x, y = centre
    reach = span(length, roll) / 2 + 2
    height, width = rgb.shape[:2]
    left, top = _within(x - reach, width), _within(y - reach, height)
    part = rgb[top : _within(y + reach, height) + 1, left : _within(x + reach, width) + 1]
    fine = side * _FINE
    # Averages of whole pixels first where one of the crop covers several of the photo's.
    shrink = min(int(length / fine), *part.shape[:2])
    if shrink > 1:
        rows, columns = (length // shrink for length in part.shape[:2])
        whole = part[: rows * shrink, : columns * shrink]
        part = np.asarray(
            cv2.resize(whole, (columns, rows), interpolation=cv2.INTER_AREA), np.uint8
        )
    shrink = max(shrink, 1)
    place = (x - left) / shrink, (y - top) / shrink
    read = set_upright(
        part, place, step=length / fine / shrink, roll=roll, size=fine, mirrored=True
    )
    return np.asarray(cv2.resize(read, (side, side), interpolation=cv2.INTER_AREA), np.uint8)


def _within(place: float, length: int) -> int:
    return min(max(int(place), 0), length - 1)
