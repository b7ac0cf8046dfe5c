"""Tombstones of jobs, and objects on their way out of the bucket.

An object is never deleted by the request that erases a job: another request may be about to
name the same photo. The request writes the key into ``doomed_object``; the sweeper removes the
object later, if by then no item row names it. Whoever puts a photo takes its key off that list
*before* it puts the bytes, so an object scheduled long ago cannot vanish between the put and the
commit; one that is scheduled in between is too young for the sweeper.
"""

import uuid
from collections.abc import Iterable

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import Insert, insert
from sqlalchemy.orm import Session

from services.common.db.tables import DoomedObject, Erasure, Item, Job

# Bound parameters of one statement are limited to 65,535.
_KEYS_PER_STATEMENT = 10_000
_ITEMS_PER_STATEMENT = 10_000


class ErasureRepository:
    """Reads and writes tombstones and objects to delete in the session's transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def is_erased(self, tenant: str, job: uuid.UUID) -> bool:
        """Whether the tenant once had this job."""
        query = select(Erasure.job_public_id).where(
            Erasure.tenant == tenant, Erasure.job_public_id == job
        )
        return self._session.scalar(query) is not None

    def erase(self, job: Job, *, reason: str) -> None:
        """Delete a job with its photos' rows, schedule the photos' deletion, leave a tombstone.

        Items go before the job: workers lock rows in that order, the other one could deadlock.
        They go in slices, so that no statement of a job of 100,000 comes near the limit of ten
        seconds after which Postgres ends it.
        """
        self._session.execute(_scheduling_photos(job.id))
        self._delete_items(job.id)
        self._session.execute(delete(Job).where(Job.id == job.id))
        self._session.execute(
            insert(Erasure)
            .values(
                job_public_id=job.public_id,
                tenant=job.tenant,
                reason=reason,
                photos=job.total or 0,
            )
            .on_conflict_do_nothing()
        )

    def _delete_items(self, job_id: int) -> None:
        last = self._session.scalar(select(func.max(Item.seq)).where(Item.job_id == job_id))
        for start in range(0, 0 if last is None else last + 1, _ITEMS_PER_STATEMENT):
            places = Item.seq.between(start, start + _ITEMS_PER_STATEMENT - 1)
            self._session.execute(delete(Item).where(Item.job_id == job_id, places))

    def schedule_deletion(self, keys: Iterable[str]) -> None:
        """Leave objects to the sweeper, counting their age from now."""
        ordered = sorted(set(keys))  # one order for all, so that two requests cannot deadlock
        for start in range(0, len(ordered), _KEYS_PER_STATEMENT):
            rows = [{"object_key": key} for key in ordered[start : start + _KEYS_PER_STATEMENT]]
            self._session.execute(_reviving(insert(DoomedObject).values(rows)))

    def keep(self, key: str) -> None:
        """Take a key off the list; waits for a sweeper that is deleting it right now."""
        self._session.execute(delete(DoomedObject).where(DoomedObject.object_key == key))


def _scheduling_photos(job_id: int) -> Insert:
    keys = (
        select(Item.object_key)
        .where(Item.job_id == job_id, Item.object_key != "")
        .distinct()
        .order_by(Item.object_key)
    )
    return _reviving(insert(DoomedObject).from_select([DoomedObject.object_key], keys))


def _reviving(statement: Insert) -> Insert:
    return statement.on_conflict_do_update(
        index_elements=[DoomedObject.object_key], set_={DoomedObject.doomed_at: func.now()}
    )
