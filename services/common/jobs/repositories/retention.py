"""What is due to be forgotten: photos, results, objects that no row names, dead uploads."""

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import func, or_, select, text, update
from sqlalchemy.orm import Session

from services.common.datasets.repositories.thinning import ThinningRepository
from services.common.db.tables import DoomedPrefix, Item, Job
from services.common.domain.jobs import JobStatus
from services.common.jobs.repositories.erasures import ErasureRepository

# A job that ran out of time unfinished would otherwise vanish in the moment it is closed.
GRACE_OF_EXPIRED = timedelta(days=1)

# Rows of a job whose inputs are erased name objects that nobody may read any more.
_DUE_OBJECTS = text("""
    SELECT doomed.object_key, EXISTS (
        SELECT FROM item JOIN job ON job.id = item.job_id
        WHERE item.sha256 = CASE WHEN doomed.object_key ~ '/[0-9a-f]{64}$'
                                 THEN decode(right(doomed.object_key, 64), 'hex') END
          AND item.object_key = doomed.object_key AND job.inputs_erased_at IS NULL
    ) AS named
    FROM doomed_object AS doomed
    WHERE doomed.doomed_at <= now() - CAST(:grace AS interval)
    ORDER BY doomed.doomed_at LIMIT :limit
    FOR UPDATE OF doomed SKIP LOCKED
""")
_FORGET = text("DELETE FROM doomed_object WHERE object_key = ANY(:keys)")

# The same conditions as those of `due_inputs`, `due_jobs` and `due_objects`.
_OVERDUE = text("""
    SELECT
        (SELECT coalesce(extract(epoch FROM now() - min(finished_at + kept)), 0) FROM (
            SELECT finished_at, make_interval(secs =>
                least(coalesce(keep_photos_s, :inputs_s), :inputs_max_s)) AS kept
            FROM job WHERE finished_at <= now() AND inputs_erased_at IS NULL
         ) AS ended WHERE finished_at + kept <= now()) AS inputs,
        (SELECT coalesce(extract(epoch FROM now() - min(due_at)), 0) FROM (
            SELECT expires_at AS due_at FROM job
            WHERE finished_at IS NOT NULL AND status <> 'expired' AND expires_at <= now()
            UNION ALL
            SELECT upload_until FROM job WHERE status = 'open' AND upload_until <= now()
         ) AS due) AS results,
        (SELECT coalesce(extract(epoch FROM
                    now() - CAST(:grace AS interval) - min(doomed_at)), 0)
         FROM (SELECT doomed_at FROM doomed_object UNION ALL SELECT doomed_at FROM doomed_prefix)
         AS doomed WHERE doomed_at <= now() - CAST(:grace AS interval)) AS objects,
        (SELECT count(*) FROM doomed_object WHERE doomed_at <= now()) AS scheduled
""")


@dataclass(frozen=True, slots=True)
class Overdue:
    """Seconds since the oldest of each kind was due, 0 for none.

    ``scheduled`` is how many objects wait to be deleted, due or not.
    """

    inputs_s: float
    results_s: float
    objects_s: float
    scheduled: int


