"""Photos made smaller on this side, for slow lines. Coordinates stay those of the originals.

The file that is sent says of which size it was made, in a tag of its EXIF, and the service tells
boxes and landmarks in that size. Of the rest of the EXIF only what results tell goes along: how
the photo is turned, and when it was taken. The place does not.
"""

import io
import os
import struct
import zlib
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from hfer._encode import require_pillow
from hfer._files import Sendable
from hfer._spool import Spool
from hfer.errors import PhotoFileError, SettingsError
from hfer.models import Limits

# Told how many photos were made smaller.
OnShrink = Callable[[int], None]

# A side below this shows no face that a larger one would.
SHORTEST_SIDE = 320
# Of cameras the usual: what 4:2:0 and this cost a face is far below what the smaller side costs.
JPEG_QUALITY = 92
# What is read whole to be made smaller; and so many photos are in memory at once.
LARGEST_BYTES, AT_A_TIME = 200_000_000, 16
_READ = ("JPEG", "PNG", "WEBP", "BMP", "TIFF", "MPO")
_DRAFTED = frozenset({"JPEG", "MPO"})
# What Pillow's readers raise on files that are damaged.
_READER_FAULTS = (
    *(OSError, EOFError, SyntaxError, ValueError, TypeError, LookupError, ArithmeticError),
    *(AttributeError, AssertionError, RuntimeError, MemoryError, struct.error, zlib.error),
)
_MODES = frozenset({"L", "RGB", "RGBA", "LA", "P"})
_TRANSPARENT = frozenset({"RGBA", "LA"})
# Numbers of EXIF: Image.ExifTags is not needed for these.
_ORIENTATION, _SOFTWARE, _EXIF = 0x0112, 0x000B, 0x8769
_TIMES = (0x9003, 0x9011, 0x9291)
_TURNED = frozenset({5, 6, 7, 8})


def check_longest_side(longest_side: int) -> None:
    """Refuse early what cannot be meant.

    Raises:
        SettingsError: it is too short.
        MissingPackageError: Pillow is not installed.
    """
    if longest_side < SHORTEST_SIDE:
        raise SettingsError(f"shrink is the longest side in pixels, {SHORTEST_SIDE} at least.")
    require_pillow("shrink")


def shrink_all(
    photos: Sequence[Sendable], *, longest_side: int, limits: Limits, spool: Spool
) -> list[Sendable]:
    """Make the photos smaller whose longer side exceeds ``longest_side`` pixels.

    What Pillow does not read, what has several frames and archives go as they are.

    Raises:
        SettingsError: the service would tell coordinates of the smaller pictures.
        PhotoFileError: a file cannot be read.
    """
    if not limits.shrunk_photos:
        raise SettingsError(
            "This service is older than shrinking and would tell coordinates in the smaller"
            " pictures. Have it upgraded, or submit without shrink."
        )
    sent: list[Sendable] = []
    with ThreadPoolExecutor(os.cpu_count(), thread_name_prefix="hfer") as pool:
        for start in range(0, len(photos), AT_A_TIME):
            some = photos[start : start + AT_A_TIME]
            made = pool.map(lambda photo: shrunk(photo, longest_side=longest_side), some)
            for photo, data in zip(some, made, strict=True):
                sent.append(photo if data is None else spool.keep(photo.name, [data]))
    return sent


def shrunk(photo: Sendable, *, longest_side: int) -> bytes | None:
    """Return a smaller file; None where the photo goes as it is.

    Raises:
        PhotoFileError: it cannot be read.
    """
    from PIL import Image

    if photo.size > LARGEST_BYTES:
        return None
    data = b"".join(photo.blocks(fault=PhotoFileError))
    try:
        with Image.open(io.BytesIO(data), formats=_READ) as image:
            smaller = _smaller(image, longest_side)
    except (*_READER_FAULTS, Image.DecompressionBombError):
        # What is wrong with it is for the service to say, photo by photo.
        return None
    return smaller if smaller is not None and len(smaller) < len(data) else None


def _smaller(image: Any, longest_side: int) -> bytes | None:
    frames = 1 if image.format == "MPO" else getattr(image, "n_frames", 1)
    if max(image.size) <= longest_side or image.mode not in _MODES or frames > 1:
        return None
    # Pillow would take an orientation from XMP, which neither browsers nor the service do.
    for name in ("xmp", "XML:com.adobe.xmp"):
        image.info.pop(name, None)
    if image.format not in _DRAFTED:
        # What stands behind the pixels is read with them; TIFFs are turned upright by it.
        image.load()
    exif, profile = image.getexif(), image.info.get("icc_profile")
    orientation = exif.get(_ORIENTATION, 1)
    full = image.size[::-1] if orientation in _TURNED else image.size
    clear = image.mode in _TRANSPARENT or "transparency" in image.info
    if image.mode == "P":
        image = image.convert("RGBA" if clear else "RGB")
    image.thumbnail((longest_side, longest_side))
    small = image.size[::-1] if orientation in _TURNED else image.size
    # The service believes a size that this one can come of; a line of pixels is none.
    if 2 * abs(full[0] * small[1] - full[1] * small[0]) > sum(full):
        return None
    buffer = io.BytesIO()
    tags = _tags(exif, orientation, full)
    if clear:
        image.save(buffer, "PNG", icc_profile=profile, exif=tags)
    else:
        image.save(buffer, "JPEG", quality=JPEG_QUALITY, icc_profile=profile, exif=tags)
    return buffer.getvalue()


def _tags(exif: Any, orientation: int, full: tuple[int, int]) -> Any:
    from PIL import Image

    tags = Image.Exif()
    tags[_SOFTWARE] = f"hfer-shrink {full[0]}x{full[1]}"
    tags[_ORIENTATION] = orientation
    taken = exif.get_ifd(_EXIF)
    tags.get_ifd(_EXIF).update({tag: taken[tag] for tag in _TIMES if tag in taken})
    return tags
