"""Photo bytes to an upright RGB array: the one decoder of the product.

Phone photos carry their rotation in EXIF; a decoder that ignores it finds no face
(face_recognition#381) or draws boxes in the wrong place (immich#13740).
"""

import io
import struct
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NoReturn

import numpy as np
from numpy.typing import NDArray
from PIL import (
    BmpImagePlugin,
    ExifTags,
    Image,
    ImageFile,
    JpegImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
)

from services.common.domain.errors import ItemError, ItemErrorCode
from services.common.domain.faces import PhotoWarning
from services.common.domain.limits import PhotoLimits
from services.imaging.bands import rgb_in_bands
from services.imaging.children.decoding import decode_in_child

Readers = Mapping[str, type[ImageFile.ImageFile]]

# The readers are called directly instead of through Image.open: it would warn or raise by
# Pillow's global pixel limit before ours is checked, and open phone JPEGs as "MPO".
READERS: Mapping[str, type[ImageFile.ImageFile]] = {
    "JPEG": JpegImagePlugin.JpegImageFile,
    "PNG": PngImagePlugin.PngImageFile,
    "WEBP": WebPImagePlugin.WebPImageFile,
    "BMP": BmpImagePlugin.BmpImageFile,
    "TIFF": TiffImagePlugin.TiffImageFile,
}

_SIGNATURES: tuple[tuple[bytes, str], ...] = (
    (b"\xff\xd8\xff", "JPEG"),
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"BM", "BMP"),
    (b"II*\x00", "TIFF"),
    (b"MM\x00*", "TIFF"),
    (b"II+\x00", "TIFF"),
    (b"MM\x00+", "TIFF"),
    (b"GIF87a", "GIF"),
    (b"GIF89a", "GIF"),
    (b"\x00\x00\x00\x0cjP  \r\n\x87\n", "JP2"),
    (b"\xff\x4f\xff\x51", "JP2"),
)
_HEIC_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"mif1", b"msf1"})
_AVIF_BRANDS = frozenset({b"avif", b"avis"})

# EXIF orientations (TIFF 6.0, tag 274): stored rows become columns, run from below, from the right.
_ORIENTATIONS = range(1, 9)
_TRANSPOSED = frozenset({5, 6, 7, 8})
_ROWS_REVERSED = frozenset({3, 4, 7, 8})
_COLUMNS_REVERSED = frozenset({2, 3, 6, 7})

# What Pillow's readers raise on damaged or hostile bytes (found by fuzzing, see the tests).
_READER_FAULTS = (
    OSError,
    EOFError,
    SyntaxError,
    ValueError,
    TypeError,
    LookupError,
    ArithmeticError,
    AttributeError,
    AssertionError,
    RuntimeError,
    struct.error,
    zlib.error,
)


@dataclass(frozen=True, slots=True, eq=False)
class DecodedPhoto:
    """An upright photo: ``rgb`` is uint8 ``[H, W, 3]``, C-contiguous.

    ``exif_orientation`` is the tag's value 1..8 as found, already applied to ``rgb``.
    ``format`` is the real format by content, one of ``PhotoLimits.formats``.
    ``captured_at`` and ``warnings`` are those of ``PhotoAnalysis``.
    """

    rgb: NDArray[np.uint8]
    exif_orientation: int
    format: str
    captured_at: str | None = None
    warnings: tuple[PhotoWarning, ...] = ()

    @property
    def width(self) -> int:
        """Width of the upright photo in pixels."""
        return int(self.rgb.shape[1])

    @property
    def height(self) -> int:
        """Height of the upright photo in pixels."""
        return int(self.rgb.shape[0])


def sniff_format(head: bytes) -> str | None:
    """Return the format that the first bytes (12 are enough) announce, or None."""
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "WEBP"
    if head[4:8] == b"ftyp" and head[8:12] in _HEIC_BRANDS | _AVIF_BRANDS:
        return "AVIF" if head[8:12] in _AVIF_BRANDS else "HEIC"
    return next((name for magic, name in _SIGNATURES if head.startswith(magic)), None)


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
    bits, gray, palette and CMYK become RGB.

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
    name = sniff_format(data[:12])
    if name is None or name not in limits.formats:
        raise ItemError(
            ItemErrorCode.UNSUPPORTED_FORMAT,
            f"The file is not a photo that can be read; send {', '.join(limits.formats)}.",
        )
    if readers is None and name not in READERS:
        return _decode_in_child(data, limits)
    try:
        with (readers or READERS)[name](io.BytesIO(data)) as image:
            _check_pixels(image.size, limits)
            orientation = _orientation(image)
            if enough_pixels:
                _draft(image, enough_pixels)
            image.load()
            # Read again: Pillow turns TIFF upright while loading and then drops the tag.
            turn = _orientation(image)
            rgb = _as_rgb(image)
        del image  # 4 bytes a pixel
    except Image.DecompressionBombError:
        # Pillow's WebP reader allocates its canvas while opening and so checks by itself.
        raise _too_many_pixels("more than 178,956,970", limits) from None
    except _READER_FAULTS as error:
        _raise_unreadable(data, name, error)
    return DecodedPhoto(np.ascontiguousarray(_upright(rgb, turn)), orientation, name)


