"""Compressed tars as one stream forward, whose memory no header can ask for.

`tarfile` reads extended headers whole and trusts their size, its own stream mode inflates a
block without a limit, and `lzma` reserves the dictionary that the file wishes for. So the
bytes are inflated here, in small pieces, and a large read or a step back is refused.
"""

import bz2
import gzip
import lzma
from collections.abc import Callable
from typing import BinaryIO, Protocol

from services.api.jobs.submission.archives.entries import refused, unreadable
from services.api.jobs.submission.archives.meters import Meter
from services.api.jobs.submission.spool import ArchiveKind

# Entries are read 64 KiB at a time; a long path with its extended header has a few kilobytes.
LARGEST_READ = 1_048_576
_STEP = 65_536
# `xz -9` wants 65 MiB; what wants more was not packed for us.
_XZ_MEMORY = 128 * 1_048_576


class _Inflater(Protocol):
    """What bz2 and lzma share."""

    @property
    def eof(self) -> bool: ...

    @property
    def needs_input(self) -> bool: ...

    @property
    def unused_data(self) -> bytes: ...

    def decompress(self, data: bytes, max_length: int = -1) -> bytes: ...


class _Inflated:
    """The inflated bytes of a bzip2 or xz file, which may be several streams end to end."""

    def __init__(self, file: BinaryIO, fresh: Callable[[], _Inflater]) -> None:
        self._file = file
        self._fresh = fresh
        self._inflater = fresh()
        self._pending = b""

    def read(self, size: int) -> bytes:
        """Return up to ``size`` bytes; none only at the end.

        Raises:
            EOFError: the file ends before its stream does.
        """
        while True:
            if self._inflater.eof and not self._next_stream():
                return b""
            if self._inflater.needs_input and not self._pending:
                self._pending = self._file.read(_STEP)
                if not self._pending:
                    raise EOFError
            fed, self._pending = self._pending, b""
            data = self._inflater.decompress(fed, size)
            if data:
                return data

    def _next_stream(self) -> bool:
        # Padding of zeros may lie between the streams of xz, and after the last.
        rest = self._inflater.unused_data.lstrip(b"\0")
        while not rest:
            read = self._file.read(_STEP)
            if not read:
                return False
            rest = read.lstrip(b"\0")
        self._inflater, self._pending = self._fresh(), rest
        return True


class TarStream:
    """What `tarfile` reads a tar from: forward only, metered, in reads of at most 1 MiB."""

    def __init__(self, file: BinaryIO, kind: ArchiveKind, meter: Meter) -> None:
        self._source = _opened(file, kind)
        self._meter = meter
        self._position = 0
        self.last = b""

    def read(self, size: int = -1) -> bytes:
        """Return ``size`` bytes, fewer only at the end. ``last`` keeps them."""
        if not 0 <= size <= LARGEST_READ:
            raise refused("The archive has a header of over 1 MB; pack it again with short names.")
        data = bytearray()
        while len(data) < size and (piece := self._source.read(size - len(data))):
            data += piece
        self._meter.take(len(data))
        self._position += len(data)
        self.last = bytes(data)
        return self.last

    def seek(self, position: int) -> int:
        """Read on to ``position``, counting what is passed over."""
        if position < self._position:
            raise unreadable()
        while self._position < position:
            if not self.read(min(position - self._position, _STEP)):
                raise unreadable()
        return self._position

    def tell(self) -> int:
        """Return how many bytes were read."""
        return self._position


def _opened(file: BinaryIO, kind: ArchiveKind) -> BinaryIO | gzip.GzipFile | _Inflated:
    match kind:
        case ArchiveKind.TAR_GZ:
            return gzip.GzipFile(fileobj=file, mode="rb")
        case ArchiveKind.TAR_BZ2:
            return _Inflated(file, bz2.BZ2Decompressor)
        case ArchiveKind.TAR_XZ:
            return _Inflated(file, lambda: lzma.LZMADecompressor(memlimit=_XZ_MEMORY))
        case _:
            return file
