"""WebP: the size is read before libwebp allocates its canvas."""

from services.imaging.source import EndsEarlyError

_HEAD_BYTES = 30
_MASK = 0x3FFF


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
