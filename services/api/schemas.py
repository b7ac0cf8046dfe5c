"""What the schemas of several domains share."""

import re
import uuid
from datetime import UTC, date, datetime
from typing import Annotated, Any

from fastapi import Path
from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
)
from pydantic_core import PydanticCustomError

from services.api.filenames import MAX_CHARS
from services.common.domain.ids import IdKind, format_id

_EXAMPLE_ID = uuid.UUID("01936fd2-c0a2-7b6e-8f3a-5b7c9d1e2f30")

_FULL_DATE = re.compile(r"^\d{4}-\d{2}-\d{2}$", re.ASCII)
_DATE_TIME = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d")

# A regular expression, so that clients can check as well: no control characters, which
# Postgres (NUL) or a terminal (the others) would choke on.
PLAIN_TEXT = r"^[^\x00-\x1f\x7f]*$"


def path_id(kind: IdKind) -> Any:
    """Document an id in a path. What is none is not found, as one that does not exist."""
    return Path(
        examples=[format_id(kind, _EXAMPLE_ID)],
        json_schema_extra={"pattern": f"^{kind}_[0-9a-f]{{32}}$"},
    )


def _utc(value: datetime) -> datetime:
    return value.astimezone(UTC)


def _whole(value: object) -> object:
    """Take 3.0 for 3: JSON knows one kind of number, and JSON Schema calls both an integer."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _written_time(value: object) -> object:
    """Refuse numbers, which pydantic would read as seconds or milliseconds since 1970."""
    if isinstance(value, str) and not _DATE_TIME.match(value):
        raise PydanticCustomError("rfc3339", "Write a date and a time, as 2026-11-23T07:00:00Z")
    return value


def _written_day(value: object) -> object:
    """Refuse numbers here too, and times, which pydantic would cut off if they are midnight."""
    if isinstance(value, str) and not _FULL_DATE.match(value):
        raise PydanticCustomError("rfc3339_date", "Write a date, as 2026-11-23")
    return value


# To stand behind the bounds of a number: behind it pydantic 2.14 writes them into the schema as
# "ge" and "le", which no tool knows.
WHOLE = BeforeValidator(_whole)
Whole = Annotated[int, WHOLE]
# A photo's place in its job, in a query: what the column holds.
PhotoIndex = Annotated[int, Field(ge=0, le=2**31 - 1)]
GivenTime = Annotated[AwareDatetime, BeforeValidator(_written_time)]
GivenDay = Annotated[date, BeforeValidator(_written_day)]

# The database answers in its own time zone; users see RFC 3339 in UTC, written with a Z.
UtcTime = Annotated[datetime, AfterValidator(_utc)]
ShortText = Annotated[str, StringConstraints(min_length=1, max_length=255, pattern=PLAIN_TEXT)]
# Signs that no name may hold are left out of it, and refuse nothing.
FileName = Annotated[str, StringConstraints(min_length=1, max_length=MAX_CHARS)]


class Input(BaseModel):
    """A part of a request: an unknown or mistyped field is an error, never ignored."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)
