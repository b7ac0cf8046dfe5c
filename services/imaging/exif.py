"""What is taken from EXIF: orientation, time of the exposure, and what the client shrank.

Never the place.

XMP may hold an orientation as well; browsers ignore it, and so do we. Pillow's ``getexif`` and
``exif_transpose`` fall back on it, so neither is used on a file whose XMP is still attached.
"""

import re
from dataclasses import dataclass
from datetime import datetime

from PIL import ExifTags, Image

from services.imaging.source import READER_FAULTS

_ORIENTATIONS = range(1, 9)
_OFFSET = re.compile(r"[+-](0\d|1[0-4]):[0-5]\d")
_SUB_SECONDS = re.compile(r"\d{1,9}")
_SHRUNK = re.compile(r"hfer-shrink (\d{1,6})x(\d{1,6})")
# Of the oldest photograph that is left.
_FIRST_YEAR = 1826


@dataclass(frozen=True, slots=True)
class Exif:
    """``orientation`` is 1..8, 1 where none is found; ``captured_at`` as in ``PhotoAnalysis``.

    ``original`` is what the client wrote of the picture that it made this one of: width and height
    in pixels, upright. Nobody has checked it.
    """

    orientation: int = 1
    captured_at: str | None = None
    original: tuple[int, int] | None = None


def read_exif(block: bytes | Image.Exif) -> Exif:
    """Read a block as JPEG, PNG and WebP hold it, or a directory that is loaded already.

    A broken block does not spoil the pixels: what cannot be read counts as absent.
    """
    try:
        if isinstance(block, bytes):
            directory = Image.Exif()
            directory.load(block)
        else:
            directory = block
        orientation = directory.get(ExifTags.Base.Orientation, 1)
    except READER_FAULTS:
        return Exif()
    turned = orientation if orientation in _ORIENTATIONS else 1
    return Exif(turned, _captured_at(directory), _original(directory))


def _captured_at(directory: Image.Exif) -> str | None:
    try:
        tags = directory.get_ifd(ExifTags.IFD.Exif)
        return iso_time(
            tags.get(ExifTags.Base.DateTimeOriginal),
            sub_seconds=tags.get(ExifTags.Base.SubsecTimeOriginal),
            offset=tags.get(ExifTags.Base.OffsetTimeOriginal),
        )
    except READER_FAULTS:
        return None


def _original(directory: Image.Exif) -> tuple[int, int] | None:
    """Read ``hfer-shrink WIDTHxHEIGHT``, which clients write as the processing software."""
    said = _SHRUNK.fullmatch(_text(directory.get(ExifTags.Base.ProcessingSoftware)))
    return (int(said[1]), int(said[2])) if said else None


def iso_time(original: object, *, sub_seconds: object = None, offset: object = None) -> str | None:
    """Join EXIF's parts of a time to ISO 8601, such as ``2026-05-06T12:34:56.78+02:00``.

    None where ``original`` is no time; the other parts are left out where they are nonsense.
    """
    try:
        time = datetime.strptime(_text(original), "%Y:%m:%d %H:%M:%S")  # noqa: DTZ007 - local
    except ValueError:
        return None
    if time.year < _FIRST_YEAR:
        return None
    fraction = _text(sub_seconds)
    written = time.isoformat() + (f".{fraction}" if _SUB_SECONDS.fullmatch(fraction) else "")
    zone = _text(offset)
    return written + (zone if _OFFSET.fullmatch(zone) else "")


def _text(value: object) -> str:
    text = value.decode("ascii", "replace") if isinstance(value, bytes) else value
    return text.strip(" \0") if isinstance(text, str) and text.isascii() else ""
