"""Tiles: a photo's thumbnail and a square crop of each of its faces, all in one object.

A worker draws them while it has the pixels; a child draws those that are not there when they are
asked for. Who hands them out cuts bytes and decodes nothing::

    "HFT1", crops u16, digest of the faces' boxes 8 bytes, lengths u32 x (1 + crops), JPEGs

all little-endian, the thumbnail first and the crops in the order of ``face_index``. The digest
tells whose faces they are: a worker that lost its lease may write late, and an older detector may
have found others than those of the result.
"""

import hashlib
import io
import struct
from collections.abc import Callable, Sequence
from itertools import accumulate, pairwise

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from services.common.domain.limits import PhotoLimits
from services.imaging.blur import Corners, decode_blurred
from services.imaging.source import Readers

THUMBNAIL_PX = 320
CROP_PX = 160
# Of a face's longer side, in all: hair and chin lie outside of a detector's box.
_CROP_MARGIN = 0.4
_QUALITY = 80

_MAGIC = b"HFT1"
_HEAD = struct.Struct("<4sH8s")
_LENGTH = struct.Struct("<I")
_BOX = struct.Struct("<4f")

# Left, top, width and height in pixels of the photo.
FaceBox = Sequence[float]
Pixels = NDArray[np.uint8]
# Shrinks uint8 [H, W, 3] to a width and height, both of which are smaller.
Shrink = Callable[[Pixels, tuple[int, int]], Pixels]


def shrink_by_area(rgb: Pixels, size: tuple[int, int]) -> Pixels:
    """Shrink by averages, first over whole pixels: `Shrink` with Pillow."""
    picture = Image.fromarray(rgb)
    factor = min(picture.width // size[0], picture.height // size[1]) // 2
    if factor > 1:
        picture = picture.reduce(factor)
    return np.asarray(picture.resize(size, Image.Resampling.BOX))


def draw_tiles(
    rgb: Pixels,
    boxes: Sequence[FaceBox],
    *,
    shrunk: float = 1.0,
    shrink: Shrink = shrink_by_area,
) -> bytes:
    """Draw the tiles of an upright photo. Nothing is enlarged.

    Args:
        rgb: uint8 ``[H, W, 3]``.
        boxes: of the faces, in the order of ``face_index``, in pixels of the photo; may lie across
            its edge.
        shrunk: how many times as long as those of ``rgb`` the sides of the photo are.
        shrink: by what.
    """
    crops = (_within(_square(rgb, box, shrunk), CROP_PX, shrink) for box in boxes)
    parts = [_jpeg(picture) for picture in (_within(rgb, THUMBNAIL_PX, shrink), *crops)]
    lengths = b"".join(_LENGTH.pack(len(part)) for part in parts)
    return b"".join([_HEAD.pack(_MAGIC, len(boxes), _digest(boxes)), lengths, *parts])


def draw_tiles_of(
    photo: bytes,
    boxes: Sequence[FaceBox],
    *,
    pixels: int,
    limits: PhotoLimits,
    blurred: Sequence[Corners] = (),
    readers: Readers | None = None,
) -> bytes:
    """Decode ``photo``, of so many pixels, no larger than tiles need it, and draw them.

    The faces ``blurred`` are for nobody to be recognised by.

    Raises:
        ItemError: as `decode_photo` does.
    """
    shortest = min((max(box[2], box[3]) for box in boxes), default=None)
    enough = (2 * THUMBNAIL_PX) ** 2
    if shortest is not None:
        enough = max(enough, round(pixels / max(1.0, shortest / CROP_PX) ** 2))
    decoded = decode_blurred(photo, blurred, limits=limits, enough_pixels=enough, readers=readers)
    return draw_tiles(decoded.rgb, boxes, shrunk=decoded.shrunk)


def thumbnail_in(tiles: bytes, boxes: Sequence[FaceBox]) -> bytes | None:
    """Return the thumbnail, a JPEG; None where these are not the tiles of a photo of such faces.

    ``tiles`` may be their beginning alone: then None also if the thumbnail is longer.
    """
    found = _spans(tiles, boxes)
    if found is None or found[0][1] > len(tiles):
        return None
    return tiles[slice(*found[0])]


def crops_in(tiles: bytes, boxes: Sequence[FaceBox]) -> list[bytes] | None:
    """Return the crops, a JPEG for each face; None where these are not the tiles of such faces."""
    found = _spans(tiles, boxes)
    if found is None or found[-1][1] != len(tiles):
        return None
    return [tiles[start:end] for start, end in found[1:]]


def _spans(tiles: bytes, boxes: Sequence[FaceBox]) -> list[tuple[int, int]] | None:
    """Return where each picture begins and ends; None for what is not of these faces."""
    first = _HEAD.size + _LENGTH.size * (1 + len(boxes))
    if len(tiles) < first:
        return None
    if _HEAD.unpack_from(tiles) != (_MAGIC, len(boxes), _digest(boxes)):
        return None
    lengths = (each[0] for each in _LENGTH.iter_unpack(tiles[_HEAD.size : first]))
    return list(pairwise(accumulate(lengths, initial=first)))


def _digest(boxes: Sequence[FaceBox]) -> bytes:
    packed = b"".join(_BOX.pack(*box) for box in boxes)
    return hashlib.blake2b(packed, digest_size=8).digest()


def _square(rgb: Pixels, box: FaceBox, shrunk: float) -> Pixels:
    """Cut the square around a face: moved to lie within the photo, no larger than it is."""
    height, width = rgb.shape[:2]
    left, top, wide, high = (value / shrunk for value in box)
    side = min(max(1, round(max(wide, high) * (1 + _CROP_MARGIN))), width, height)
    x = min(max(0, round(left + (wide - side) / 2)), width - side)
    y = min(max(0, round(top + (high - side) / 2)), height - side)
    return rgb[y : y + side, x : x + side]


def _within(rgb: Pixels, longest: int, shrink: Shrink) -> Pixels:
    height, width = rgb.shape[:2]
    scale = longest / max(height, width)
    if scale >= 1:
        return rgb
    return shrink(rgb, (max(1, round(width * scale)), max(1, round(height * scale))))


def _jpeg(rgb: Pixels) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(rgb).save(buffer, "JPEG", quality=_QUALITY)
    return buffer.getvalue()
