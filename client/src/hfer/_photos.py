"""From the user's paths to the photos that are sent."""

import glob
import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from hfer._files import LocalFile, Sendable
from hfer.errors import NoPhotosError, PhotoFileError, TooManyPhotosError
from hfer.models import Limits

# What the service reads. A file that is named outright is sent whatever it is called.
# Windows and old browsers save JPEGs as .jfif, old cameras and DOS as .jpe.
PHOTO_SUFFIXES = frozenset(
    {".avif", ".bmp", ".gif", ".heic", ".heif", ".hif", ".j2k", ".jfif", ".jp2", ".jpe"}
    | {".jpeg", ".jpf", ".jpg", ".jpx", ".png", ".tif", ".tiff", ".webp"}
)


class Photo(LocalFile):
    """A photo to send."""

    __slots__ = ()


# Smaller uploads are sent anew as quickly as they are gone on with.
RESUMED_PHOTOS, RESUMED_BYTES = 200, 100_000_000


def find_photos(paths: Iterable[str | os.PathLike[str]]) -> list[Photo]:
    """List the photos under ``paths``: files as given, folders walked and sorted.

    A path that does not exist and holds ``*``, ``?`` or ``[`` is a pattern (``**`` goes through
    subfolders); photos and folders that match it are taken, sorted.

    In folders, hidden files are left out (macOS puts a ``._name.jpg`` beside each photo on
    foreign disks) and links to folders are not followed.

    Raises:
        PhotoFileError: a path does not exist or cannot be read.
        NoPhotosError: no photo at all, or none that matches a pattern.
    """
    given = [found for path in paths for found in _matches(path)]
    photos = [Photo.find(file, fault=PhotoFileError) for path in given for file in _files(path)]
    if not photos:
        shown = ", ".join(str(path) for path in given) or "no path given"
        raise NoPhotosError(f"No photos found ({', '.join(sorted(PHOTO_SUFFIXES))}): {shown}")
    return photos


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


def _matches(path: str | os.PathLike[str]) -> list[Path]:
    text = os.fspath(path)
    if os.path.lexists(text) or not glob.has_magic(text):
        return [Path(text)]
    found = [Path(match) for match in sorted(glob.glob(text, recursive=True))]  # noqa: PTH207 - Path.glob wants a root
    photos = [match for match in found if match.suffix.lower() in PHOTO_SUFFIXES]
    # ``photos/**`` gives the folders beside all that is in them: photos would come twice.
    folders = [] if "**" in text else [match for match in found if match.is_dir()]
    if not photos and not folders:
        raise NoPhotosError(f"No photo matches {text}.")
    return sorted({*photos, *folders})


def _files(path: Path) -> Iterator[Path]:
    if not path.is_dir():
        yield path
        return
    for folder, subfolders, names in os.walk(path, onerror=_refuse):
        subfolders[:] = sorted(name for name in subfolders if not name.startswith("."))
        for name in sorted(names):
            if Path(name).suffix.lower() in PHOTO_SUFFIXES and not name.startswith("."):
                yield Path(folder, name)


def _refuse(error: OSError) -> None:
    raise PhotoFileError(f"Cannot read the folder {error.filename}: {error.strerror}") from error
