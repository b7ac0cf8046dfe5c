"""Jobs of the service, blocking: the collection, and the handle on one (`hfer.job`)."""

from collections.abc import Iterator, Mapping
from datetime import datetime

from hfer._wire import iterate, run
from hfer.aio.job_core import JobProgress
from hfer.aio.jobs import AsyncJobs
from hfer.job import FinishedJob, Job
from hfer.models import JobState

__all__ = ["FinishedJob", "Job", "JobProgress", "Jobs"]


class Jobs:
    """The jobs that the API key may see."""

    def __init__(self, core: AsyncJobs) -> None:
        self._core = core

    def attach(self, job_id: str) -> Job:
        """Return a handle without asking the service; a wrong id shows on first use."""
        return Job(self._core.attach(job_id))

    def get(self, job_id: str) -> Job:
        """Return a handle on a job that exists.

        Raises:
            NotFoundError: no such job for this API key.
        """
        return Job(run(self._core.get(job_id)))

    def list(
        self,
        *,
        status: str | None = None,
        tenant: str | None = None,
        labels: Mapping[str, str] | None = None,
        client_ref: str | None = None,
        created_after: datetime | None = None,
        created_before: datetime | None = None,
    ) -> Iterator[JobState]:
        """Iterate over jobs, newest first, page by page; each narrows further.

        Args:
            status: only jobs in it.
            tenant: whose, yours by default; another's, or ``*`` for all, with the scope admin.
            labels: only jobs with all of these labels.
            client_ref: only jobs with this id of yours.
            created_after: only jobs made later. Without a time zone it is local.
            created_before: only jobs made earlier.
        """
        found = self._core.list(
            status=status,
            tenant=tenant,
            labels=labels,
            client_ref=client_ref,
            created_after=created_after,
            created_before=created_before,
        )
        yield from iterate(found)
