"""An entry of an archive that may be a photo."""

from collections.abc import Callable
from dataclasses import dataclass

from services.api.jobs.submission.archives.faults import too_much
from services.common.domain.limits import PhotoLimits

# Folders, links and what macOS adds are no photos, but each is a header to read.
_OTHERS = 4


@dataclass(frozen=True, slots=True)
class Entry:
    """A file in an archive, to be read before the next one.

    ``read`` returns up to so many bytes and none at the end; it raises `EntryDamagedError`
    when this entry alone cannot be read, `ApiError` when the archive cannot be.
    """

    name: str
    read: Callable[[int], bytes]


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
