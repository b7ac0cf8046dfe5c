"""From the user's paths to the photos that are sent."""

import glob
import logging
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from hfer._files import LocalFile, Sendable
from hfer._kinds import ARCHIVE, HEAD_BYTES, RAW, is_photo_name, kind_of
from hfer._names import name_below, order_of, shared_folder
from hfer.errors import NoPhotosError, PhotoFileError, SkippedError, TooManyPhotosError
from hfer.models import Limits
from hfer.skipped import OnSkip, Skipped, SkipReason, describe_skipped


@dataclass(frozen=True, slots=True)
class Photo(LocalFile):
    """A photo to send. ``below`` is its path below the folder that was given.

    ``kind`` is its format, where it was found and not named outright.
    """

    below: str = ""
    kind: str = ""

    @property
    def name(self) -> str:
        """What the results call it."""
        return self.below or name_below(self.path, self.path.parent)


_log = logging.getLogger("hfer")

# Smaller uploads are sent anew as quickly as they are gone on with.
RESUMED_PHOTOS, RESUMED_BYTES = 200, 100_000_000


def find_photos(
    paths: Iterable[str | os.PathLike[str]],
    *,
    on_skip: OnSkip | None = None,
    among: Iterable[str | os.PathLike[str]] = (),
) -> list[Photo]:
    """List the photos under ``paths``: files as given, folders walked and sorted.

    A path that does not exist and holds ``*``, ``?`` or ``[`` is a pattern (``**`` goes through
    subfolders); photos and folders that match it are taken, sorted.

    A photo is called by its path below the folder given or before the pattern; where several
    were given (``among`` all of them, if these are not all), below the folder that they share.

    What lies in folders, or fits a pattern, is judged by its content: ``on_skip`` is told each file
    that is left out. Hidden files are (macOS puts a ``._name.jpg`` beside each photo on foreign
    disks); hidden folders and links to folders are not gone into.

    Raises:
        PhotoFileError: a path does not exist or cannot be read.
        NoPhotosError: no photo at all, or none that matches a pattern.
    """
    skipped: list[Skipped] = []
    sources = [found for path in paths for found in _sources(path)]
    everything = [found for path in among for found in _sources(path)] or sources
    shared = shared_folder([source.folder for source in everything]) if everything else None
    photos = [photo for source in sources for photo in source.photos(shared, skipped.append)]
    if on_skip is not None:
        for file in skipped:
            on_skip(file)
    if not photos:
        shown = ", ".join(str(source.path) for source in sources) or "no path given"
        raise NoPhotosError(" ".join([f"No photos found: {shown}.", *describe_skipped(skipped)]))
    return photos


def readable(
    photos: Iterable[Sendable], formats: Sequence[str], *, on_skip: OnSkip
) -> Iterator[Sendable]:
    """Leave out what was found and is of a format that the service does not read.

    Services that do not say what they read (no ``formats``) are sent all that is a photo.
    """
    for photo in photos:
        kind = photo.kind if isinstance(photo, Photo) else ""
        if not kind or kind in formats or (not formats and kind != RAW):
            yield photo
        else:
            detail = f"{kind}, which this service does not read"
            on_skip(Skipped(photo.name, SkipReason.FORMAT, detail))


def report_skipped(
    skipped: Sequence[Skipped], on_skip: OnSkip | None, *, strict: bool, left: int
) -> None:
    """Tell what is not sent, or refuse to send the rest: ``left`` photos.

    Raises:
        SkippedError: files were left out that are more than side files, and it is ``strict``.
        NoPhotosError: nothing is left.
    """
    told = [file for file in skipped if file.reason is not SkipReason.SIDE_FILE]
    if told and strict:
        raise SkippedError(" ".join([*describe_skipped(told), "Nothing was sent."]), told)
    if not left:
        raise NoPhotosError(" ".join(["No photo is left to send.", *describe_skipped(skipped)]))
    if on_skip is not None:
        for file in skipped:
            on_skip(file)
    else:
        for sentence in describe_skipped(skipped):
            _log.warning("%s", sentence)


def fit_one_request(photos: Sequence[Sendable], limits: Limits) -> bool:
    """Whether the photos go along with the request that makes the job.

    Raises:
        TooManyPhotosError: they do not, nor does the service take so many by presigned URL.
    """
    total = sum(photo.size for photo in photos)
    if len(photos) <= limits.request_files and total <= limits.request_bytes:
        return True
    if not limits.declare_files:
        raise TooManyPhotosError(
            f"{len(photos):,} photos of {total / 1e6:,.0f} MB are more than one request takes"
            f" ({limits.request_files:,} photos, {limits.request_bytes / 1e6:,.0f} MB), and this"
            " service knows no other way. Submit them in several jobs."
        )
    if len(photos) > limits.job_photos:
        raise TooManyPhotosError(
            f"{len(photos):,} photos are more than one job takes ({limits.job_photos:,})."
            " Submit them in several jobs, folder by folder."
        )
    return False


