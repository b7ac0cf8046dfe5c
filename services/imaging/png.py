"""PNG: the pixels' chunks are read, those beside them are left out.

Pillow gives a PNG up for the check sum of a colour profile, or for a long text, which no viewer
looks at.
"""

import io
import zlib
from collections.abc import Iterator
from typing import NamedTuple

from PIL import PngImagePlugin

from services.common.domain.faces import PhotoWarning
from services.imaging.source import NotReadError, Source

_SIGNATURE_BYTES = 8
_HEADER_BYTES = 8
_CRC_BYTES = 4
_END = b"\x00\x00\x00\x00IEND\xaeB`\x82"
# libpng writes a chunk per 8 KB; some cameras one per row. More would only cost time.
_MOST_CHUNKS = 65_536
# Pillow's limit for a text or profile, which may unpack to 1000 times its size; ours for all.
_LARGE = 1_048_576
_TEXTS = frozenset({b"iCCP", b"tEXt", b"zTXt", b"iTXt"})
# How ImageMagick keeps EXIF where there is no eXIf chunk: in hexadecimal, below three lines.
_RAW_EXIF = b"Raw profile type exif\0"
_RAW_LINES = 3


class _Chunk(NamedTuple):
    kind: bytes
    whole: memoryview  # with length, kind and check sum
    data: memoryview
    is_cut: bool  # by the file's end
    is_intact: bool

    @property
    def is_beside(self) -> bool:
        """Whether the PNG specification calls it ancillary: the first letter is small."""
        return bool(self.kind[0] & 0x20)


def open_png(data: bytes) -> Source:
    """Open a PNG by its critical chunks and its transparency.

    Where the end is missing behind the last row, it is added. An animation is its still picture.
    """
    kept: list[bytes | memoryview] = [data[:_SIGNATURE_BYTES]]
    warnings: list[PhotoWarning] = []
    exif = b""
    unpacked = 0
    is_cut = is_ended = False
    for chunk in _chunks(data):
        if chunk.kind == b"IEND":
            is_ended = not chunk.is_cut
        elif not chunk.is_beside:
            kept.append(chunk.whole)
            is_cut = chunk.is_cut
        elif not chunk.is_intact or unpacked > _LARGE:
            warnings.append(PhotoWarning.SIDE_CHUNK_SKIPPED)
        elif chunk.kind == b"tRNS":
            kept.append(chunk.whole)
        else:
            unpacked += _unpacked_size(chunk)
            exif = _exif_in(chunk) or exif
    if unpacked > _LARGE:
        warnings.append(PhotoWarning.SIDE_CHUNK_SKIPPED)
    if not is_cut:
        kept.append(_END)
    if not is_ended:
        warnings.append(PhotoWarning.END_MISSING)
    image = PngImagePlugin.PngImageFile(io.BytesIO(b"".join(kept)))
    return Source(image, exif, warnings=tuple(dict.fromkeys(warnings)))


def _chunks(data: bytes) -> Iterator[_Chunk]:
    """Yield the chunks up to IEND; the last may be cut short by the file's end."""
    view, at = memoryview(data), _SIGNATURE_BYTES
    for _ in range(_MOST_CHUNKS):
        size, kind = int.from_bytes(view[at : at + 4]), bytes(view[at + 4 : at + _HEADER_BYTES])
        if len(kind) < _HEADER_BYTES - 4:
            return
        end = at + _HEADER_BYTES + size
        content = view[at + _HEADER_BYTES : end]
        yield _Chunk(
            kind,
            view[at : end + _CRC_BYTES],
            content,
            end + _CRC_BYTES > len(view),
            # Of the pixels' chunks Pillow checks it.
            not kind[0] & 0x20
            or zlib.crc32(content, zlib.crc32(kind))
            == int.from_bytes(view[end : end + _CRC_BYTES]),
        )
        at = end + _CRC_BYTES
        if kind == b"IEND":
            return
    raise NotReadError(f"a PNG of more chunks than the limit of {_MOST_CHUNKS}")


def _unpacked_size(chunk: _Chunk) -> int:
    """Return how much a text or profile holds, without unpacking more than the limit."""
    if chunk.kind not in _TEXTS:
        return 0
    return max(len(chunk.data), len(_unpacked(chunk, _LARGE + 1)))


def _unpacked(chunk: _Chunk, most: int) -> bytes:
    """Return the first ``most`` bytes of what is packed in a chunk; empty where nothing is."""
    _, _, rest = bytes(chunk.data).partition(b"\0")
    if chunk.kind == b"tEXt":
        return b""
    if chunk.kind == b"iTXt":
        if rest[:1] != b"\x01":
            return b""
        rest = rest[1:].split(b"\0", 2)[-1]
    try:
        return zlib.decompressobj().decompress(rest[1:], most)
    except zlib.error:
        return b""


def _exif_in(chunk: _Chunk) -> bytes:
    if chunk.kind == b"eXIf":
        return bytes(chunk.data)
    if chunk.kind not in {b"tEXt", b"zTXt"} or chunk.data[: len(_RAW_EXIF)] != _RAW_EXIF:
        return b""
    text = bytes(chunk.data)[len(_RAW_EXIF) :]
    lines = (_unpacked(chunk, _LARGE) if chunk.kind == b"zTXt" else text).split(b"\n")
    try:
        return bytes.fromhex(b"".join(lines[_RAW_LINES:]).decode("ascii"))
    except ValueError:
        return b""
