"""A file of a submission on its way to disk: hashed, bounded; its content says what it is."""

import hashlib
from dataclasses import dataclass
from enum import StrEnum
from tempfile import SpooledTemporaryFile
from typing import BinaryIO, cast

from services.common.domain.limits import PhotoLimits
from services.common.jobs.repositories.items import Refusal

# Smaller photos stay in memory: at most 8 wait to be put at a time.
_MEMORY_BYTES = 1_000_000
# Enough to see the magic of a tar, which is at byte 257.
_HEAD_BYTES = 512


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


@dataclass(slots=True)
class SpooledPhoto:
    """A photo that has arrived.

    ``file`` is at its start; None when the photo is refused, or has the bytes of an earlier one.
    ``sha256`` is None for one whose bytes nobody has seen whole.
    """

    filename: str
    sha256: bytes | None
    byte_count: int
    file: BinaryIO | None
    refusal: Refusal | None = None

    def close(self) -> None:
        """Close the spooled file."""
        if self.file is not None:
            self.file.close()


@dataclass(slots=True)
class SpooledArchive:
    """An archive that has arrived, at its start."""

    kind: ArchiveKind
    byte_count: int
    file: BinaryIO

    def close(self) -> None:
        """Close the spooled file."""
        self.file.close()


class Spool:
    """The file that is arriving. Past the limit of a photo it is only hashed, no longer kept.

    Closing it is harmless once its photo or archive was handed out.
    """

    def __init__(self, filename: str, *, limits: PhotoLimits) -> None:
        self._filename = filename
        self._limit = limits.photo_bytes
        self._file = SpooledTemporaryFile(_MEMORY_BYTES)  # noqa: SIM115 - it outlives the call
        self._digest = hashlib.sha256()
        self._size = 0
        self._head = b""
        self._handed_out = False

    def write(self, data: bytes) -> None:
        """Take the next bytes; raises OSError when the disk is full."""
        self._digest.update(data)
        self._size += len(data)
        if len(self._head) < _HEAD_BYTES:
            self._head += data[: _HEAD_BYTES - len(self._head)]
        if self._size <= self._limit or archive_kind(self._head):
            self._file.write(data)
        else:
            self._file.close()

    def finish(self) -> SpooledPhoto | SpooledArchive:
        """Hand out what has arrived."""
        kind = archive_kind(self._head)
        if kind is None:
            return self.photo()
        return SpooledArchive(kind, self._size, self._hand_out())

    def photo(self) -> SpooledPhoto:
        """Hand out what has arrived as a photo, whatever it is."""
        refusal = Refusal.by_size(self._size, limit=self._limit)
        if refusal:
            self.close()
        return SpooledPhoto(
            filename=self._filename,
            sha256=self._digest.digest(),
            byte_count=self._size,
            file=None if refusal else self._hand_out(),
            refusal=refusal,
        )

    def refuse(self, refusal: Refusal) -> SpooledPhoto:
        """Give up a photo that will never be whole."""
        self.close()
        return SpooledPhoto(self._filename, None, self._size, None, refusal)

    def close(self) -> None:
        """Close the file unless it was handed out."""
        if not self._handed_out:
            self._file.close()

    def _hand_out(self) -> BinaryIO:
        self._handed_out = True
        self._file.seek(0)
        return cast("BinaryIO", self._file)


def archive_kind(head: bytes) -> ArchiveKind | None:
    """Return what the first 512 bytes announce; None for anything else, photos among it."""
    for magic, kind in _MAGIC:
        if head.startswith(magic):
            return kind
    return ArchiveKind.TAR if head[_TAR_MAGIC] == b"ustar" else None
