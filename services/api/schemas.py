"""What the schemas of several domains share."""

from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints

# A regular expression, so that clients can check as well: no control characters, which
# Postgres (NUL) or a terminal (the others) would choke on.
PLAIN_TEXT = r"^[^\x00-\x1f\x7f]*$"


def _utc(value: datetime) -> datetime:
    return value.astimezone(UTC)


# The database answers in its own time zone; users see RFC 3339 in UTC, written with a Z.
UtcTime = Annotated[datetime, AfterValidator(_utc)]
ShortText = Annotated[str, StringConstraints(min_length=1, max_length=255, pattern=PLAIN_TEXT)]


class Input(BaseModel):
    """A part of a request: an unknown or mistyped field is an error, never ignored."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)
