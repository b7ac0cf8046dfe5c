"""Archives that are larger than one request takes: read out on this side, photo by photo.

Small ones go to the service as they are, which unpacks them. The photos of large ones are put
into its bucket by presigned URL like files; nothing but one block of each is in memory. What
the service passes over in archives is passed over here.
"""

import bz2
import gzip
import lzma
import shutil
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from io import BufferedIOBase
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Self

from hfer._entries import Entry, TarEntry, ZipEntry, ZipSource, entry_path, is_wanted
from hfer._files import LocalFile, Sendable
from hfer._kinds import ZIP_MAGIC, is_photo_name, kind_of
from hfer._photos import fit_one_request, worth_resuming
from hfer.errors import ArchiveFileError, NoPhotosError, PhotoFileError
from hfer.models import Limits
from hfer.skipped import OnSkip, Skipped, SkipReason

_HEAD_BYTES = 512
_TAR_MAGIC = slice(257, 262)
_UNPACKERS: tuple[tuple[bytes, Callable[[Path], BufferedIOBase]], ...] = (
    (b"\x1f\x8b", gzip.GzipFile),
    (b"BZh", bz2.BZ2File),
    (b"\xfd7zXZ\x00", lzma.LZMAFile),
)
# zipfile inflates the others without a limit: 1 MB of them can ask for gigabytes.
_ZIP_METHODS = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
_ENCRYPTED = 0x1
_UNIX_MODE = 16
_DAMAGED = (zipfile.BadZipFile, tarfile.TarError, EOFError, zlib.error, lzma.LZMAError, ValueError)


class Archives:
    """The archives of one submit, open as long as it lasts."""

    def __init__(self) -> None:
        self._open = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._open.close()

    def unpack_large(
        self, files: Sequence[LocalFile], *, limits: Limits, on_skip: OnSkip | None = None
    ) -> Sequence[Sendable]:
        """Return what is sent: the files, or the photos in them where archives are too large.

        ``on_skip`` is told what is passed over in archives, here or by the service.

        Raises:
            ArchiveFileError: an archive is large and cannot be read here.
            TooManyPhotosError: they are more than one job takes.
        """
        heads = {file.path: _head(file) for file in files}
        if not limits.declare_files or not any(map(_is_archive, heads.values())):
            return files
        small = _goes_whole(files, limits)
        photos: list[Sendable] = []
        for file in files:
            try:
                photos += _wanted(self._photos(file, heads[file.path]), on_skip)
            except ArchiveFileError:
                if small:
                    # What is wrong with it is for the service to say.
                    return files
                raise
        if small and _goes_whole(photos, limits):
            return files
        if not photos:
            raise NoPhotosError(f"There is no photo in {', '.join(str(f.path) for f in files)}.")
        return photos

    def _photos(self, file: LocalFile, head: bytes) -> Sequence[Sendable]:
        try:
            if head.startswith(ZIP_MAGIC):
                return self._zip_entries(file.path)
            for magic, opener in _UNPACKERS:
                if head.startswith(magic):
                    return list(_tar_entries(file.path, self._unpacked(file.path, opener)))
            if _is_archive(head):
                return list(_tar_entries(file.path, file.path))
        except _DAMAGED as error:
            raise _refused(file.path, f"it is damaged ({error})") from error
        except OSError as error:
            # gzip reports damage so; a full disk comes this way too and is named.
            raise _refused(file.path, error.strerror or str(error)) from error
        return [file]

    def _zip_entries(self, path: Path) -> list[Entry]:
        source = self._open.enter_context(ZipSource(path))
        entries: list[Entry] = []
        for info in source.infos():
            name = entry_path(info)
            if info.is_dir() or (name.endswith("\\") and not info.file_size):
                continue
            if stat.S_IFMT(info.external_attr >> _UNIX_MODE) not in (0, stat.S_IFREG):
                continue
            if info.flag_bits & _ENCRYPTED:
                raise _refused(path, "it has a password")
            if info.compress_type not in _ZIP_METHODS:
                raise _refused(path, "it is packed by another method than deflate")
            entries.append(ZipEntry(path, name, info.file_size, source, info))
        return entries

    def _unpacked(self, path: Path, opener: Callable[[Path], BufferedIOBase]) -> Path:
        """Take the compression off: in a packed tar no photo can be read alone."""
        folder = self._open.enter_context(TemporaryDirectory(prefix="hfer-"))
        plain = Path(folder, "archive.tar")
        with opener(path) as packed, plain.open("wb") as file:
            shutil.copyfileobj(packed, file, 1_048_576)
        return plain


def _tar_entries(path: Path, plain: Path) -> Iterator[Entry]:
    # Where the bytes of each file are, by its path: a hard link shares them.
    found: dict[str, tuple[int, int]] = {}
    with tarfile.open(plain, "r:") as tar:
        for member in tar:
            if member.issparse() and is_wanted(member.name):
                raise _refused(path, f"{member.name} is stored as a sparse file")
            if member.isreg():
                found[member.name] = (member.size, member.offset_data)
            elif not member.islnk():
                continue
            elif member.linkname not in found:
                raise _refused(path, f"{member.name} is a link to a file that is not in it")
            else:
                found[member.name] = found[member.linkname]
            size, offset = found[member.name]
            yield TarEntry(path, member.name, size, plain, offset)


def _wanted(entries: Iterable[Sendable], on_skip: OnSkip | None) -> Iterator[Sendable]:
    """Pass over what the service passes over in archives, and files that are no entries not."""
    for entry in entries:
        why = _why_not(entry) if isinstance(entry, Entry) else ""
        if not why:
            yield entry
        elif on_skip is not None:
            on_skip(Skipped(entry.name, SkipReason.SIDE_FILE, why))


def _why_not(entry: Entry) -> str:
    if not is_wanted(entry.path):
        return "hidden, or a system's own"
    name = entry.name
    return "" if is_photo_name(name) or kind_of(name, entry.head()) else "no photo"


def _head(file: LocalFile) -> bytes:
    try:
        with file.path.open("rb") as opened:
            return opened.read(_HEAD_BYTES)
    except OSError as error:
        raise PhotoFileError(f"Cannot read {file.path}: {error.strerror}") from error


def _is_archive(head: bytes) -> bool:
    packed = tuple(magic for magic, _ in _UNPACKERS)
    return head.startswith(ZIP_MAGIC + packed) or head[_TAR_MAGIC] == b"ustar"


def _goes_whole(photos: Sequence[Sendable], limits: Limits) -> bool:
    return fit_one_request(photos, limits) and not worth_resuming(photos, limits)


def _refused(path: Path, why: str) -> ArchiveFileError:
    return ArchiveFileError(
        f"{path} does not go along in one request, and cannot be unpacked here: {why}."
        " Unpack it and submit the folder."
    )
