"""Tombstones of jobs, and what is on its way out of the bucket.

Every photo in the bucket is named by an item row or listed in ``doomed_object``, so that nobody
has to look through the bucket for what was left behind. Whoever puts a photo lists it *before*
the bytes; the transaction that writes its row takes it off the list; the one that removes the last
row lists it again. Maintenance deletes what has been listed for long enough, if no row names it.

An object is never deleted by the request that erases a job: another one may be about to name the
same photo. If that one comes too late, `ErasureRepository.keep` tells it so.

Objects that come without such a row are found by their prefix: the pictures of a job, and what a
client still puts below an upload that is gone. A prefix to clear is listed in ``doomed_prefix``.
"""

import uuid
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, delete, func, literal, select, text, update
from sqlalchemy.dialects.postgresql import Insert, insert
from sqlalchemy.orm import Session

from services.common.datasets.repositories.thinning import ThinningRepository
from services.common.db.erasure_tables import Erasure, ErasureObject
from services.common.db.review_tables import FaceReview, ReviewDraw
from services.common.db.tables import DoomedObject, DoomedPrefix, Item, Job
from services.common.domain.errors import TransientError
from services.common.storage_keys import annotated_prefix, uploads_prefix
from services.common.tenants.repositories.usage import UsageRepository

# Bound parameters of one statement are limited to 65,535.
_KEYS_PER_STATEMENT = 10_000
_ITEMS_PER_STATEMENT = 10_000
_AT_ONCE = timedelta(0)
ERASED_BY_AGE = "retention"

# Locked in one order, so that two requests cannot deadlock.
_KEEP = text("""
    WITH listed AS (
        SELECT object_key FROM doomed_object WHERE object_key = ANY(:keys)
        ORDER BY object_key FOR UPDATE
    )
    DELETE FROM doomed_object USING listed WHERE doomed_object.object_key = listed.object_key
    RETURNING doomed_object.object_key
""")
_TAKE_TURN = text("SELECT pg_advisory_xact_lock(hashtext('hfer.erase'), hashtext(:job))")
# Rows of a job whose inputs are erased name objects that nobody may read any more.
_UNNAMED = text("""
    SELECT key FROM unnest(CAST(:keys AS text[])) AS key
    WHERE NOT EXISTS (
        SELECT FROM item JOIN job ON job.id = item.job_id
        WHERE item.sha256 = CASE WHEN key ~ '/[0-9a-f]{64}$'
                                 THEN decode(right(key, 64), 'hex') END
          AND item.object_key = key AND job.inputs_erased_at IS NULL
    )
""")


