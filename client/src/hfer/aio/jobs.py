"""Jobs of the service, for asyncio: the collection (the handle on one is in `hfer.aio.job`)."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from datetime import UTC, datetime

from hfer._pages import entries
from hfer._transport import Transport
from hfer.aio.job import AsyncJob
from hfer.aio.job_core import job_state
from hfer.models import JobState


class AsyncJobs:
    """The jobs that the API key may see, for asyncio; see `hfer.Jobs`."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def attach(self, job_id: str) -> AsyncJob:
        """Return a handle without asking the service; a wrong id shows on first use."""
        return AsyncJob(self._transport, job_id)

    async def get(self, job_id: str) -> AsyncJob:
        """Return a handle on a job that exists."""
        job = self.attach(job_id)
        await job.refresh()
        return job

    async def list(
        self,
        *,
        status: str | None = None,
        tenant: str | None = None,
        labels: Mapping[str, str] | None = None,
        client_ref: str | None = None,
        created_after: datetime | None = None,
        created_before: datetime | None = None,
    ) -> AsyncGenerator[JobState, None]:
        """Iterate over jobs, newest first, page by page; see `hfer.jobs.Jobs.list`."""
        said = {
            "status": status,
            "tenant": tenant,
            "client_ref": client_ref,
            "created_after": created_after and _rfc_3339(created_after),
            "created_before": created_before and _rfc_3339(created_before),
        }
        query = {name: value for name, value in said.items() if value}
        query |= {f"label.{name}": value for name, value in (labels or {}).items()}
        async with aclosing(entries(self._transport, "/v1/jobs", query=query)) as found:
            async for entry in found:
                yield job_state(entry)


def _rfc_3339(moment: datetime) -> str:
    """Write a moment in UTC; without a time zone it is local."""
    return moment.astimezone(UTC).isoformat()
