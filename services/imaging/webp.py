"""WebP: the size is read before libwebp allocates, and a still picture takes one canvas.

Pillow reads every WebP as an animation, at 16 bytes a pixel: above some 8 Mpx no picture could
be drawn of one in the API. A still one is decoded by libwebp's own function for it, out of the
library that Pillow has loaded: 4 bytes a pixel, and 4 more meanwhile where it is lossless.
"""

import ctypes
import importlib
import io
from collections.abc import Callable
from typing import Any

from PIL import Image, ImageFile, WebPImagePlugin

from services.imaging.source import EndsEarlyError, Source

_HEAD_BYTES = 30
_FIRST_CHUNK = 12
_CHUNK_HEAD_BYTES = 8
# A still picture has seven kinds; more would only cost time.
_MOST_CHUNKS = 64
_MASK = 0x3FFF
# Flags of a VP8X chunk, and of a VP8L chunk behind width and height.
_ANIMATED, _ALPHA, _LOSSLESS_ALPHA = 0x02, 0x10, 1 << 28


def open_webp(data: bytes) -> Source:
    """Open a WebP; of an animation its first frame.

    Raises:
        EndsEarlyError: the header is cut.
    """
    if _DECODE is None or _is_animated(data):
        image: ImageFile.ImageFile = WebPImagePlugin.WebPImageFile(io.BytesIO(data))
        return Source(image, image.info.get("exif") or b"")
    return Source(_Still(io.BytesIO(data)), _exif(data))


def webp_size(data: bytes) -> tuple[int, int] | None:
    """Return width and height of the canvas by the header; None where it is damaged."""
    if len(data) < _HEAD_BYTES:
        raise EndsEarlyError
    kind = data[12:16]
    if kind == b"VP8X":
        return (
            int.from_bytes(data[24:27], "little") + 1,
            int.from_bytes(data[27:30], "little") + 1,
        )
    if kind == b"VP8L":
        bits = int.from_bytes(data[21:25], "little")
        return (bits & _MASK) + 1, (bits >> 14 & _MASK) + 1
    if kind == b"VP8 ":
        width, height = data[26:28], data[28:30]
        return int.from_bytes(width, "little") & _MASK, int.from_bytes(height, "little") & _MASK
    return None


def ends_early(data: bytes) -> bool:
    """Tell whether the file is shorter than its header says."""
    return int.from_bytes(data[4:8], "little") + 8 > len(data)


class _Still(ImageFile.ImageFile):
    """A WebP that is no animation, in Pillow's terms."""

    format = "WEBP"
    format_description = "WebP image"

    def _open(self) -> None:
        self._data: bytes = self.fp.read() if self.fp else b""
        size = webp_size(self._data)
        if size is None:
            raise SyntaxError("not a WebP file")
        self._size = size
        self._mode = "RGBA" if _has_alpha(self._data) else "RGBX"

    def load(self) -> Any:
        if self._im is None:
            width, height = self.size
            pixels = bytearray(width * height * 4)
            target = (ctypes.c_char * len(pixels)).from_buffer(pixels)
            done = _DECODE and _DECODE(self._data, len(self._data), target, len(pixels), width * 4)
            if not done:
                raise OSError("libwebp cannot decode it")
            # Not copied: the picture keeps the buffer.
            self.im = Image.frombuffer(self.mode, self.size, pixels, "raw", self.mode, 0, 1).im
        return super().load()


def _is_animated(data: bytes) -> bool:
    return data[12:16] == b"VP8X" and bool(data[20] & _ANIMATED)


def _has_alpha(data: bytes) -> bool:
    if data[12:16] == b"VP8X":
        return bool(data[20] & _ALPHA)
    return data[12:16] == b"VP8L" and bool(int.from_bytes(data[21:25], "little") & _LOSSLESS_ALPHA)


def _exif(data: bytes) -> bytes:
    at = _FIRST_CHUNK
    for _ in range(_MOST_CHUNKS):
        start = at + _CHUNK_HEAD_BYTES
        size = int.from_bytes(data[at + 4 : start], "little")
        if data[at : at + 4] == b"EXIF":
            return data[start : start + size]
        at = start + size + size % 2
    return b""


def _still_decoder() -> Callable[..., int | None] | None:
    """Return WebPDecodeRGBAInto; None where Pillow does not load libwebp as a library."""
    try:
        # Only for its path.
        library = ctypes.CDLL(importlib.import_module("PIL._webp").__file__)
        function = library.WebPDecodeRGBAInto
    except (ImportError, AttributeError, OSError):
        return None
    pointer, size = ctypes.c_void_p, ctypes.c_size_t
    function.restype = pointer
    function.argtypes = [ctypes.c_char_p, size, pointer, size, ctypes.c_int]
    found: Callable[..., int | None] = function
    return found


_DECODE = _still_decoder()
