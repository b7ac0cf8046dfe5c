"""Faces as a training set keeps them: squares with room around the box, and how they look.

The square's centre is the box's and its side the box's longer side times ``1 + MARGIN``, so that
whatever framing a model asks for can be cut out of it. Beyond the photo its border is repeated, as
serving's crops do.
"""

import io
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from services.common.domain.limits import PhotoLimits
from services.imaging.decode import decode_photo
from services.imaging.source import Readers

# A head turned by 45 degrees needs 1.41 times its side.
MARGIN = 0.6
# Classifiers see 48 to 224 px of the box; a face is never enlarged.
LONGEST_SIDE = 256
_QUALITY = 92
# Of the difference hash: 16 rows of 16 comparisons. With 8, other faces looked like copies.
_HASH_SIDE = 16

Pixels = NDArray[np.uint8]
Corners = tuple[float, float, float, float]


def cut_faces(
    photo: bytes,
    boxes: Sequence[Corners],
    *,
    limits: PhotoLimits,
    readers: Readers | None = None,
) -> list[tuple[bytes, bytes]]:
    """Return a JPEG of each face and its `difference_hash`.

    Args:
        photo: the file, decoded once for all of its faces.
        boxes: left, top, width and height of each, in pixels of the upright photo.
        limits: of photos.
        readers: as of `decode_photo`.

    Raises:
        ItemError: as `decode_photo` does.
    """
    rgb = decode_photo(photo, limits=limits, readers=readers).rgb
    made = []
    for box in boxes:
        square = Image.fromarray(square_around(rgb, box))
        square.thumbnail((LONGEST_SIDE, LONGEST_SIDE), Image.Resampling.LANCZOS)
        buffer = io.BytesIO()
        square.save(buffer, "JPEG", quality=_QUALITY, subsampling=0)
        made.append((buffer.getvalue(), difference_hash(np.asarray(square))))
    return made


def square_around(rgb: Pixels, box: Corners) -> Pixels:
    """Return the square around a box, uint8 ``[S, S, 3]``, at the photo's own scale."""
    left, top, width, height = box
    side = max(1, round(max(width, height) * (1 + MARGIN)))
    x = round(left + width / 2 - side / 2)
    y = round(top + height / 2 - side / 2)
    rows = np.clip(np.arange(y, y + side), 0, rgb.shape[0] - 1)
    columns = np.clip(np.arange(x, x + side), 0, rgb.shape[1] - 1)
    return np.ascontiguousarray(rgb[rows[:, None], columns])


def difference_hash(rgb: Pixels) -> bytes:
    """Return 256 bits of which near copies share nearly all.

    Each bit says whether a cell of the gray 16 x 17 picture is brighter than the one to its right
    (Krawetz 2013), row by row. Blur, scale, brightness and JPEG change few of them.
    """
    gray = Image.fromarray(rgb).convert("L")
    small = gray.resize((_HASH_SIDE + 1, _HASH_SIDE), Image.Resampling.BOX)
    cells = np.asarray(small, dtype=np.int16)
    return np.packbits(cells[:, :-1] > cells[:, 1:]).tobytes()
