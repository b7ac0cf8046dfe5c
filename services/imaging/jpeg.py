"""JPEG: what lacks its end, but not its picture, is read as every viewer does.

libjpeg reads on behind the end of the data and paints what is missing gray, without a word to
its caller. Whether anything was missing is found out by decoding twice, with different bytes put
where the data end: rows that depend on them are not in the file.
"""

import io
import zlib

import numpy as np
from PIL import JpegImagePlugin

from services.common.domain.faces import PhotoWarning
from services.imaging.jpeg_scans import read_structure
from services.imaging.source import EndsEarlyError, NotReadError, Source

_END = b"\xff\xd9"
# libjpeg-turbo's own limit when it is fuzzed is 500; encoders write some ten. Each scan of a
# progressive JPEG costs a pass over all its pixels, however few bytes it has.
_MOST_SCANS = 100
# Two thousand random bytes decode to rows of garbage. No 0xFF: that begins a marker.
_GARBAGE = np.random.default_rng(0).integers(0, 255, 2048, dtype=np.uint8).tobytes()
# An MCU has at most 16 rows, and shares its colours with the row above. In a small picture even
# they are too much to be missing.
_MISSING_ROWS = 17
_MISSING_SHARE = 0.1
# What libjpeg makes of a block without data: the middle gray, which as CMYK is turned.
_NO_DATA = ({128}, {127})
_BAND = 64


def open_jpeg(data: bytes) -> Source:
    """Open a JPEG; of a phone's several pictures the first."""
    # Counted at once; exactly only where that may be the video behind a phone's moving photo.
    if data.count(b"\xff\xda") > _MOST_SCANS:
        scans = read_structure(data).scans
        if scans > _MOST_SCANS:
            raise NotReadError(f"a JPEG of {scans} scans (the limit is {_MOST_SCANS})")
    try:
        image = JpegImagePlugin.JpegImageFile(io.BytesIO(data))
    except SyntaxError:
        _explain(data)
        raise
    return Source(image, image.info.get("exif", b""))


def load_jpeg(
    data: bytes, *, enough_pixels: int | None = None
) -> tuple[JpegImagePlugin.JpegImageFile, tuple[PhotoWarning, ...]]:
    """Decode a JPEG that ``open_jpeg`` opens, mending its end.

    Mended is one whose end marker is missing, or replaced by filling, if all that a viewer shows
    is there: every coefficient of every component came in a scan that is complete. A scan that
    only refines them may be missing or cut. Of the last other scan at most one row of MCUs may
    be cut: 16 pixel rows, and a tenth of the height.

    Args:
        data: the file.
        enough_pixels: a whole one may come out smaller by 2, 4 or 8 a side, with at least so
            many pixels.

    Raises:
        EndsEarlyError: more is missing, with or without an end marker.
        NotReadError: the coding is none that is read, such as lossless.
    """
    try:
        image = _decode(data, enough_pixels)
    except OSError as error:
        if "truncated" not in str(error):
            _explain(data)
            raise
    else:
        if not _ends_in_gray(image):
            return image, ()
        del image  # two of the largest pictures would be in memory
    return _mended(data)


def _decode(data: bytes, enough_pixels: int | None = None) -> JpegImagePlugin.JpegImageFile:
    image = JpegImagePlugin.JpegImageFile(io.BytesIO(data))
    if enough_pixels:
        width, height = image.size
        step = next(k for k in (8, 4, 2, 1) if width * height >= enough_pixels * k * k or k == 1)
        image.draft(None, (width // step, height // step))
    image.load()
    return image


def _explain(data: bytes) -> None:
    """Raise what is wrong with a JPEG that libjpeg refuses, where the markers tell."""
    structure = read_structure(data)
    if structure.uncommon_coding:
        raise NotReadError(f"a JPEG of an uncommon coding ({structure.uncommon_coding})")
    if not structure.scans and not structure.is_ended:
        raise EndsEarlyError


def _ends_in_gray(image: JpegImagePlugin.JpegImageFile) -> bool:
    """Tell whether the last row looks as if its data were missing (or is of that gray)."""
    last = image.crop((0, image.height - 1, image.width, image.height))
    return set(last.tobytes()) in _NO_DATA


def _mended(data: bytes) -> tuple[JpegImagePlugin.JpegImageFile, tuple[PhotoWarning, ...]]:
    structure = read_structure(data)
    if not structure.shows_all:
        raise EndsEarlyError
    body = data[: structure.end].rstrip(b"\xff")
    garbled = _row_sums(_decode(body + _GARBAGE + _END)) if structure.last_is_needed else []
    image = _decode(body + _END)
    rows = _row_sums(image) if garbled else []
    differing = [at for at in range(len(rows)) if rows[at] != garbled[at]]
    missing = len(rows) - differing[0] if differing else 0
    if missing > min(_MISSING_ROWS, _MISSING_SHARE * image.height):
        raise EndsEarlyError
    is_whole = structure.is_ended and not missing
    return image, () if is_whole else (PhotoWarning.END_MISSING,)


def _row_sums(image: JpegImagePlugin.JpegImageFile) -> list[int]:
    """Return a check sum of each row; bands keep the copies small."""
    bands = (
        np.asarray(image.crop((0, top, image.width, min(top + _BAND, image.height))))
        for top in range(0, image.height, _BAND)
    )
    return [zlib.crc32(row) for band in bands for row in band]
