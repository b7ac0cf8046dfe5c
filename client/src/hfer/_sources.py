"""What `submit` takes: paths and URLs, photos in memory, and iterables of all of them."""

import os
from collections.abc import AsyncIterable, Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import PurePath
from typing import Any, Protocol, TypeAlias, TypeGuard

from hfer._archives import Archives
from hfer._encode import encoded_array, encoded_image, is_array, is_image
from hfer._files import BLOCK_BYTES, LocalFile, Sendable
from hfer._kinds import ending_of
from hfer._links import sort_out
from hfer._names import clean_name
from hfer._photos import find_photos
from hfer._spool import Spool
from hfer.errors import PhotoFileError, SourceTypeError
from hfer.models import Limits
from hfer.skipped import OnSkip

Path: TypeAlias = str | os.PathLike[str]


class BinaryFile(Protocol):
    """Something open for reading bytes: a file, `io.BytesIO`, an answer of a server."""

    def read(self, size: int = ..., /) -> bytes:
        """Read at most ``size`` bytes; none at the end."""


class Picture(Protocol):
    """A picture of Pillow's."""

    @property
    def mode(self) -> str:
        """How a pixel is stored."""

    def getexif(self) -> Any:
        """Return what the camera wrote."""


class Array(Protocol):
    """An array of numpy's: uint8 of shape [H, W], [H, W, 3] (RGB) or [H, W, 4]."""

    @property
    def __array_interface__(self) -> dict[str, Any]:
        """Where it lies in memory."""


Data: TypeAlias = bytes | bytearray | memoryview | BinaryFile | Picture | Array
Source: TypeAlias = Path | Data | tuple[str, Data] | Iterable["Source"]
AsyncSource: TypeAlias = Source | AsyncIterable[Source]

_PAIR = 2


class Sources:
    """The sources of one submit, one after the other, in the order given."""

    def __init__(self, spool: Spool) -> None:
        self._spool = spool
        self._given: list[Path | Sendable] = []

    def add(self, source: object) -> None:
        """Take a source; the items of an iterable one by one, so that none is held.

        Raises:
            SourceTypeError: it is nothing that can be a photo.
            PhotoFileError: a file of it cannot be read.
        """
        if isinstance(source, str | os.PathLike):
            self._given.append(source)
        elif _is_pair(source):
            name, data = source
            self._given.append(self._kept(data, name=name))
        elif _is_data(source):
            self._given.append(self._kept(source))
        elif isinstance(source, Iterable) and not isinstance(source, Mapping):
            for item in source:
                self.add(item)
        else:
            raise SourceTypeError(_advice(source))

    def sorted_out(self) -> list[str]:
        """Return the URLs, if there are any.

        Raises:
            MixedSourcesError: there are URLs and other sources.
        """
        stand_ins = [
            one if isinstance(one, str | os.PathLike) else PurePath(one.name) for one in self._given
        ]
        return sort_out(stand_ins)[1]

    def photos(self, *, on_skip: OnSkip | None = None) -> list[Sendable]:
        """Find the photos of the paths, beside those that are here already.

        ``on_skip`` is told what is left out of folders and patterns.

        Raises:
            PhotoFileError: a path does not exist or cannot be read.
            NoPhotosError: there is no photo at all.
        """
        found: list[Sendable] = []
        everything = [one for one in self._given if isinstance(one, str | os.PathLike)]
        for _, group in groupby(self._given, key=lambda one: isinstance(one, str | os.PathLike)):
            given = list(group)
            paths = [one for one in given if isinstance(one, str | os.PathLike)]
            found += find_photos(paths, on_skip=on_skip, among=everything) if paths else []
            found += [one for one in given if not isinstance(one, str | os.PathLike)]
        return found or list(find_photos([]))

    def _kept(self, data: Any, *, name: str | None = None) -> Sendable:
        number = len(self._given) + 1
        named = name or _own_name(data)
        try:
            blocks = _blocks(data)
            first = next(blocks, b"")
            known_as = clean_name(named or f"photo-{number:05d}{ending_of(first)}")
            return self._spool.keep(known_as, _chained(first, blocks))
        except (OSError, ValueError) as error:
            # Pillow and files say with a ValueError that they were closed before.
            raise PhotoFileError(f"Cannot read {named or f'source {number}'}: {error}") from error


def unpacked(
    archives: Archives,
    photos: Sequence[Sendable],
    *,
    limits: Limits,
    on_skip: OnSkip | None = None,
) -> Sequence[Sendable]:
    """Return what is sent: archives that are too large to go whole are opened.

    ``on_skip`` is told what is passed over in archives.

    Raises:
        ArchiveFileError: an archive is large and cannot be read here.
        TooManyPhotosError: they are more than one job takes.
    """
    found: list[Sendable] = []
    for on_disk, group in groupby(photos, key=lambda photo: isinstance(photo, LocalFile)):
        files = list(group)
        if on_disk:
            local = [photo for photo in files if isinstance(photo, LocalFile)]
            files = list(archives.unpack_large(local, limits=limits, on_skip=on_skip))
        found += files
    return found


def _blocks(data: Any) -> Iterator[bytes]:
    if is_image(data):
        yield encoded_image(data)
    elif is_array(data):
        yield encoded_array(data)
    elif isinstance(data, bytes | bytearray | memoryview):
        yield bytes(data)
    else:
        yield from _read(data)


def _read(file: Any) -> Iterator[bytes]:
    """Read a file from its beginning: one that was just written stands at its end."""
    if getattr(file, "seekable", bool)():
        file.seek(0)
    while block := file.read(BLOCK_BYTES):
        if not isinstance(block, bytes):
            raise SourceTypeError(
                f"Reading {_own_name(file) or 'a file'} gives {type(block).__name__}, not bytes:"
                ' open it by open(path, "rb").'
            )
        yield block


def _chained(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from rest


def _is_data(source: object) -> bool:
    return (
        isinstance(source, bytes | bytearray | memoryview)
        or is_image(source)
        or is_array(source)
        or callable(getattr(source, "read", None))
    )


def _is_pair(source: object) -> TypeGuard[tuple[str, Any]]:
    """Whether it is ``(name, data)``; two paths in a tuple are two paths."""
    if not (isinstance(source, tuple) and len(source) == _PAIR and isinstance(source[0], str)):
        return False
    return _is_data(source[1])


def _own_name(data: object) -> str | None:
    """Return the name that a file or a picture has of its own, without its folders."""
    for attribute in ("filename", "name"):
        name = getattr(data, attribute, None)
        if isinstance(name, str) and name and not name.startswith("<"):
            return PurePath(name.replace("\\", "/")).name or None
    return None


def _advice(source: object) -> str:
    kind = type(source).__name__
    if isinstance(source, Mapping):
        return f"submit takes no {kind}; give (name, data) pairs: submit(photos.items())."
    if isinstance(source, AsyncIterable):
        return f"submit takes no {kind} here; AsyncClient.submit takes asynchronous iterables."
    return (
        f"submit takes no {kind}: give paths, URLs, bytes, binary files, pictures of Pillow,"
        " arrays of numpy, (name, data) pairs, or iterables of them."
    )