def _decode_in_child(data: bytes, limits: PhotoLimits) -> DecodedPhoto:
    rgb, facts = decode_in_child(data, limits=limits)
    return DecodedPhoto(
        rgb,
        exif_orientation=facts["exif_orientation"],
        format=facts["format"],
        captured_at=facts["captured_at"],
        warnings=tuple(PhotoWarning(warning) for warning in facts["warnings"]),
    )


def _draft(image: ImageFile.ImageFile, enough_pixels: int) -> None:
    """Have libjpeg decode at a half, a quarter or an eighth: other readers know no such thing."""
    width, height = image.size
    step = next(k for k in (8, 4, 2, 1) if width * height >= enough_pixels * k * k or k == 1)
    if step > 1 and isinstance(image, JpegImagePlugin.JpegImageFile):
        image.draft(None, (width // step, height // step))


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
        raise _too_many_pixels(f"{width}x{height}", limits)
    if min(width, height) < limits.photo_min_side_px:
        raise ItemError(
            ItemErrorCode.TOO_SMALL,
            f"The photo has {width}x{height} pixels; "
            f"each side needs at least {limits.photo_min_side_px}.",
        )


def _too_many_pixels(found: str, limits: PhotoLimits) -> ItemError:
    return ItemError(
        ItemErrorCode.TOO_MANY_PIXELS,
        f"The photo has {found} pixels; the limit is {limits.photo_pixels} in all.",
    )


def _orientation(image: Image.Image) -> int:
    try:
        value = image.getexif().get(ExifTags.Base.Orientation, 1)
    except _READER_FAULTS:
        return 1  # a broken EXIF block does not spoil the pixels
    return value if value in _ORIENTATIONS else 1


def _as_rgb(image: Image.Image) -> NDArray[np.uint8]:
    if image.mode.startswith("I;16"):
        gray = (np.asarray(image) >> 8).astype(np.uint8)
        return rgb_in_bands(Image.fromarray(gray), lambda band: band.convert("RGB"))
    if image.mode in {"I", "F"}:
        gray = _stretched(np.asarray(image))
        return rgb_in_bands(Image.fromarray(gray), lambda band: band.convert("RGB"))
    if image.has_transparency_data:
        return rgb_in_bands(image, _on_white)
    return rgb_in_bands(image, lambda band: band.convert("RGB"))


def _on_white(band: Image.Image) -> Image.Image:
    rgba = band.convert("RGBA")
    paper = Image.new("RGBA", rgba.size, "white")
    return Image.alpha_composite(paper, rgba).convert("RGB")


def _stretched(values: NDArray[np.int32] | NDArray[np.float32]) -> NDArray[np.uint8]:
    """Map 32-bit samples, whose white point no file tells, from their own range to 0..255."""
    finite = np.nan_to_num(values.astype(np.float64), posinf=0.0, neginf=0.0)
    low, high = float(finite.min()), float(finite.max())
    scale = 255.0 / (high - low) if high > low else 0.0
    return np.asarray(np.round((finite - low) * scale), dtype=np.uint8)


def _upright(rgb: NDArray[np.uint8], orientation: int) -> NDArray[np.uint8]:
    """Apply an EXIF orientation as a view; Pillow would copy the pixels twice."""
    upright = np.swapaxes(rgb, 0, 1) if orientation in _TRANSPOSED else rgb
    if orientation in _ROWS_REVERSED:
        upright = upright[::-1]
    if orientation in _COLUMNS_REVERSED:
        upright = upright[:, ::-1]
    return upright


def _raise_unreadable(data: bytes, name: str, error: Exception) -> NoReturn:
    cut_webp = name == "WEBP" and int.from_bytes(data[4:8], "little") + 8 > len(data)
    if cut_webp or isinstance(error, EOFError) or "truncated" in str(error).lower():
        raise ItemError(
            ItemErrorCode.TRUNCATED, f"The {name} file ends too early; send it whole."
        ) from error
    raise ItemError(
        ItemErrorCode.DECODE_FAILED, f"The {name} file is damaged; save it again and resend."
    ) from error
