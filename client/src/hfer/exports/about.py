"""What a file of results tells of its job."""

from datetime import datetime

from hfer._columns import EXPRESSIONS
from hfer.errors import ExportError
from hfer.models import Expression, Face, JobState, PhotoResult

# What every form says wherever it has a place for words.
NOTICE = "Apparent expression: what a face shows in one picture, not what a person feels."


def facts(state: JobState) -> dict[str, str]:
    """Name the job, its model and its time; none of it changes once the job is final."""
    return {
        "job_id": state.id,
        "model": state.model.version if state.model else "",
        "created_at": stamp(state.created_at),
        "notice": NOTICE,
    }


def stamp(moment: datetime | None) -> str:
    """Write a time in ISO 8601; nothing of none."""
    return "" if moment is None else moment.isoformat().replace("+00:00", "Z")


def sized(photo: PhotoResult) -> bool:
    """Whether the photo was seen, so that its size is known."""
    return photo.image is not None and photo.image.width > 0 and photo.image.height > 0


def known_expression(face: Face) -> Expression:
    """Give a face's most probable expression, for forms that list all there are.

    Raises:
        ExportError: it is none of the seven.
    """
    best = face.expression
    if best.label not in EXPRESSIONS:
        raise ExportError(
            f"The expression {best.label!r} is none of {', '.join(EXPRESSIONS)}, which this form"
            " lists. Upgrade the client, or take parquet or CSV."
        )
    return best
