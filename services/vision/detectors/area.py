"""Exact "area" resize as torch does it, which MTCNN's published weights expect.

``interpolate(mode="area")`` is adaptive average pooling: output row i is the plain mean of the
input rows ``floor(i*H/h)`` to ``ceil((i+1)*H/h) - 1``, so neighbouring windows share a row.
OpenCV's INTER_AREA weighs that row by its part instead and, when enlarging, interpolates: with
it the engines would see other pixels than the reference and other faces at the thresholds.
"""

from functools import lru_cache
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from services.vision.transforms import Pixels

Floats = NDArray[np.float32]

# Output rows per step. 64 keep the intermediate sums in the cache: 5.8 ms for 1 Mpx -> 600x600
# against 8.0 ms in one piece and 49 ms in torch (one thread).
_ROWS_PER_STEP = 64


class AreaAverages(Protocol):
    """Averages of many windows of one photo, as MTCNN asks for them."""

    def level(self, height: int, width: int, *, first_row: int, end_row: int) -> Floats:
        """Rows ``first_row`` to ``end_row - 1`` of the photo scaled to ``height`` x ``width``.

        Returns:
            float32 ``[3, end_row - first_row, width]`` in 0..255, not rounded.
        """

    def crops(self, corners: NDArray[np.intp], side: int) -> Floats:
        """Each window of the photo scaled to ``side`` x ``side``.

        Args:
            corners: ``x1, y1, x2, y2`` as slices, ``[N, 4]``, not empty and inside the photo.
            side: of the results, above or below that of the window.

        Returns:
            float32 ``[N, side, side, 3]`` in 0..255, not rounded.
        """


class PixelAverages:
    """``AreaAverages`` added up from the pixels: for photos of any size."""

    def __init__(self, rgb: Pixels) -> None:
        """Keep a photo, uint8 ``[H, W, 3]``."""
        self._rgb = rgb

    def level(self, height: int, width: int, *, first_row: int, end_row: int) -> Floats:
        """See ``AreaAverages.level``."""
        band = area_resize(self._rgb, height, width, first_row=first_row, end_row=end_row)
        return np.ascontiguousarray(band.transpose(2, 0, 1))

    def crops(self, corners: NDArray[np.intp], side: int) -> Floats:
        """See ``AreaAverages.crops``."""
        result = np.empty((len(corners), side, side, 3), np.float32)
        for crop, (x1, y1, x2, y2) in zip(result, corners, strict=True):
            crop[:] = area_resize(self._rgb[y1:y2, x1:x2], side, side)
        return result


def area_resize(
    rgb: Pixels, height: int, width: int, *, first_row: int = 0, end_row: int | None = None
) -> Floats:
    """Resize to ``height`` x ``width`` by adaptive averages, or only a band of its rows.

    Args:
        rgb: uint8 ``[H, W, 3]``, at least 1x1.
        height: rows of the whole result, above or below H.
        width: columns of the result, above or below W.
        first_row: first row of the band.
        end_row: row after the band's last; ``height`` when None.

    Returns:
        float32 ``[end_row - first_row, width, 3]`` in 0..255, not rounded.
    """
    end_row = height if end_row is None else end_row
    result = np.empty((end_row - first_row, width, 3), np.float32)
    starts, counts = windows(rgb.shape[0], height)
    for row in range(first_row, end_row, _ROWS_PER_STEP):
        step = slice(row, min(row + _ROWS_PER_STEP, end_row))
        target = result[step.start - first_row : step.stop - first_row]
        target[:] = _resize_rows(rgb, starts[step], counts[step], width)
    return result


def _resize_rows(
    rgb: Pixels, starts: NDArray[np.intp], counts: NDArray[np.intp], width: int
) -> Floats:
    rows, source_width = len(starts), rgb.shape[1]
    flat = np.ascontiguousarray(rgb).reshape(len(rgb), -1)
    sums = _window_sums(flat, starts, counts).reshape(rows, source_width, 3)
    # Columns are summed as rows of the transposed band: contiguous memory, the same code.
    turned = cv2.transpose(sums).reshape(source_width, rows * 3)
    column_starts, column_counts = windows(source_width, width)
    turned_sums = _window_sums(turned, column_starts, column_counts).reshape(width, rows, 3)
    areas = (counts[:, np.newaxis] * column_counts).astype(np.float32)
    return np.asarray(cv2.transpose(turned_sums) / areas[..., np.newaxis], dtype=np.float32)


@lru_cache(maxsize=4096)
def windows(source: int, target: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Start and length ``[target]`` of each of ``target`` windows over ``source`` rows."""
    index = np.arange(target)
    starts = index * source // target
    ends = -(-(index + 1) * source // target)
    return starts, ends - starts


def _window_sums(
    rows: NDArray[np.uint8] | Floats, starts: NDArray[np.intp], counts: NDArray[np.intp]
) -> Floats:
    """Sum of each window of rows, exact in float32 below 2**24 (257x257 pixels of 255)."""
    sums = rows[starts].astype(np.float32)
    common = int(counts.min())
    for offset in range(1, common):
        cv2.accumulate(rows[starts + offset], sums)
    for offset in range(common, int(counts.max())):
        longer = np.flatnonzero(counts > offset)
        sums[longer] += rows[starts[longer] + offset]
    return sums
