"""Jobs as users see them: the row, its counts, and what follows from both."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from services.common.db.tables import Job
from services.common.domain.errors import JobError, JobErrorCode
from services.common.domain.jobs import JobCounts, JobStatus
from services.common.jobs.queue.repositories.turns import TurnRepository
from services.common.jobs.repositories.erasures import ErasureRepository
from services.common.jobs.repositories.jobs import (
    JobFilter,
    JobRepository,
    JobRow,
    MadeBy,
    PageKey,
)
from services.common.jobs.repositories.results import ResultRepository
from services.common.jobs.repositories.tallies import TallyRepository


@dataclass(frozen=True, slots=True)
class JobView:
    """A job at one moment.

    Attributes:
        now: the database's clock, as all times of the job are.
        queue_position: while it is queued, its place in the turns of its tenant and lane, from 1.
    """

    job: Job
    parent: uuid.UUID | None
    counts: JobCounts
    model_version: str | None
    now: datetime
    made_by: MadeBy | None = None
    queue_position: int | None = None

    @property
    def status(self) -> JobStatus:
        """The job's status."""
        return JobStatus(self.job.status)

    @property
    def photos_expire_at(self) -> datetime | None:
        """When the photos are erased, at the latest; None while that is open, or once they are."""
        job = self.job
        if job.finished_at is None or job.inputs_erased_at or job.keep_photos_s is None:
            return None
        due = job.finished_at + timedelta(seconds=job.keep_photos_s)
        return due if job.expires_at is None else min(due, max(job.expires_at, job.finished_at))

    @property
    def eta_seconds(self) -> float | None:
        """Time left at the pace so far; None before a photo is finished, 0 for a final job."""
        if self.status.final:
            return 0.0
        if self.job.started_at is None or self.counts.final == 0:
            return None
        elapsed = max((self.now - self.job.started_at).total_seconds(), 0.0)
        return elapsed / self.counts.final * (self.counts.total - self.counts.final)


def find_job(session: Session, tenant: str, public_id: uuid.UUID, *, lock: bool = False) -> Job:
    """Return a job of the tenant.

    Args:
        session: the unit of work.
        tenant: who asks; another tenant's job is not found.
        public_id: the job.
        lock: keep cancellations and deletions of it out until the commit.

    Raises:
        JobError: NOT_FOUND, or GONE when it was erased or has expired.
    """
    job = JobRepository(session).get(tenant, public_id, lock=lock)
    if job is None:
        raise _missing(session, tenant, public_id)
    return job


def view_job(session: Session, tenant: str, public_id: uuid.UUID) -> JobView:
    """Return a job of the tenant with its counts; raises like `find_job`."""
    row = JobRepository(session).row(tenant, public_id)
    if row is None:
        raise _missing(session, tenant, public_id)
    return _views(session, [row])[0]


def list_jobs(
    session: Session, tenant: str | None, *, narrow: JobFilter, after: PageKey | None, limit: int
) -> list[JobView]:
    """Return up to ``limit`` jobs of the tenant, or of all, newest first, that follow ``after``."""
    rows = JobRepository(session).page(tenant, narrow=narrow, after=after, limit=limit)
    return _views(session, rows)


def _views(session: Session, rows: Sequence[JobRow]) -> list[JobView]:
    counts = TallyRepository(session).counts([row.job.id for row in rows])
    answered = [job_id for job_id, count in counts.items() if count.succeeded + count.no_face]
    versions = ResultRepository(session).model_versions(answered) if answered else {}
    queued = [row.job.id for row in rows if row.job.status == JobStatus.QUEUED]
    positions = TurnRepository(session).positions(queued) if queued else {}
    return [
        JobView(
            row.job,
            row.parent,
            counts[row.job.id],
            versions.get(row.job.id),
            row.now,
            row.made_by,
            positions.get(row.job.id),
        )
        for row in rows
    ]


def _missing(session: Session, tenant: str, public_id: uuid.UUID) -> JobError:
    if ErasureRepository(session).is_erased(tenant, public_id):
        return JobError(JobErrorCode.GONE, "This job was erased or has expired.")
    return JobError(JobErrorCode.NOT_FOUND, "There is no such job.")