def worth_resuming(photos: Sequence[Sendable], limits: Limits) -> bool:
    """Whether the photos rather go by presigned URL, though one request would take them."""
    total = sum(photo.size for photo in photos)
    large = len(photos) >= RESUMED_PHOTOS or total >= RESUMED_BYTES
    return large and limits.declare_files > 0 and len(photos) <= limits.job_photos


@dataclass(frozen=True, slots=True)
class _Source:
    """A path as given, and the folder that names begin below."""

    path: Path
    folder: Path
    judged: bool

    def photos(self, shared: Path | None, on_skip: OnSkip) -> Iterator[Photo]:
        """Find the photos; their names begin below the ``shared`` folder, if there is one."""
        # What shares nothing is told apart by the folders' own names.
        lone = self.folder if self.folder != self.path else self.folder.parent
        below = shared or Path(os.path.abspath(lone))  # noqa: PTH100 - resolve would follow links
        if not self.path.is_dir():
            yield from _photos([self.path], below, on_skip if self.judged else None)
            return
        yield from sorted(
            _photos(_files(self.path, on_skip), below, on_skip),
            key=lambda photo: order_of(photo.below),
        )


def _sources(path: str | os.PathLike[str]) -> list[_Source]:
    text = os.fspath(path)
    if os.path.lexists(text) or not glob.has_magic(text):
        given = Path(text)
        return [_Source(given, given if given.is_dir() else given.parent, judged=False)]
    found = [Path(match) for match in sorted(glob.glob(text, recursive=True))]  # noqa: PTH207 - Path.glob wants a root
    # ``photos/**`` gives the folders beside all that is in them: photos would come twice.
    kept = {match for match in found if not match.is_dir() or "**" not in text}
    kept = {match for match in kept if match.is_dir() or not match.name.startswith(".")}
    if not any(map(_may_be_taken, kept)):
        raise NoPhotosError(f"No photo matches {text}.")
    parts = Path(text).parts
    plain = next(place for place, part in enumerate(parts) if glob.has_magic(part))
    folder = Path(*parts[:plain])
    return [_Source(match, folder, judged=True) for match in sorted(kept)]


def _may_be_taken(path: Path) -> bool:
    if path.is_dir():
        return True
    try:
        return is_photo_name(path.name) or bool(kind_of(path.name, _head(path)))
    except OSError:
        return False


def _files(folder: Path, on_skip: OnSkip) -> Iterator[Path]:
    def refused(error: OSError) -> None:
        path = os.fspath(error.filename or folder)
        on_skip(Skipped(path, SkipReason.UNREADABLE, error.strerror or "cannot be read"))

    for inner, subfolders, names in os.walk(folder, onerror=refused):
        subfolders[:] = sorted(name for name in subfolders if not name.startswith("."))
        yield from (Path(inner, name) for name in sorted(names))


def _photos(paths: Iterable[Path], below: Path, on_skip: OnSkip | None) -> Iterator[Photo]:
    """Look at files; without ``on_skip`` they were named outright, and are sent in any case."""
    for path in paths:
        name = name_below(path, below)
        if on_skip is None:
            yield replace(Photo.find(path, fault=PhotoFileError), below=name)
            continue
        found = _judged(path, name)
        if isinstance(found, Photo):
            yield found
        else:
            on_skip(found)


def _judged(path: Path, name: str) -> Photo | Skipped:
    if path.name.startswith("."):
        return Skipped(name, SkipReason.SIDE_FILE, "hidden")
    try:
        # Looked at first: to open a pipe would wait for who writes to it.
        photo = Photo.find(path, fault=PhotoFileError)
        kind = kind_of(path.name, _head(path))
    except (PhotoFileError, OSError):
        if path.is_symlink() and not path.exists():
            return Skipped(name, SkipReason.DEAD_LINK, "a link to nothing")
        return Skipped(name, SkipReason.UNREADABLE, "which cannot be read")
    if kind == ARCHIVE:
        return Skipped(name, SkipReason.ARCHIVE, "an archive, which is opened if you name it")
    if not kind and not is_photo_name(path.name):
        return Skipped(name, SkipReason.SIDE_FILE, "no photo")
    return replace(photo, below=name, kind=kind)


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(HEAD_BYTES)
