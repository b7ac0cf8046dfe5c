"""Pages by keyset: an opaque cursor that names the last row seen, never an offset.

It names it by what its reader may know: a public id, a photo's place in its job. The number of a
row would tell a tenant how many rows everybody has; operators may know it of the audit.
"""

import base64
import binascii
import json
import re
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any, Generic, TypeVar

from fastapi import Depends, Query, Request, Response
from pydantic import BaseModel, Field

from services.api.address import base_of, own_path
from services.api.errors import ApiError, invalid_field
from services.common.jobs.repositories.jobs import PageKey
from services.common.reviews.listing_repository import VoteKey
from services.common.reviews.repository import ReviewKey

DEFAULT_LIMIT = 50
MAX_LIMIT = 200

# Postgres fails on numbers of more than 64 bits.
_LAST_PLACE = 2**63 - 1
# Of a review: what its columns hold.
_LAST_SEQ, _LAST_FACE = 2**31 - 1, 2**15 - 1
# NUL and halves of surrogate pairs.
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")
_CURSOR_CHARS = 200

T = TypeVar("T")
Row = TypeVar("Row")

Limit = Annotated[int, Query(ge=1, le=MAX_LIMIT, description="rows of a page")]
Cursor = Annotated[
    str | None,
    Query(max_length=_CURSOR_CHARS, description="`next_cursor` of the page before"),
]


class Page(BaseModel, Generic[T]):
    """One page of a listing."""

    data: list[T]
    next_cursor: str | None = Field(description="pass it as `cursor` to get the next page")
    has_more: bool


@dataclass(frozen=True, slots=True)
class Pager:
    """How a listing is paged: ask the database for ``fetch`` rows, then ``page`` them."""

    request: Request
    response: Response
    limit: Limit = DEFAULT_LIMIT

    @property
    def fetch(self) -> int:
        """One row more than a page, which shows whether there is another."""
        return self.limit + 1

    def page(
        self,
        rows: Sequence[Row],
        *,
        show: Callable[[Row], T],
        cursor_of: Callable[[Row], str],
        more: bool = False,
    ) -> Page[T]:
        """Show the rows of this page; the ``Link`` to the next (RFC 8288) goes into the header.

        ``more`` says that further rows may follow though fewer than ``fetch`` were read.
        """
        shown = rows[: self.limit]
        cursor = cursor_of(shown[-1]) if more or len(rows) > self.limit else None
        if cursor is not None:
            query = self.request.url.include_query_params(cursor=cursor).query
            path = base_of(self.request) + own_path(self.request.scope)
            self.response.headers["Link"] = f'<{path}?{query}>; rel="next"'
        return Page(
            data=[show(row) for row in shown], next_cursor=cursor, has_more=cursor is not None
        )


Paging = Annotated[Pager, Depends()]


def encode_place(place: int) -> str:
    """Make a cursor of a photo's place in its job, or of an entry's in the audit."""
    return _encode([place])


def decode_place(cursor: str | None) -> int | None:
    """Read a cursor made by `encode_place`; None for the first page.

    Raises:
        ApiError: the cursor is none of ours.
    """
    if cursor is None:
        return None
    match _decode(cursor):
        case [int(place)] if not isinstance(place, bool) and 0 <= place <= _LAST_PLACE:
            return place
    raise _bad_cursor()


def encode_id(public_id: uuid.UUID) -> str:
    """Make a cursor of a row's public id."""
    return _encode([public_id.hex])


def decode_id(cursor: str | None) -> uuid.UUID | None:
    """Read a cursor made by `encode_id`; raises like `decode_place`.

    Earlier ones held the number of the row. They are refused: by making such up, whoever asks
    could find the numbers out.
    """
    if cursor is None:
        return None
    match _decode(cursor):
        case [str(digits)]:
            return _parse_uuid(digits)
    raise _bad_cursor()


def encode_name(name: str) -> str:
    """Make a cursor of a row's name."""
    return _encode([name])


def decode_name(cursor: str | None) -> str | None:
    """Read a cursor made by `encode_name`; raises like `decode_place`."""
    if cursor is None:
        return None
    match _decode(cursor):
        case [str(name)] if name.isprintable():
            return name
    raise _bad_cursor()


def encode_day(day: date, name: str) -> str:
    """Make a cursor of a day's row of a name."""
    return _encode([day.isoformat(), name])


def decode_day(cursor: str | None) -> tuple[date, str] | None:
    """Read a cursor made by `encode_day`; raises like `decode_place`."""
    if cursor is None:
        return None
    match _decode(cursor):
        case [str(day), str(name)] if name.isprintable():
            try:
                return date.fromisoformat(day), name
            except ValueError:
                raise _bad_cursor() from None
    raise _bad_cursor()


def encode_review(key: ReviewKey) -> str:
    """Make a cursor of a review's place in its job."""
    return _encode([key.seq, key.face_index, key.reviewer])


def decode_review(cursor: str | None) -> ReviewKey | None:
    """Read a cursor made by `encode_review`; raises like `decode_place`."""
    if cursor is None:
        return None
    match _decode(cursor):
        case [int(seq), int(face), str(reviewer)] if _in_range(seq, face):
            if not _UNSTORABLE.search(reviewer):
                return ReviewKey(seq, face, reviewer)
    raise _bad_cursor()


def encode_vote(key: VoteKey) -> str:
    """Make a cursor of a vote's place among those of a tenant."""
    return _encode([key.item.hex, key.face_index, key.reviewer])


def decode_vote(cursor: str | None) -> VoteKey | None:
    """Read a cursor made by `encode_vote`; raises like `decode_place`."""
    if cursor is None:
        return None
    match _decode(cursor):
        case [str(digits), int(face), str(reviewer)] if _in_range(0, face):
            if not _UNSTORABLE.search(reviewer):
                return VoteKey(_parse_uuid(digits), face, reviewer)
    raise _bad_cursor()


def _in_range(seq: int, face: int) -> bool:
    return 0 <= seq <= _LAST_SEQ and 0 <= face <= _LAST_FACE


def encode_page_key(key: PageKey) -> str:
    """Make a cursor of a job's place in a listing."""
    last = None if key.public_id is None else key.public_id.hex
    return _encode([key.created_at.isoformat(), last])


def decode_page_key(cursor: str | None) -> PageKey | None:
    """Read a cursor made by `encode_page_key`; raises like `decode_place`.

    Earlier ones held the number of the job's row beside the time: the time alone is read.
    """
    if cursor is None:
        return None
    match _decode(cursor):
        case [str(created_at), str(digits)]:
            return PageKey(_parse_time(created_at), _parse_uuid(digits))
        case [str(created_at), int()]:
            return PageKey(_parse_time(created_at), None)
    raise _bad_cursor()


def _encode(parts: list[Any]) -> str:
    text = json.dumps(parts, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _decode(cursor: str) -> Any:
    padded = cursor + "=" * (-len(cursor) % 4)
    try:
        return json.loads(base64.b64decode(padded.encode(), altchars=b"-_", validate=True))
    except (binascii.Error, ValueError, RecursionError):
        raise _bad_cursor() from None


def _parse_uuid(digits: str) -> uuid.UUID:
    try:
        return uuid.UUID(hex=digits)
    except ValueError:
        raise _bad_cursor() from None


def _parse_time(text: str) -> datetime:
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise _bad_cursor() from None
    if time.tzinfo is None:
        raise _bad_cursor()
    return time


def _bad_cursor() -> ApiError:
    return invalid_field(
        "#/query/cursor",
        "The cursor is not one that this listing gives out; begin with the first page.",
    )
