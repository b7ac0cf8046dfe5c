"""Which archive a file is, by its content: a name may say anything."""

from enum import StrEnum

# Enough to see the magic of a tar, which is at byte 257.
HEAD_BYTES = 512


class ArchiveKind(StrEnum):
    """Archives that are opened."""

    ZIP = "zip"
    TAR = "tar"
    TAR_GZ = "tar.gz"
    TAR_BZ2 = "tar.bz2"
    TAR_XZ = "tar.xz"


_MAGIC = (
    (b"PK\x03\x04", ArchiveKind.ZIP),
    (b"PK\x05\x06", ArchiveKind.ZIP),  # a zip without entries
    (b"\x1f\x8b", ArchiveKind.TAR_GZ),
    (b"BZh", ArchiveKind.TAR_BZ2),
    (b"\xfd7zXZ\x00", ArchiveKind.TAR_XZ),
)
_TAR_MAGIC = slice(257, 262)


def archive_kind(head: bytes) -> ArchiveKind | None:
    """Return what the first `HEAD_BYTES` announce; None for anything else, photos among it."""
    for magic, kind in _MAGIC:
        if head.startswith(magic):
            return kind
    return ArchiveKind.TAR if head[_TAR_MAGIC] == b"ustar" else None
