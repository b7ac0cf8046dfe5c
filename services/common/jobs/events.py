"""The stream of events of a job, as far as it goes: what is new after a given event."""

import uuid
from dataclasses import dataclass

from sqlalchemy.orm import Session

from services.common.jobs.repositories.events import EventRepository, FinishedPhotos
from services.common.jobs.views import JobView, view_job

# The last event of every job; all others are numbered below it.
FINAL_EVENT = 2**63 - 1


@dataclass(frozen=True, slots=True)
class JobNews:
    """A job at one moment, with the photos finished after the event that was asked for."""

    view: JobView
    finished: FinishedPhotos


def read_news(
    session: Session, tenant: str, public_id: uuid.UUID, *, after: int, limit: int
) -> JobNews:
    """Read what is new of a job of the tenant; raises like `find_job`.

    The job is read before its photos, each by a statement of its own: of a job that is seen to
    be final no photo can be missing.
    """
    view = view_job(session, tenant, public_id)
    finished = EventRepository(session).finished(
        view.job.id, after=after, limit=limit, final=view.status.final
    )
    return JobNews(view, finished)
