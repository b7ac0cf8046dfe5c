"""From an archive in the spool to its photos in the spool, one at a time."""

import lzma
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import BinaryIO

from services.api.bodies import no_room
from services.api.jobs.submission.archives.entries import (
    Entry,
    EntryDamagedError,
    refused,
    unreadable,
)
from services.api.jobs.submission.archives.meters import Allowance, Meter
from services.api.jobs.submission.archives.tars import tar_entries
from services.api.jobs.submission.archives.zips import zip_entries
from services.api.jobs.submission.spool import ArchiveKind, Spool, SpooledArchive, SpooledPhoto
from services.common.domain.errors import ItemErrorCode
from services.common.domain.limits import PhotoLimits
from services.common.jobs.repositories.items import Refusal
from services.common.telemetry import get_logger

_STEP = 65_536
_DAMAGED = Refusal(
    ItemErrorCode.DECODE_FAILED, "The file is damaged inside its archive; pack it again."
)
# What zipfile, tarfile and the decompressors raise on damaged or hostile bytes.
_READER_FAULTS = (
    zipfile.BadZipFile,
    tarfile.TarError,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    EOFError,
    OSError,
    ValueError,
    LookupError,
    ArithmeticError,
    RuntimeError,  # also of a thousand headers that each announce the next
)

_log = get_logger(__name__)


def expand(archive: SpooledArchive, allowance: Allowance) -> Iterator[SpooledPhoto]:
    """Yield the photos of an archive, each to be closed by the caller.

    Archives inside of it are not opened: they are files that are no photos. A file that cannot
    be unpacked is a photo with a refusal.

    Raises:
        ApiError: ARCHIVE_REFUSED; PAYLOAD_TOO_LARGE; OVERLOADED, the spool has no room.
    """
    limits, found = allowance.limits, 0
    entries = _entries(archive, Meter(archive.byte_count, allowance), limits)
    while True:
        with _archive_faults():
            entry = next(entries, None)
        if entry is None:
            break
        found += 1
        yield _unpack(entry, limits)
    if not found:
        raise refused("The archive holds no photo; pack photos, not archives of photos.")


def _entries(archive: SpooledArchive, meter: Meter, limits: PhotoLimits) -> Iterator[Entry]:
    file: BinaryIO = archive.file
    if archive.kind is ArchiveKind.ZIP:
        return zip_entries(file, meter, limits)
    return tar_entries(file, archive.kind, meter, limits)


def _unpack(entry: Entry, limits: PhotoLimits) -> SpooledPhoto:
    with closing(Spool(entry.name, limits=limits)) as spool:
        while True:
            try:
                with _archive_faults():
                    data = entry.read(_STEP)
            except EntryDamagedError:
                return spool.refuse(_DAMAGED)
            if not data:
                return spool.photo()
            try:
                spool.write(data)
            except OSError as error:
                raise no_room() from error


@contextmanager
def _archive_faults() -> Iterator[None]:
    """Turn what readers raise into one problem."""
    try:
        yield
    except _READER_FAULTS as error:
        _log.info("archive.unreadable", error=type(error).__name__)
        raise unreadable() from error
