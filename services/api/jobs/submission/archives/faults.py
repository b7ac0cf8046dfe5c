"""Why an archive is refused: problems that tell what to do."""

from services.api.errors import ApiError
from services.api.problems import ProblemCode


class EntryDamagedError(Exception):
    """One entry cannot be read; the entries around it can."""


def refused(detail: str) -> ApiError:
    """Return the problem of an archive that is not opened, or not any further."""
    return ApiError(ProblemCode.ARCHIVE_REFUSED, detail)


def unreadable() -> ApiError:
    """Return the problem of an archive whose bytes make no sense."""
    return refused("The archive is damaged or ends early; pack it again and send it whole.")


def too_much(detail: str, *, limit: int) -> ApiError:
    """Return the problem of an archive that holds more than it may."""
    return ApiError(ProblemCode.PAYLOAD_TOO_LARGE, detail, limit=limit)
