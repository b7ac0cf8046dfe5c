"""Faces that nobody can be recognised by: averaged to a few cells, which no method undoes."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from math import ceil, floor

import numpy as np
from numpy.typing import NDArray

from services.common.domain.limits import PhotoLimits
from services.imaging.decode import DecodedPhoto, decode_photo
from services.imaging.source import Readers

Corners = tuple[float, float, float, float]

# Of a face with its margin four cells a side are left, hence three of the face itself: networks
# still tell people apart by mosaics of 14 cells and more a face (McPherson et al. 2016).
_CELLS = 4
# Of the longer side, on each side: hair, ears and chin lie outside of a detector's box.
_MARGIN = 0.25


def decode_blurred(
    data: bytes,
    faces: Sequence[Corners],
    *,
    limits: PhotoLimits,
    enough_pixels: int | None = None,
    readers: Readers | None = None,
) -> DecodedPhoto:
    """Decode a photo as `decode_photo` does, with ``faces`` blurred; none of them, as it is."""
    decoded = decode_photo(data, limits=limits, enough_pixels=enough_pixels, readers=readers)
    if not faces:
        return decoded
    return replace(decoded, rgb=blur_faces(decoded.rgb, faces, shrunk=decoded.shrunk))


def blur_faces(
    rgb: NDArray[np.uint8], faces: Sequence[Corners], *, shrunk: float = 1.0
) -> NDArray[np.uint8]:
    """Return uint8 ``[H, W, 3]`` with every face averaged to 4 x 4 cells, margin included.

    Changes ``rgb`` itself where it may be written, and takes no memory beside it: a face may fill
    50 Mpx.

    Args:
        rgb: the upright photo.
        faces: left, top, right and bottom of each, in pixels of the photo; may lie across its edge.
        shrunk: how many times as long as those of ``rgb`` the sides of the photo are.
    """
    blurred = rgb if rgb.flags.writeable else rgb.copy()
    height, width = rgb.shape[:2]
    for left, top, right, bottom in faces:
        longer = max(right - left, bottom - top)
        margin = _MARGIN * longer
        # Of the whole face, so that one across the edge does not get finer cells.
        cell = (longer + 2 * margin) / shrunk / _CELLS
        columns = _edges((left - margin) / shrunk, (right + margin) / shrunk, width, cell=cell)
        rows = _edges((top - margin) / shrunk, (bottom + margin) / shrunk, height, cell=cell)
        for y1, y2 in pairwise(rows):
            for x1, x2 in pairwise(columns):
                part = blurred[y1:y2, x1:x2]
                # Row upon row: numpy's own mean of both sides takes ten times as long.
                part[:] = part.sum(axis=0, dtype=np.uint32).sum(axis=0) // (part.size // 3)
    return blurred


def _edges(first: float, last: float, size: int, *, cell: float) -> list[int]:
    """Cut what lies between ``first`` and ``last`` of ``size`` pixels into cells, none finer."""
    start, end = max(0, floor(first)), min(size, ceil(last))
    if start >= end:
        return []
    cells = max(1, floor((end - start) / max(cell, 1.0)))
    return [start + (end - start) * number // cells for number in range(cells + 1)]
