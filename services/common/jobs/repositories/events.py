"""Finished photos in the order of their events, so that a reader misses none and repeats none.

``item.event_id`` is made of the id of the transaction that finished the photo, so it grows with
the moment that a transaction *began* to write, and not with the moment that it committed: a
cursor past the newest visible row would skip a photo whose transaction is slower. Postgres
knows the oldest transaction that is still running. What is numbered below it can gain no
neighbour any more, and is read; what is numbered above it waits, whoever has committed.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import BigInteger, Select, func, literal_column, select, text
from sqlalchemy.orm import Session

from services.common.db.tables import Item
from services.common.jobs.repositories.results import PhotoRecord, read_photo, select_photos

# The same snapshot decides which rows are seen and which transactions are over.
_HORIZON = literal_column(
    "CAST(CAST(pg_snapshot_xmin(pg_current_snapshot()) AS text) AS bigint) << 20", BigInteger
)

# Statistics lag behind a job of 100,000: the planner would take it for one row and sort all of
# it. Only ix_item_event gives the order without a sort.
_BY_INDEX = text("SET LOCAL enable_sort = off")

_GLANCE = text("""
    SELECT job.id, job.status,
           coalesce(sum(tally.succeeded + tally.no_face + tally.failed + tally.cancelled), 0)
    FROM job LEFT JOIN job_tally AS tally ON tally.job_id = job.id
    WHERE job.id = ANY(:ids) GROUP BY job.id
""")

# Status and number of final photos: what changes whenever a job has news.
Glance = tuple[str, int]


@dataclass(frozen=True, slots=True)
class FinishedPhoto:
    """A photo with the number of its event, which grows along the stream of its job."""

    event_id: int
    photo: PhotoRecord


@dataclass(frozen=True, slots=True)
class FinishedPhotos:
    """The next photos of a stream.

    Attributes:
        photos: in the order of their events.
        more: whether the page is full, so that there may be more to read at once.
        held_back: whether finished photos wait for an older transaction to end.
    """

    photos: list[FinishedPhoto]
    more: bool
    held_back: bool


class EventRepository:
    """Reads the stream of a job in the session's transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def glance(self, job_ids: Sequence[int]) -> dict[int, Glance]:
        """Return status and progress of many jobs by one cheap statement, without erased ones."""
        rows = self._session.execute(_GLANCE, {"ids": list(job_ids)})
        return {job_id: (status, int(final)) for job_id, status, final in rows}

    def number_of(self, job_id: int, item: uuid.UUID) -> int | None:
        """Return the number of the event of a photo; None if the job has no such photo.

        0 of one that is not finished: a backup that was brought back may know less.
        """
        query = select(func.coalesce(Item.event_id, 0)).where(
            Item.job_id == job_id, Item.public_id == item
        )
        return self._session.scalar(query)

    def finished(self, job_id: int, *, after: int, limit: int, final: bool) -> FinishedPhotos:
        """Return up to ``limit`` finished photos that follow the event ``after``.

        Args:
            job_id: bigint id of the job.
            after: number of the last event that was read, 0 for none.
            limit: most photos.
            final: whether the job was seen in a final state by an earlier statement: all that
                finished its photos has committed then, and nothing is held back.
        """
        self._session.execute(_BY_INDEX)
        query = _page(job_id, after=after, limit=limit)
        rows = sorted(self._session.execute(query), key=lambda row: int(row.event_id))
        readable = [
            FinishedPhoto(row.event_id, read_photo(row)) for row in rows if final or row.settled
        ]
        return FinishedPhotos(
            photos=readable,
            more=len(readable) == limit,
            held_back=len(readable) < len(rows),
        )


def _page(job_id: int, *, after: int, limit: int) -> Select[Any]:
    page = (
        select(Item.id, Item.event_id, (Item.event_id < _HORIZON).label("settled"))
        .where(Item.job_id == job_id, Item.event_id.is_not(None), Item.event_id > after)
        .order_by(Item.event_id)
        .limit(limit)
        .subquery()
    )
    return (
        select_photos()
        .add_columns(page.c.event_id, page.c.settled)
        .join(page, page.c.id == Item.id)
    )
