"""Exact area averages as torch takes them, which MTCNN's published weights expect.

``interpolate(mode="area")`` is adaptive average pooling: output row i is the plain mean of the
input rows ``floor(i*H/h)`` to ``ceil((i+1)*H/h) - 1``, so neighbouring windows share a row.
OpenCV's INTER_AREA weighs that row by its part instead and, when enlarging, interpolates: with
it the engines would see other pixels than the reference and other faces at the thresholds.

The loops are compiled by numba when this module is imported (0.6 s), or loaded (``compiled``). In
numpy, whichever way the windows were summed up, they took three to five times as long
(docs/performance.md).
"""

import numpy as np
from numba import njit, types
from numpy.typing import NDArray

from services.vision.detectors.boxes import Floats
from services.vision.detectors.compiled import compiled
from services.vision.transforms import Pixels


def area_level(
    rgb: Pixels, height: int, width: int, *, first_row: int = 0, end_row: int | None = None
) -> Floats:
    """Scale a photo to ``height`` x ``width`` by averages, or only a band of its rows.

    Args:
        rgb: uint8 ``[H, W, 3]``, C-contiguous, at least 1x1.
        height: rows of the whole result, above or below H.
        width: columns of the result, above or below W.
        first_row: first row of the band.
        end_row: row after the band's last; ``height`` when None.

    Returns:
        float32 ``[3, end_row - first_row, width]`` in 0..255, not rounded.
    """
    end_row = height if end_row is None else end_row
    result = np.empty((3, end_row - first_row, width), np.float32)
    _level(rgb, height, first_row, result)
    return result


def area_crops(rgb: Pixels, corners: NDArray[np.int64], side: int) -> Floats:
    """Scale windows of a photo to ``side`` x ``side`` by averages.

    Args:
        rgb: uint8 ``[H, W, 3]``, C-contiguous.
        corners: ``x1, y1, x2, y2`` as slices, ``[N, 4]``, not empty and inside the photo.
        side: of the results, above or below that of a window.

    Returns:
        float32 ``[N, side, side, 3]`` in 0..255, not rounded.
    """
    result = np.empty((len(corners), side, side, 3), np.float32)
    _crops(rgb, np.ascontiguousarray(corners), result)
    return result


# Read-only, as arrays from Pillow are; numba takes writable ones for them as well.
_RGB = types.Array(types.uint8, 3, "C", readonly=True)
_CORNERS = types.Array(types.int64, 2, "C", readonly=True)
_INDICES = types.int64[::1]
_SUMS = types.int32[::1]


@compiled(types.void(types.int64, _INDICES, _INDICES))
def _windows(length: int, starts: NDArray[np.int64], ends: NDArray[np.int64]) -> None:
    """Start and end of each of ``len(starts)`` windows over ``length`` pixels."""
    count = len(starts)
    for index in range(count):
        starts[index] = index * length // count
        ends[index] = -(-(index + 1) * length // count)


@compiled(types.void(_RGB, types.int64, types.int64, _SUMS))
def _sum_rows(rows: Pixels, left: int, right: int, sums: NDArray[np.int32]) -> None:
    """Sums over all rows of each value from column ``left`` to ``right - 1``."""
    values = 3 * (right - left)
    sums[:values] = 0
    for y in range(len(rows)):
        row = rows[y, left:right].reshape(-1)
        for index in range(values):
            sums[index] += row[index]


# Inlined by numba: as a call of its own it took half as long again.
@njit(inline="always")  # type: ignore[untyped-decorator]  # numba ships no types
def _average(
    sums: NDArray[np.int32], rows: int, start: int, end: int
) -> tuple[np.float32, np.float32, np.float32]:
    """Averages of the three channels over summed ``rows`` and columns ``start`` to ``end - 1``."""
    red = green = blue = 0
    for x in range(start, end):
        red += sums[3 * x]
        green += sums[3 * x + 1]
        blue += sums[3 * x + 2]
    share = np.float32(1) / np.float32(rows * (end - start))
    return np.float32(red) * share, np.float32(green) * share, np.float32(blue) * share


@compiled(types.void(_RGB, types.int64, types.int64, types.float32[:, :, ::1]))
def _level(rgb: Pixels, height: int, first_row: int, result: Floats) -> None:
    columns, width = rgb.shape[1], result.shape[2]
    starts, ends = np.empty(width, np.int64), np.empty(width, np.int64)
    _windows(columns, starts, ends)
    sums = np.empty(3 * columns, np.int32)
    for row in range(result.shape[1]):
        top = (first_row + row) * len(rgb) // height
        bottom = -(-(first_row + row + 1) * len(rgb) // height)
        _sum_rows(rgb[top:bottom], 0, columns, sums)
        for column in range(width):
            red, green, blue = _average(sums, bottom - top, starts[column], ends[column])
            result[0, row, column] = red
            result[1, row, column] = green
            result[2, row, column] = blue


@compiled(types.void(_RGB, _CORNERS, types.float32[:, :, :, ::1]))
def _crops(rgb: Pixels, corners: NDArray[np.int64], result: Floats) -> None:
    side = result.shape[1]
    starts, ends = np.empty(side, np.int64), np.empty(side, np.int64)
    tops, bottoms = np.empty(side, np.int64), np.empty(side, np.int64)
    sums = np.empty(3 * rgb.shape[1], np.int32)
    for index in range(len(corners)):
        x1, y1, x2, y2 = corners[index]
        _windows(x2 - x1, starts, ends)
        _windows(y2 - y1, tops, bottoms)
        for row in range(side):
            _sum_rows(rgb[y1 + tops[row] : y1 + bottoms[row]], x1, x2, sums)
            for column in range(side):
                rows = bottoms[row] - tops[row]
                red, green, blue = _average(sums, rows, starts[column], ends[column])
                result[index, row, column, 0] = red
                result[index, row, column, 1] = green
                result[index, row, column, 2] = blue
