"""The entries of a tar, read once from front to back."""

import tarfile
from collections.abc import Callable, Iterator
from typing import IO, BinaryIO, cast

from services.api.jobs.submission.archives.entries import (
    Entry,
    EntryCount,
    EntryDamagedError,
    entry_name,
    unreadable,
)
from services.api.jobs.submission.archives.inflate import TarStream
from services.api.jobs.submission.archives.meters import Meter
from services.api.jobs.submission.spool import ArchiveKind
from services.common.domain.limits import PhotoLimits

_END = bytes(tarfile.BLOCKSIZE)


def tar_entries(
    file: BinaryIO, kind: ArchiveKind, meter: Meter, limits: PhotoLimits
) -> Iterator[Entry]:
    """Yield the files of a tar in their order. Folders, devices and symbolic links are passed over.

    Hard links are files: the second name of a file is packed as one. A fault ends it: what follows
    it cannot be found any more.

    Raises:
        ApiError: ARCHIVE_REFUSED or PAYLOAD_TOO_LARGE.
        Exception: whatever the decompressor and `tarfile` raise on damaged bytes.
    """
    stream, count = TarStream(file, kind, meter), EntryCount(limits)
    with tarfile.open(fileobj=cast("IO[bytes]", stream), mode="r:") as archive:
        while (member := archive.next()) is not None:
            count.header()
            name = entry_name(member.name)
            if name is None:
                meter.pass_over()
            elif member.isreg() or member.islnk():
                count.file()
                same_as = member.linkname if member.islnk() else ""
                read = _no_bytes if same_as else _reader(archive, member)
                yield Entry(name, read, member.name, same_as)
        # To tarfile a broken header is an end like any other; the photos behind it were lost.
        if stream.last != _END:
            raise unreadable()


def _reader(archive: tarfile.TarFile, member: tarfile.TarInfo) -> Callable[[int], bytes]:
    if member.issparse():
        return _refuse_holes
    unpacked = archive.extractfile(member)
    assert unpacked is not None  # noqa: S101 - a regular file has bytes
    return unpacked.read


def _no_bytes(_size: int) -> bytes:
    return b""


def _refuse_holes(_size: int) -> bytes:
    """Refuse a file with holes, which may claim an exabyte of zeros in a kilobyte."""
    raise EntryDamagedError
