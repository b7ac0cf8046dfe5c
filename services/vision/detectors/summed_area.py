"""Area averages of many windows of one photo, read off a summed-area table.

MTCNN averages a photo's pixels over and over: some 11 pyramid levels, then hundreds of
candidates cut out and scaled. With a table of the sums of everything above and to the left
(Crow, 1984), the sum of any window is four reads, whatever its size. The windows are those of
``area``, and the sums are whole numbers, so nothing is lost against adding up the pixels.
Measured on 3000x2000 pixels, one thread: table 14 ms, all levels 150 -> 60 ms.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from services.vision.detectors.area import Floats, windows
from services.vision.transforms import Pixels

# Sums are int32: 8.4 Mpx of 255 are the most that fit. The table then takes 135 MB.
LARGEST_PHOTO = (2**31 - 1) // 255

_STRIP_PIXELS = 24_000  # of the table at a time, 384 kB: 64 rows of 3,000 took half as long again


class SummedArea:
    """``AreaAverages`` of one photo at a time; the table's memory is kept for the next.

    A pixel holds four sums (the fourth is of nothing that anybody reads), 16 bytes, so that
    numpy can move it as one number: complex128 here means "16 bytes" and nothing else.
    """

    def __init__(self) -> None:
        """Start without a photo."""
        self._memory = np.empty(0, np.int32)
        self._sums = self._memory.reshape(0, 1, 4)

    def load(self, rgb: Pixels) -> None:
        """Sum up a photo, uint8 ``[H, W, 3]`` of at most ``LARGEST_PHOTO`` pixels."""
        height, width = rgb.shape[:2]
        size = (height + 1) * (width + 1) * 4
        if size > self._memory.size:
            self._memory = np.empty(size, np.int32)
        self._sums = self._memory[:size].reshape(height + 1, width + 1, 4)
        four = cv2.cvtColor(rgb, cv2.COLOR_RGB2RGBA)
        cv2.integral(four, self._sums, sdepth=cv2.CV_32S)

    def level(self, height: int, width: int, *, first_row: int, end_row: int) -> Floats:
        """See ``AreaAverages.level``."""
        row_starts, row_counts = windows(self._sums.shape[0] - 1, height)
        column_starts, column_counts = windows(self._sums.shape[1] - 1, width)
        column_ends = column_starts + column_counts
        result = np.empty((3, end_row - first_row, width), np.float32)
        step = max(1, _STRIP_PIXELS // self._sums.shape[1])
        for first in range(first_row, end_row, step):
            rows = slice(first, min(first + step, end_row))
            starts, counts = row_starts[rows], row_counts[rows]
            strips = self._sums.take(starts + counts, axis=0)
            strips -= self._sums.take(starts, axis=0)
            pixels = strips.view(np.complex128)[..., 0]
            # clip: every index is inside, and a check for each costs a quarter of the time.
            sums = pixels.take(column_ends, axis=1, mode="clip").view(np.int32)
            sums -= pixels.take(column_starts, axis=1, mode="clip").view(np.int32)
            target = result[:, first - first_row : rows.stop - first_row]
            target[:] = sums.reshape(len(starts), width, 4).transpose(2, 0, 1)[:3]
            target *= _shares(counts, column_counts)
        return result

    def crops(self, corners: NDArray[np.intp], side: int) -> Floats:
        """See ``AreaAverages.crops``."""
        x1, y1, x2, y2 = corners.T
        left, right = _edges(x1, x2 - x1, side)
        top, bottom = _edges(y1, y2 - y1, side)
        pixels = self._sums.view(np.complex128).reshape(-1)
        stride = self._sums.shape[1]
        columns = np.concatenate([left, right], axis=1)[:, np.newaxis]
        sums = pixels.take((bottom * stride)[..., np.newaxis] + columns, mode="clip").view(np.int32)
        sums -= pixels.take((top * stride)[..., np.newaxis] + columns, mode="clip").view(np.int32)
        halves = sums.reshape(len(corners), side, 2, side, 4)
        averages = (halves[:, :, 1] - halves[:, :, 0]).astype(np.float32)
        areas = (bottom - top)[:, :, np.newaxis] * (right - left)[:, np.newaxis]
        averages /= areas.astype(np.float32)[..., np.newaxis]
        # Cut last: numpy works on three of four values four times slower than on all four.
        return np.ascontiguousarray(averages[..., :3])


def _shares(counts: NDArray[np.intp], column_counts: NDArray[np.intp]) -> Floats:
    areas = (counts[:, np.newaxis] * column_counts).astype(np.float32)
    return np.reciprocal(areas)


def _edges(
    first: NDArray[np.intp], length: NDArray[np.intp], side: int
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Start and end of each of ``side`` windows over each stretch, ``[N, side]``."""
    index, length = np.arange(side), length[:, np.newaxis]
    starts = index * length // side
    ends = -(-(index + 1) * length // side)
    return first[:, np.newaxis] + starts, first[:, np.newaxis] + ends