class RetentionRepository:
    """Queries of the retention loop, in the session's transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def due_inputs(self, *, keep_s: int, keep_max_s: int, limit: int) -> Sequence[Job]:
        """Lock finished jobs whose photos have been kept for long enough.

        Args:
            keep_s: seconds after the end of a job of before this was noted of each.
            keep_max_s: what was promised is kept up to here, should the maximum be lower by now.
            limit: jobs at most.
        """
        kept = func.make_interval(
            0, 0, 0, 0, 0, 0, func.least(func.coalesce(Job.keep_photos_s, keep_s), keep_max_s)
        )
        query = (
            select(Job)
            .where(
                Job.finished_at <= func.now(),
                Job.finished_at + kept <= func.now(),
                Job.inputs_erased_at.is_(None),
            )
            .order_by(Job.id)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        return self._session.scalars(query).all()

    def erase_inputs(self, job: Job) -> None:
        """Schedule the deletion of a job's photos and pictures, forget URLs; its results stay.

        Its faces leave the data sets too, unless the job keeps them to train on.
        """
        ErasureRepository(self._session).schedule_inputs(job)
        ThinningRepository(self._session).photos_gone(job.public_id)
        self._session.execute(
            update(Item)
            .where(Item.job_id == job.id, Item.source_url.is_not(None))
            .values(source_url=None)
            .execution_options(synchronize_session=False)
        )
        self._session.execute(
            update(Job)
            .where(Job.id == job.id)
            .values(inputs_erased_at=func.now())
            .execution_options(synchronize_session=False)
        )

    def due_jobs(self, *, limit: int) -> Sequence[Job]:
        """Lock jobs whose results have been kept long enough, and uploads left unsealed."""
        expired = (Job.status == JobStatus.EXPIRED) & (
            Job.finished_at > func.now() - GRACE_OF_EXPIRED
        )
        finished = Job.finished_at.is_not(None) & (Job.expires_at <= func.now()) & ~expired
        abandoned = (Job.status == JobStatus.OPEN) & (Job.upload_until <= func.now())
        query = (
            select(Job)
            .where(or_(finished, abandoned))
            .order_by(Job.id)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        return self._session.scalars(query).all()

    def overdue(self, *, keep_s: int, keep_max_s: int, grace: timedelta) -> Overdue:
        """How long ago the oldest of each kind should have been forgotten; see `due_inputs`."""
        parameters = {"inputs_s": keep_s, "inputs_max_s": keep_max_s, "grace": grace}
        row = self._session.execute(_OVERDUE, parameters).one()
        return Overdue(
            float(row.inputs), float(row.results), float(row.objects), int(row.scheduled)
        )

    def due_objects(self, *, grace: timedelta, limit: int) -> tuple[list[str], list[str]]:
        """Lock objects scheduled longer ago than ``grace``: those to delete, and those named again.

        The locks keep an upload of the same photo waiting until the object is gone, so that
        it is put again afterwards and not before.
        """
        rows = self._session.execute(_DUE_OBJECTS, {"grace": grace, "limit": limit}).all()
        return (
            [row.object_key for row in rows if not row.named],
            [row.object_key for row in rows if row.named],
        )

    def forget(self, keys: Sequence[str]) -> None:
        """Take keys off the list of objects to delete."""
        if keys:
            self._session.execute(_FORGET, {"keys": list(keys)})

    def due_prefix(self, *, grace: timedelta) -> DoomedPrefix | None:
        """Lock the prefix that was scheduled first and longer ago than ``grace``, if there is one.

        One that another process is at is passed over.
        """
        query = (
            select(DoomedPrefix)
            .where(DoomedPrefix.doomed_at <= func.now() - grace)
            .order_by(DoomedPrefix.doomed_at)
            .limit(1)
            .with_for_update(skip_locked=True)
        )
        return self._session.scalar(query)

    def turn_page(self, prefix: DoomedPrefix, *, after: str | None) -> None:
        """Note that objects up to ``after`` were seen, or all of them."""
        if after is None:
            self._session.delete(prefix)
        else:
            prefix.after = after

    def jobs_with_inputs(self, public_ids: Sequence[uuid.UUID]) -> set[uuid.UUID]:
        """Which of these jobs exist and still have their inputs."""
        query = select(Job.public_id).where(
            Job.public_id.in_(public_ids), Job.inputs_erased_at.is_(None)
        )
        return set(self._session.scalars(query))

    def items_without_photo(self, public_ids: Collection[uuid.UUID]) -> set[uuid.UUID]:
        """Which of these items have no photo in the bucket: erased ones, of those with pictures."""
        query = select(Item.public_id).where(Item.public_id.in_(public_ids), Item.object_key == "")
        return set(self._session.scalars(query))
