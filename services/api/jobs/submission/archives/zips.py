"""The entries of a zip: everything is checked against the directory before a byte is unpacked."""

import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import closing
from typing import IO, BinaryIO, cast

from services.api.jobs.submission.archives.entries import (
    Entry,
    EntryCount,
    EntryDamagedError,
    entry_name,
    refused,
    too_much,
)
from services.api.jobs.submission.archives.meters import Meter
from services.common.domain.limits import PhotoLimits

# zipfile inflates bzip2 and LZMA without a limit: 4 KB of bzip2 can be 4 GB.
_METHODS = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
_ENCRYPTED = 0x1 | 0x40
# Bytes of the directory per allowed entry. It is read whole and makes an object per 46 bytes.
_DIRECTORY_SHARE = 1_024
# The directory's end is looked for in the last 64 KiB, behind the longest comment.
_LEAST_READ = 131_072
_LOCAL_HEADER = 30
_UNIX_MODE = 16
_IS_UTF_8 = 0x800
_EXTRA = struct.Struct("<HH")
_UNICODE_PATH = 0x7075
_UNICODE_PATH_HEAD = struct.Struct("<BL")
_ENTRY_FAULTS = (zipfile.BadZipFile, zlib.error, EOFError, ValueError)


class _ShortReads:
    """A file whose reads are short: `zipfile` reads the directory at once, however long it is."""

    def __init__(self, file: BinaryIO, limits: PhotoLimits) -> None:
        self._limit = max(_LEAST_READ, _DIRECTORY_SHARE * limits.archive_entries)
        self._entries = limits.archive_entries
        self.seek, self.tell, self.seekable = file.seek, file.tell, file.seekable
        self._read = file.read

    def read(self, size: int = -1) -> bytes:
        data = self._read(min(size, self._limit + 1) if size >= 0 else self._limit + 1)
        if len(data) > self._limit:
            raise too_much(
                f"The directory of the archive is too long for {self._entries} photos; send"
                " several archives in several jobs.",
                limit=self._entries,
            )
        return data


class _Unpacked:
    """One entry as it is unpacked; opened by the first read, because opening may fail as well."""

    def __init__(self, archive: zipfile.ZipFile, info: zipfile.ZipInfo, meter: Meter) -> None:
        self._archive = archive
        self._info = info
        self._meter = meter
        self._stream: IO[bytes] | None = None

    def read(self, size: int) -> bytes:
        """Return up to ``size`` bytes; the last ones only if the checksum fits.

        Raises:
            EntryDamagedError: this entry cannot be unpacked.
            ApiError: the archive unpacks to too much.
        """
        try:
            if self._stream is None:
                self._stream = self._archive.open(self._info)
            data = self._stream.read(size)
        except _ENTRY_FAULTS as error:
            raise EntryDamagedError from error
        self._meter.take(len(data))
        return data

    def close(self) -> None:
        """Close the entry."""
        if self._stream is not None:
            self._stream.close()


def zip_entries(file: BinaryIO, meter: Meter, limits: PhotoLimits) -> Iterator[Entry]:
    """Yield the files of a zip in the order of its directory.

    Raises:
        ApiError: ARCHIVE_REFUSED or PAYLOAD_TOO_LARGE.
        zipfile.BadZipFile: it has no directory that makes sense.
    """
    with zipfile.ZipFile(cast("IO[bytes]", _ShortReads(file, limits))) as archive:
        infos = archive.infolist()
        _check_overlap(infos, end=archive.start_dir)
        # All of them before the first is unpacked: a refusal costs nothing then.
        for name, info in list(_photos(infos, meter, limits)):
            with closing(_Unpacked(archive, info, meter)) as unpacked:
                yield Entry(name, unpacked.read)


def _photos(
    infos: Sequence[zipfile.ZipInfo], meter: Meter, limits: PhotoLimits
) -> Iterator[tuple[str, zipfile.ZipInfo]]:
    count = EntryCount(limits)
    for info in infos:
        count.header()
        path = entry_path(info)
        name = entry_name(path)
        if not _is_file(info, path):
            continue
        if name is None:
            meter.pass_over()
            continue
        count.file()
        _check_method(info)
        yield name, info


def entry_path(info: zipfile.ZipInfo) -> str:
    """Return what an entry is called, in the words of whoever packed it.

    Names are UTF-8 by a flag, else code page 437. Finder and others write UTF-8 without the flag,
    and bytes that happen to be UTF-8 are hardly ever anything else. Info-ZIP adds the name in
    UTF-8 as an extra field, with a checksum of the one in the header.
    """
    if info.flag_bits & _IS_UTF_8:
        return info.filename
    raw = info.filename.encode("cp437")
    try:
        return _unicode_path(info.extra, raw) or raw.decode()
    except UnicodeDecodeError:
        return info.filename


def _unicode_path(extra: bytes, raw: bytes) -> str | None:
    while len(extra) >= _EXTRA.size:
        kind, size = _EXTRA.unpack_from(extra)
        field, extra = extra[_EXTRA.size :][:size], extra[_EXTRA.size + size :]
        if kind == _UNICODE_PATH and field[:5] == _UNICODE_PATH_HEAD.pack(1, zlib.crc32(raw)):
            return field[5:].decode()
    return None


def _is_file(info: zipfile.ZipInfo, path: str) -> bool:
    """Whether an entry is a plain file: no folder, link or device. DOS zips record no type.

    .NET writes folders as empty entries that end in a back-slash.
    """
    kind = stat.S_IFMT(info.external_attr >> _UNIX_MODE)
    is_folder = info.is_dir() or (path.endswith("\\") and not info.file_size)
    return not is_folder and kind in (0, stat.S_IFREG)


def _check_method(info: zipfile.ZipInfo) -> None:
    if info.flag_bits & _ENCRYPTED:
        raise refused("The archive is encrypted; pack it again without a password.")
    if info.compress_type not in _METHODS:
        raise refused("The archive is packed by a rare method; pack it by deflate, or send a tar.")


def _check_overlap(infos: Sequence[zipfile.ZipInfo], *, end: int) -> None:
    """Refuse entries that share bytes: how 10 MB become 281 TB (Fifield, 2019).

    Python checks this itself from 3.11.8 on; Debian 12 has 3.11.2.
    """
    ordered = sorted(infos, key=lambda info: info.header_offset)
    starts = [info.header_offset for info in ordered[1:]] + [end]
    for info, following in zip(ordered, starts, strict=False):
        if info.header_offset + _LOCAL_HEADER + info.compress_size > following:
            raise refused("Entries of the archive overlap; pack it again.")
