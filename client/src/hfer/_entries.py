"""Photos inside of archives on the user's disk, each read alone and as often as needed."""

import struct
import zipfile
import zlib
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import IO, Self

from hfer._files import BLOCK_BYTES
from hfer._kinds import HEAD_BYTES
from hfer._names import clean_name
from hfer.errors import HferError

# What the service takes as a reference of the client's own.
_LONGEST_REFERENCE = 255
_UNREADABLE = (OSError, EOFError, zipfile.BadZipFile, zlib.error)
_IS_UTF_8 = 0x800
_EXTRA = struct.Struct("<HH")
_UNICODE_PATH = 0x7075
_UNICODE_PATH_HEAD = struct.Struct("<BL")
_SYSTEM_FOLDER = "__MACOSX"
_SYSTEM_FILES = frozenset({"thumbs.db", "desktop.ini"})


def is_wanted(path: str) -> bool:
    """Whether an entry is a photo as far as its path goes: not hidden, and no system's own."""
    parts = _parts(path)
    hidden = any(part.startswith(".") or part == _SYSTEM_FOLDER for part in parts)
    return bool(parts) and not hidden and parts[-1].lower() not in _SYSTEM_FILES


@dataclass(frozen=True, slots=True)
class Entry(ABC):
    """A photo at a ``path`` inside of an ``archive``, of ``size`` bytes unpacked."""

    archive: Path
    path: str
    size: int

    @property
    def name(self) -> str:
        """Its path inside of the archive."""
        return clean_name(self.path)

    @property
    def client_ref(self) -> str | None:
        """The path once more, where it has folders: services of before drop them from the name."""
        name = self.name
        fits = len(name) <= _LONGEST_REFERENCE and name.isprintable()
        return name if fits and "/" in name else None

    def head(self) -> bytes:
        """Return its first bytes; none of what cannot be read, as will be told when it is sent."""
        try:
            with self._opened() as stream:
                return stream.read(HEAD_BYTES)
        except _UNREADABLE:
            return b""

    def blocks(self, *, fault: type[HferError]) -> Iterator[bytes]:
        """Read exactly ``size`` bytes: they were promised."""
        left = self.size
        try:
            with self._opened() as stream:
                while left and (block := stream.read(min(BLOCK_BYTES, left))):
                    left -= len(block)
                    yield block
        except _UNREADABLE as error:
            raise fault(self._damaged(str(error))) from error
        if left:
            raise fault(self._damaged("it ends early"))

    @abstractmethod
    def _opened(self) -> AbstractContextManager[IO[bytes]]: ...

    def _damaged(self, why: str) -> str:
        return (
            f"Cannot read {self.path} in {self.archive}: {why}."
            " Unpack the archive and submit the folder without it."
        )


class ZipSource:
    """An open zip whose entries may be read side by side."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("rb")
        try:
            # Given a file and not a path, zipfile never closes it by a count of its own, which
            # threads would upset.
            self._zip = zipfile.ZipFile(self._file)
        except BaseException:
            self._file.close()
            raise
        self._lock = Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._zip.close()
        self._file.close()

    def infos(self) -> list[zipfile.ZipInfo]:
        """List the entries in the order of the archive."""
        return self._zip.infolist()

    @contextmanager
    def opened(self, info: zipfile.ZipInfo) -> Iterator[IO[bytes]]:
        """Open one entry; its reads take turns with those of the others."""
        with self._lock:
            stream = self._zip.open(info)
        try:
            yield stream
        finally:
            with self._lock:
                stream.close()


@dataclass(frozen=True, slots=True)
class ZipEntry(Entry):
    """A photo in a zip."""

    source: ZipSource = field(repr=False)
    info: zipfile.ZipInfo = field(repr=False)

    def _opened(self) -> AbstractContextManager[IO[bytes]]:
        return self.source.opened(self.info)


@dataclass(frozen=True, slots=True)
class TarEntry(Entry):
    """A photo in a tar without compression: ``plain``, from byte ``offset`` on."""

    plain: Path
    offset: int

    @contextmanager
    def _opened(self) -> Iterator[IO[bytes]]:
        with self.plain.open("rb") as file:
            file.seek(self.offset)
            yield file


def entry_path(info: zipfile.ZipInfo) -> str:
    """Return what an entry of a zip is called, as the service reads it.

    Names are UTF-8 by a flag, else code page 437. Finder and others write UTF-8 without the flag,
    and bytes that happen to be UTF-8 are hardly ever anything else. Info-ZIP adds the name in
    UTF-8 as an extra field, with a checksum of the one in the header.
    """
    if info.flag_bits & _IS_UTF_8:
        return info.filename
    raw = info.orig_filename.partition("\0")[0].encode("cp437")
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


def _parts(path: str) -> list[str]:
    return [part for part in path.replace("\\", "/").split("/") if part not in ("", ".")]
