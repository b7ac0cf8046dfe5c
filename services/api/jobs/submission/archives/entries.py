"""An entry of an archive that may be a photo: its name, how many there may be, what is refused."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from services.api.errors import ApiError
from services.api.filenames import clean_filename
from services.api.problems import ProblemCode
from services.common.domain.limits import PhotoLimits

# Folders, links and what macOS adds are no photos, but each is a header to read.
_OTHERS = 4
_DRIVE = re.compile(r"[A-Za-z]:/")
_SYSTEM_FOLDER = "__MACOSX"
_SYSTEM_FILES = frozenset({"thumbs.db", "desktop.ini"})


class EntryDamagedError(Exception):
    """One entry cannot be read; the entries around it can."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A file in an archive, to be read before the next one.

    ``read`` returns up to so many bytes and none at the end; it raises `EntryDamagedError`
    when this entry alone cannot be read, `ApiError` when the archive cannot be. ``path`` is what
    the archive calls it, and ``same_as`` that path of an earlier entry whose bytes are its own
    (a hard link of a tar), which then has nothing to read.
    """

    name: str
    read: Callable[[int], bytes]
    path: str = ""
    same_as: str = ""


class EntryCount:
    """Counts entries against the limits as they turn up."""

    def __init__(self, limits: PhotoLimits) -> None:
        self._limit = limits.archive_entries
        self._headers = 0
        self._files = 0

    def header(self) -> None:
        """Count an entry of whatever kind; raises PAYLOAD_TOO_LARGE."""
        self._headers += 1
        if self._headers > _OTHERS * self._limit:
            raise self._too_many()

    def file(self) -> None:
        """Count an entry that may be a photo; raises PAYLOAD_TOO_LARGE."""
        self._files += 1
        if self._files > self._limit:
            raise self._too_many()

    def _too_many(self) -> Exception:
        return too_much(
            f"An archive may hold {self._limit} files; send several archives in several jobs, or"
            " the photos by POST /v1/uploads.",
            limit=self._limit,
        )


def entry_name(path: str) -> str | None:
    """Return the cleaned path of an entry; None for what systems add.

    Hidden files and folders, ``__MACOSX``, ``Thumbs.db`` and ``desktop.ini`` are left out.

    Raises:
        ApiError: ARCHIVE_REFUSED, the path leads out of the archive.
    """
    plain = path.replace("\\", "/")
    parts = [part for part in plain.split("/") if part not in ("", ".")]
    if plain.startswith("/") or _DRIVE.match(plain) or ".." in parts:
        raise refused(
            "The archive has an entry whose path is absolute or holds '..'; pack it again with"
            " paths inside of one folder."
        )
    hidden = any(part.startswith(".") or part == _SYSTEM_FOLDER for part in parts)
    if not parts or hidden or parts[-1].lower() in _SYSTEM_FILES:
        return None
    return clean_filename("/".join(parts))


def refused(detail: str) -> ApiError:
    """Return the problem of an archive that is not opened, or not any further."""
    return ApiError(ProblemCode.ARCHIVE_REFUSED, detail)


def unreadable() -> ApiError:
    """Return the problem of an archive whose bytes make no sense."""
    return refused("The archive is damaged or ends early; pack it again and send it whole.")


def too_much(detail: str, *, limit: int) -> ApiError:
    """Return the problem of an archive that holds more than it may."""
    return ApiError(ProblemCode.PAYLOAD_TOO_LARGE, detail, limit=limit)
