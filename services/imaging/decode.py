"""Photo bytes to an upright RGB array: the one decoder of the product.

Phone photos carry their rotation in EXIF; a decoder that ignores it finds no face
(face_recognition#381) or draws boxes in the wrong place (immich#13740).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import BmpImagePlugin, Image

from services.common.domain.errors import ItemError, ItemErrorCode
from services.common.domain.faces import PhotoWarning
from services.common.domain.limits import PhotoLimits
from services.imaging import tiff, webp
from services.imaging.child_pool.decoding import decode_in_child
from services.imaging.exif import read_exif
from services.imaging.formats import HEAD_BYTES, require_format
from services.imaging.jpeg import load_jpeg, open_jpeg
from services.imaging.png import open_png
from services.imaging.samples import as_rgb
from services.imaging.source import (
    READER_FAULTS,
    EndsEarlyError,
    NotReadError,
    Readers,
    Source,
    plain,
)

# Pillow's own limit, 179 Mpx, is below what ours may be set to; ours is checked on the header.
Image.MAX_IMAGE_PIXELS = None


# The readers are called directly instead of through Image.open, which opens phone JPEGs as "MPO".
READERS: Readers = {
    "JPEG": open_jpeg,
    "PNG": open_png,
    "WEBP": webp.open_webp,
    "BMP": plain(BmpImagePlugin.BmpImageFile),
    "TIFF": tiff.open_tiff,
}

# EXIF orientations (TIFF 6.0, tag 274): stored rows become columns, run from below, from the right.
_TRANSPOSED = frozenset({5, 6, 7, 8})
_ROWS_REVERSED = frozenset({3, 4, 7, 8})
_COLUMNS_REVERSED = frozenset({2, 3, 6, 7})


@dataclass(frozen=True, slots=True, eq=False)
class DecodedPhoto:
    """An upright photo: ``rgb`` is uint8 ``[H, W, 3]``, C-contiguous.

    ``exif_orientation`` is the tag's value 1..8 as found, already applied to ``rgb``.
    ``format`` is the real format by content, one of ``PhotoLimits.formats``.
    ``captured_at`` and ``warnings`` are those of ``PhotoAnalysis``. ``shrunk`` is how many times as
    long as those of ``rgb`` the photo's own sides are: 1 unless ``enough_pixels`` was given.
    ``original`` is the upright size in pixels of the picture that the client shrank this one from.
    """

    rgb: NDArray[np.uint8]
    exif_orientation: int
    format: str
    captured_at: str | None = None
    warnings: tuple[PhotoWarning, ...] = ()
    shrunk: float = 1.0
    original: tuple[int, int] | None = None

    @property
    def width(self) -> int:
        """Width of the upright photo in pixels."""
        return int(self.rgb.shape[1])

    @property
    def height(self) -> int:
        """Height of the upright photo in pixels."""
        return int(self.rgb.shape[0])


def decode_photo(
    data: bytes,
    *,
    limits: PhotoLimits,
    enough_pixels: int | None = None,
    readers: Readers | None = None,
) -> DecodedPhoto:
    """Decode a photo (its first frame) into an upright RGB array.

    JPEG, PNG, WebP, BMP and TIFF are decoded here, other formats in a child process. Size and
    format are read from the content, never by a name; the limits are checked on the header,
    before any pixel is decoded. Transparent parts become white, 16-bit samples are scaled to 8
    bits, gray, palette and CMYK become RGB. What every viewer shows is read; what was mended
    for it stands in ``warnings``.

    Args:
        data: the file.
        limits: of photos.
        enough_pixels: a JPEG may come out smaller by 2, 4 or 8 a side, with at least so many
            pixels; the other formats and None: at its own size.
        readers: of every format that is read, all of it here; None outside of children.

    Raises:
        ItemError: EMPTY, TOO_LARGE, UNSUPPORTED_FORMAT, TOO_MANY_PIXELS, TOO_SMALL, TRUNCATED,
            DECODE_FAILED; of a child TIME_LIMIT, OUT_OF_MEMORY, CRASHED_WORKER; always permanent.
        TransientError: no child can be started or becomes free.
    """
    _check_bytes(data, limits)
    name = require_format(data[:HEAD_BYTES], limits.formats)
    if readers is None and name not in READERS:
        return _decode_in_child(data, limits)
    with _faults_told(data, name):
        source = _opened(data, name, readers or READERS, limits)
        exif, longer = read_exif(source.exif), max(source.image.size)
        rgb, warnings = _loaded(data, name, source, enough_pixels)
    turn = 1 if source.turned else exif.orientation
    upright = np.ascontiguousarray(_upright(rgb, turn))
    shrunk = longer / max(upright.shape)
    return DecodedPhoto(
        upright,
        exif_orientation=exif.orientation,
        format=name,
        captured_at=exif.captured_at,
        warnings=warnings,
        shrunk=shrunk,
        original=_believed(exif.original, upright),
    )


def _decode_in_child(data: bytes, limits: PhotoLimits) -> DecodedPhoto:
    rgb, facts = decode_in_child(data, limits=limits)
    return DecodedPhoto(
        rgb,
        exif_orientation=facts["exif_orientation"],
        format=facts["format"],
        captured_at=facts["captured_at"],
        warnings=tuple(PhotoWarning(warning) for warning in facts["warnings"]),
        original=tuple(facts["original"]) if facts["original"] else None,
    )


def _opened(data: bytes, name: str, readers: Readers, limits: PhotoLimits) -> Source:
    """Open a photo whose size is within the limits; none of its pixels is decoded."""
    size = webp.webp_size(data) if name == "WEBP" else None
    if size:
        _check_pixels(size, limits)
    source = readers[name](data)
    _check_pixels(source.image.size, limits)
    return source


def _loaded(
    data: bytes, name: str, source: Source, enough_pixels: int | None
) -> tuple[NDArray[np.uint8], tuple[PhotoWarning, ...]]:
    """Return the pixels as they are stored, and what was mended or assumed."""
    image, mended = source.image, source.warnings
    if name == "JPEG":
        image, mended = load_jpeg(data, enough_pixels=enough_pixels)
    # Pillow would turn a TIFF by XMP's orientation while it loads.
    image.info.pop("xmp", None)
    image.load()
    rgb, assumed = as_rgb(image, source.samples)
    return rgb, (*mended, *assumed)


def _believed(original: tuple[int, int] | None, rgb: NDArray[np.uint8]) -> tuple[int, int] | None:
    """Return the size of the original if the photo can be that, shrunk: larger, of one shape.

    Whoever edits a file further may leave the tag as it was; shrinking rounds to whole pixels.
    """
    if original is None:
        return None
    (width, height), (now_wide, now_high) = original, (rgb.shape[1], rgb.shape[0])
    larger = width >= now_wide and height >= now_high
    alike = 2 * abs(width * now_high - height * now_wide) <= width + height
    return original if larger and alike else None


def _check_bytes(data: bytes, limits: PhotoLimits) -> None:
    if not data:
        raise ItemError(ItemErrorCode.EMPTY, "The file is empty; send it again.")
    if len(data) > limits.photo_bytes:
        raise ItemError(
            ItemErrorCode.TOO_LARGE,
            f"The file has {len(data)} bytes; the limit is {limits.photo_bytes}.",
        )


def _check_pixels(size: tuple[int, int], limits: PhotoLimits) -> None:
    width, height = size
    if width * height > limits.photo_pixels:
        raise ItemError(
            ItemErrorCode.TOO_MANY_PIXELS,
            f"The photo has {width}x{height} pixels; the limit is {limits.photo_pixels} in all.",
        )
    if min(width, height) < limits.photo_min_side_px:
        raise ItemError(
            ItemErrorCode.TOO_SMALL,
            f"The photo has {width}x{height} pixels; "
            f"each side needs at least {limits.photo_min_side_px}.",
        )


def _upright(rgb: NDArray[np.uint8], orientation: int) -> NDArray[np.uint8]:
    """Apply an EXIF orientation as a view; Pillow would copy the pixels twice."""
    upright = np.swapaxes(rgb, 0, 1) if orientation in _TRANSPOSED else rgb
    if orientation in _ROWS_REVERSED:
        upright = upright[::-1]
    if orientation in _COLUMNS_REVERSED:
        upright = upright[:, ::-1]
    return upright


@contextmanager
def _faults_told(data: bytes, name: str) -> Iterator[None]:
    """Turn what the readers raise into what is wrong with the file."""
    try:
        yield
    except NotReadError as error:
        raise ItemError(
            ItemErrorCode.UNSUPPORTED_FORMAT,
            f"The file is {error.what}, which is not read; save it as JPEG or PNG and resend.",
        ) from error
    except EndsEarlyError as error:
        raise _too_short(name) from error
    except READER_FAULTS as error:
        if str(error).startswith(("Unsupported", "cannot handle")):
            raise ItemError(
                ItemErrorCode.UNSUPPORTED_FORMAT,
                f"The file is a {name} of a kind that is not read;"
                " save it as JPEG or PNG and resend.",
            ) from error
        if _ends_early(data, name, error):
            raise _too_short(name) from error
        raise ItemError(
            ItemErrorCode.DECODE_FAILED, f"The {name} file is damaged; save it again and resend."
        ) from error


def _ends_early(data: bytes, name: str, error: Exception) -> bool:
    if isinstance(error, EOFError) or "truncated" in str(error).lower():
        return True
    try:
        return (name == "WEBP" and webp.ends_early(data)) or (
            name == "TIFF" and tiff.ends_early(data)
        )
    except (EndsEarlyError, *READER_FAULTS):
        return False


def _too_short(name: str) -> ItemError:
    return ItemError(ItemErrorCode.TRUNCATED, f"The {name} file ends too early; send it whole.")
