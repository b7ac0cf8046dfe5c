"""From an archive in the spool to its photos in the spool, one at a time."""

import lzma
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import replace
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
from services.imaging.formats import HEAD_BYTES, is_side_file

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

    Files that are plainly no photo are passed over and counted in ``allowance``. Archives inside
    of it are not opened, and are photos that fail. A file that cannot be unpacked is a photo with
    a refusal.

    Raises:
        ApiError: ARCHIVE_REFUSED; PAYLOAD_TOO_LARGE; OVERLOADED, the spool has no room.
    """
    limits, found = allowance.limits, 0
    # What was unpacked, by path: a hard link shares its bytes. None is a file passed over.
    unpacked: dict[str, SpooledPhoto | None] = {}
    meter = Meter(archive.byte_count, allowance)
    entries = _entries(archive, meter, limits)
    while True:
        with _archive_faults():
            entry = next(entries, None)
        if entry is None:
            break
        photo = _linked(entry, unpacked) if entry.same_as else _unpack(entry, limits)
        if archive.kind is not ArchiveKind.ZIP:
            unpacked[entry.path] = photo and replace(photo, file=None)
        if photo is None:
            meter.pass_over()
            continue
        found += 1
        yield photo
    if not found:
        raise refused("The archive holds no photo; pack photos, not archives of photos.")


def _entries(archive: SpooledArchive, meter: Meter, limits: PhotoLimits) -> Iterator[Entry]:
    file: BinaryIO = archive.file
    if archive.kind is ArchiveKind.ZIP:
        return zip_entries(file, meter, limits)
    return tar_entries(file, archive.kind, meter, limits)


def _linked(entry: Entry, unpacked: Mapping[str, SpooledPhoto | None]) -> SpooledPhoto | None:
    """Return the photo of a hard link: no file, for its bytes are where those it links to are."""
    try:
        photo = unpacked[entry.same_as]
    except KeyError:
        return SpooledPhoto(entry.name, None, 0, None, _DAMAGED)
    return photo and replace(photo, filename=entry.name)


def _unpack(entry: Entry, limits: PhotoLimits) -> SpooledPhoto | None:
    """Unpack an entry; None if it is plainly no photo, of which only the beginning is read."""
    with closing(Spool(entry.name, limits=limits)) as spool:
        is_first = True
        while True:
            try:
                with _archive_faults():
                    data = entry.read(_STEP)
            except EntryDamagedError:
                return spool.refuse(_DAMAGED)
            if is_first and is_side_file(entry.name, data[:HEAD_BYTES]):
                return None
            is_first = False
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