@dataclass(frozen=True, slots=True)
class ErasureRequest:
    """Who wants a job erased: the key's public id and name, and why, in words of the caller's."""

    key_id: str
    key_name: str
    stated_reason: str | None = None


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

    def take_turn(self, job: uuid.UUID) -> None:
        """Wait for whoever erases this job on demand; the next one waits until the commit."""
        self._session.execute(_TAKE_TURN, {"job": str(job)})

    def erase(
        self,
        job: Job,
        *,
        reason: str,
        urls_hold: timedelta = _AT_ONCE,
        asked: ErasureRequest | None = None,
    ) -> None:
        """Delete a job with its photos' rows, schedule the objects' deletion, leave a tombstone.

        Items go before the job: workers lock rows in that order, the other one could deadlock.
        They go in slices, so that no statement of a job of 100,000 comes near the limit of ten
        seconds after which Postgres ends it.

        Args:
            job: in whatever state.
            reason: for the tombstone.
            urls_hold: how long a client may still put photos of an upload by presigned URLs.
            asked: who wants it, who gets a receipt once the bucket holds nothing of the job.
        """
        if job.inputs_erased_at is None:
            self.schedule_inputs(job)
        if job.upload_until is not None:
            self.schedule_prefix(uploads_prefix(job.tenant, job.public_id), after=urls_hold)
        if asked is not None:
            self._note_objects(job)
        counts = self._count_reviews(job.id) if asked is not None else {}
        self._delete_items(job.id)
        UsageRepository(self._session).abandon(job.id)
        self._session.execute(delete(Job).where(Job.id == job.id))
        # What is forgotten by age alone may stay in data sets: they have a retention of their own.
        thinning = ThinningRepository(self._session)
        by_age = asked is None and reason == ERASED_BY_AGE
        faces = thinning.photos_gone(job.public_id) if by_age else thinning.erase_job(job.public_id)
        self._session.execute(
            insert(Erasure)
            .values(
                job_public_id=job.public_id,
                tenant=job.tenant,
                reason=reason,
                photos=job.total or 0,
                training_faces=faces,
                key_id=asked.key_id if asked else None,
                key_name=asked.key_name if asked else None,
                stated_reason=asked.stated_reason if asked else None,
                check_at=func.now() if asked else None,
                **counts,
            )
            .on_conflict_do_nothing()
        )

    def erase_kept(
        self, public_id: uuid.UUID, *, reason: str, asked: ErasureRequest | None
    ) -> bool:
        """Take out of the data sets what is left of a job that is gone; False for nothing.

        ``asked`` gets a receipt as of any erasure.
        """
        faces = ThinningRepository(self._session).erase_job(public_id)
        if not faces:
            return False
        self._session.execute(
            update(Erasure)
            .where(Erasure.job_public_id == public_id)
            .values(
                reason=reason,
                erased_at=func.now(),
                key_id=asked.key_id if asked else None,
                key_name=asked.key_name if asked else None,
                stated_reason=asked.stated_reason if asked else None,
                check_at=func.now() if asked else None,
                bucket_empty_at=None,
                photos_kept=None,
                signature=None,
                training_faces=func.coalesce(Erasure.training_faces, 0) + faces,
            )
        )
        return True

    def _count_reviews(self, job_id: int) -> dict[str, int]:
        """Count for the receipt what people said of the job's faces, and which were drawn."""
        words = (
            select(func.count()).select_from(FaceReview).join(Item, Item.id == FaceReview.item_id)
        )
        draws = select(func.count()).where(ReviewDraw.job_id == job_id)
        return {
            "reviews": self._session.scalar(words.where(Item.job_id == job_id)) or 0,
            "draws": self._session.scalar(draws) or 0,
        }

    def schedule_inputs(self, job: Job) -> None:
        """Schedule the deletion of a job's photos, in slices too, and of its pictures."""
        last, listed = "", _KEYS_PER_STATEMENT
        while listed == _KEYS_PER_STATEMENT:
            last, listed = self._session.execute(_scheduling_photos(job.id, after=last)).one()
        self.schedule_prefix(annotated_prefix(job.public_id))

    def schedule_prefix(self, *prefixes: str, after: timedelta = _AT_ONCE) -> None:
        """Have everything below prefixes deleted that no row names, ``after`` from now."""
        doomed_at = func.now() + after
        rows = [{"prefix": prefix, "doomed_at": doomed_at} for prefix in sorted(prefixes)]
        self._session.execute(
            insert(DoomedPrefix)
            .values(rows)
            .on_conflict_do_update(
                index_elements=[DoomedPrefix.prefix], set_={"doomed_at": doomed_at, "after": None}
            )
        )

    def schedule_late_pictures(self, job: uuid.UUID) -> None:
        """Have the pictures of a job deleted if its photos are erased, however often they were.

        For whoever has put one and finds that it had no lease any more: the prefix may have been
        cleared before. A job whose photos are still there has its prefix cleared after them.
        """
        kept = select(Job.id).where(Job.public_id == job, Job.inputs_erased_at.is_(None))
        if self._session.scalar(kept) is None:
            self.schedule_prefix(annotated_prefix(job))

    def _note_objects(self, job: Job) -> None:
        """Note which objects to look for; those below the job's own prefixes are found there."""
        own = uploads_prefix(job.tenant, job.public_id)
        for places in self._slices(job.id):
            keys = (
                select(literal(job.public_id), Item.object_key)
                .where(Item.job_id == job.id, places, Item.object_key != "")
                .where(~Item.object_key.startswith(own, autoescape=True))
                .distinct()
            )
            into = [ErasureObject.job_public_id, ErasureObject.object_key]
            noting = insert(ErasureObject).from_select(into, keys)
            self._session.execute(noting.on_conflict_do_nothing())

    def _delete_items(self, job_id: int) -> None:
        for places in self._slices(job_id):
            self._session.execute(delete(Item).where(Item.job_id == job_id, places))

    def _slices(self, job_id: int) -> Iterator[ColumnElement[bool]]:
        """Yield conditions that together fit all items of a job, each a statement's worth."""
        last = self._session.scalar(select(func.max(Item.seq)).where(Item.job_id == job_id))
        for start in range(0, 0 if last is None else last + 1, _ITEMS_PER_STATEMENT):
            yield Item.seq.between(start, start + _ITEMS_PER_STATEMENT - 1)

    def schedule_deletion(self, keys: Iterable[str], *, after: timedelta = _AT_ONCE) -> None:
        """Leave objects to maintenance, counting their age from ``after`` now."""
        ordered = sorted(set(keys))  # one order for all, so that two requests cannot deadlock
        for start in range(0, len(ordered), _KEYS_PER_STATEMENT):
            piece = ordered[start : start + _KEYS_PER_STATEMENT]
            rows = [{"object_key": key, "doomed_at": func.now() + after} for key in piece]
            self._session.execute(_reviving(insert(DoomedObject).values(rows)))

    def schedule_strays(self, keys: Sequence[str]) -> int:
        """List those of these photos that no row names, unless they are listed; how many."""
        rows = [{"object_key": key} for key in self.unnamed(keys)]
        if not rows:
            return 0
        statement = insert(DoomedObject).values(rows).on_conflict_do_nothing()
        listed = self._session.scalars(statement.returning(DoomedObject.object_key))
        return len(listed.all())

    def keep(self, keys: Collection[str]) -> None:
        """Take objects off the list: rows written in this transaction will name them.

        Call it before those rows are written, the order of locks that an erasure has. It waits
        for maintenance that is deleting one of them right now.

        Raises:
            TransientError: one of them was put so long ago that it has been deleted.
        """
        if not keys:
            return
        listed = set(self._session.scalars(_KEEP, {"keys": list(keys)}))
        # Another request with the same photo may have taken it off: then a row names it.
        if gone := self.unnamed([key for key in keys if key not in listed]):
            raise TransientError(
                f"{len(gone)} photos took so long that they were given up; send them again"
            )

    def unnamed(self, keys: Sequence[str]) -> list[str]:
        """Which of these photo objects no living row names."""
        return list(self._session.scalars(_UNNAMED, {"keys": list(keys)})) if keys else []


def _scheduling_photos(job_id: int, *, after: str) -> Select[Any, int]:
    """List a slice of a job's photos in the order of their keys; answers its last key and size."""
    keys = (
        select(Item.object_key)
        .where(Item.job_id == job_id, Item.object_key > after)
        .distinct()
        .order_by(Item.object_key)
        .limit(_KEYS_PER_STATEMENT)
    )
    listing = _reviving(insert(DoomedObject).from_select([DoomedObject.object_key], keys))
    listed = listing.returning(DoomedObject.object_key).cte("listed")
    return select(func.max(listed.c.object_key), func.count()).select_from(listed)


def _reviving(statement: Insert) -> Insert:
    return statement.on_conflict_do_update(
        index_elements=[DoomedObject.object_key],
        set_={DoomedObject.doomed_at: statement.excluded.doomed_at},
    )
