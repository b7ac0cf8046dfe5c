"""Jobs that end, and the messages about it: one transaction for both."""

from collections.abc import Sequence
from dataclasses import asdict

from sqlalchemy.orm import Session

from services.common.db.tables import Job
from services.common.domain.ids import IdKind, format_id
from services.common.domain.jobs import JobStatus
from services.common.domain.webhooks import EventType
from services.common.jobs.queue.repositories.sweeps import ClosedJob, SweepRepository
from services.common.jobs.repositories.jobs import JobRepository
from services.common.jobs.repositories.tallies import TallyRepository
from services.common.tenants.repositories.usage import UsageRepository
from services.common.webhooks.repositories.outbox import NewEvent, OutboxRepository

_KINDS = {
    JobStatus.SUCCEEDED: EventType.JOB_SUCCEEDED,
    JobStatus.FAILED: EventType.JOB_FAILED,
    JobStatus.CANCELLED: EventType.JOB_CANCELLED,
    JobStatus.EXPIRED: EventType.JOB_EXPIRED,
}


def close_jobs(session: Session, *, job_id: int | None = None, limit: int = 1) -> list[ClosedJob]:
    """Move sealed jobs without open items to their final status; all, or only one."""
    closed = SweepRepository(session).close_ready(job_id=job_id, limit=limit)
    if closed:
        UsageRepository(session).settle([job.job_id for job in closed])
        jobs = JobRepository(session).by_ids([job.job_id for job in closed])
        announce_ends(session, jobs)
    return closed


def announce_ends(session: Session, jobs: Sequence[Job]) -> None:
    """Write the messages about jobs that became final in this transaction."""
    outbox = OutboxRepository(session)
    listening = outbox.listening([job.tenant for job in jobs])
    listened_to = [job for job in jobs if job.tenant in listening]
    if not listened_to:
        return
    counts = TallyRepository(session).counts([job.id for job in listened_to])
    outbox.announce(
        [
            NewEvent(
                _KINDS[JobStatus(job.status)],
                {
                    "id": format_id(IdKind.JOB, job.public_id),
                    "status": job.status,
                    "client_ref": job.client_ref,
                    "counts": asdict(counts[job.id]),
                },
                tenant=job.tenant,
            )
            for job in listened_to
        ]
    )
