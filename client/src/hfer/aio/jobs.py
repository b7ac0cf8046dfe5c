"""Jobs of the service: a handle on one, and the collection."""

import os
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import quote

import httpx

from hfer._codec import decode
from hfer._pages import entries
from hfer._results import result_bytes, result_lines
from hfer._retry import PATIENT, RetryPolicy, parse_retry_after
from hfer._tables import face_frame, require_pandas
from hfer._transport import NOT_MODIFIED, Call, Transport, parsed
from hfer.errors import UnexpectedAnswerError, WaitTimeoutError
from hfer.exports import Exporter, ExportFormat, Per, exporting, require_writer
from hfer.listening import JOB_FINISHED, JobEvent, listen
from hfer.models import JobState, PhotoResult, ResultFormat

if TYPE_CHECKING:
    import pandas as pd

JobProgress = Callable[[JobState], None]

# The service says with Retry-After how often to look; these bound what it may say.
SHORTEST_POLL_S, USUAL_POLL_S, LONGEST_POLL_S = 0.2, 1.0, 15.0

# Photos that a thread writes at a time, so that the event loop is not held up by each.
_EXPORTED_TOGETHER = 200


class AsyncJob:
    """A handle on one job, for asyncio; see `hfer.Job`."""

    def __init__(self, transport: Transport, job_id: str, *, state: JobState | None = None) -> None:
        self.id = job_id
        self.transport = transport
        self.path = f"/v1/jobs/{quote(job_id, safe='')}"
        self._state = state
        self._etag: str | None = None
        self._poll_s = USUAL_POLL_S

    async def state(self) -> JobState:
        """Return the job as last seen; asks the service only if it was never seen."""
        return self._state or await self.refresh()

    async def refresh(self, *, retry: RetryPolicy | None = None) -> JobState:
        """Ask the service how far the job is."""
        headers = {"If-None-Match": self._etag} if self._etag and self._state else {}
        call = Call("GET", self.path, headers=headers)
        response = await self.transport.send(call, retry=retry)
        self._poll_s = _poll_s(response)
        if response.status_code == NOT_MODIFIED and self._state is not None:
            return self._state
        self._etag = response.headers.get("ETag")
        self._state = job_state(parsed(response))
        return self._state

    async def wait(
        self, *, on_progress: JobProgress | None = None, timeout_s: float | None = None
    ) -> JobState:
        """Wait until the job is final, and return its state; see `hfer.Job.wait`."""
        deadline = None if timeout_s is None else time.monotonic() + timeout_s
        while True:
            state = await self.refresh(retry=PATIENT)
            if on_progress is not None:
                on_progress(state)
            if state.final:
                return state
            if deadline is not None and time.monotonic() + self._poll_s > deadline:
                raise WaitTimeoutError(f"{self.id} is still {state.status} after {timeout_s} s.")
            await self.transport.wire.sleep(self._poll_s)

    def results(self, *, partial: bool = False) -> AsyncGenerator[PhotoResult, None]:
        """Iterate over the photos' results; see `hfer.Job.results`."""
        return result_lines(self.transport, self.path, partial=partial)

    async def follow(
        self, *, on_progress: JobProgress | None = None
    ) -> AsyncGenerator[PhotoResult, None]:
        """Iterate over the photos of `events`; see `hfer.Job.follow`."""
        async with aclosing(self.events()) as events:
            async for event in events:
                if event.job is not None and on_progress is not None:
                    on_progress(event.job)
                if event.photo is not None:
                    yield event.photo

    def results_bytes(
        self, encoding: ResultFormat, *, partial: bool = False
    ) -> AsyncGenerator[bytes, None]:
        """Stream the results as the service encodes them (JSON, JSONL or CSV)."""
        return result_bytes(self.transport, self.path, encoding, partial=partial)

    async def to_pandas(self, *, partial: bool = False) -> "pd.DataFrame":
        """Return the results as a table; see `hfer.Job.to_pandas`."""
        require_pandas()
        async with aclosing(self.results(partial=partial)) as results:
            return face_frame([photo async for photo in results])

    async def export(
        self,
        path: str | os.PathLike[str],
        form: ExportFormat | str,
        *,
        partial: bool = False,
        per: Per | str = Per.PHOTO,
        image_prefix: str = "",
    ) -> None:
        """Write the results as a file of another tool; see `hfer.Job.export`."""
        exporter = Exporter(ExportFormat(form), Per(per), image_prefix)
        require_writer(exporter.form)
        state = await self.refresh()
        with exporting(path, exporter, state) as add:
            async with aclosing(self.results(partial=partial)) as results:
                held: list[PhotoResult] = []
                async for photo in results:
                    held.append(photo)
                    if len(held) == _EXPORTED_TOGETHER:
                        await self.transport.wire.call(add, held)
                        held = []
            await self.transport.wire.call(add, held)

    async def events(self, *, after: str | None = None) -> AsyncGenerator[JobEvent, None]:
        """Iterate over what happens to the job, up to its end; see `hfer.Job.events`."""
        async with aclosing(listen(self.transport, f"{self.path}/events", after=after)) as events:
            async for event in events:
                if event.kind == JOB_FINISHED and event.job is not None:
                    self._state, self._etag = event.job, None
                yield event

    async def annotated(self, item_id: str) -> bytes:
        """Fetch a photo with numbered boxes as JPEG; see `hfer.Job.annotated`."""
        path = f"{self.path}/items/{quote(item_id, safe='')}/annotated"
        return (await self.transport.send(Call("GET", path, follow_redirects=True))).content

    async def cancel(self) -> JobState:
        """Stop the job; see `hfer.Job.cancel`."""
        body = await self.transport.send_json(Call("POST", f"{self.path}/cancel"))
        self._state, self._etag = job_state(body), None
        return self._state

    async def delete(self, *, reason: str | None = None) -> None:
        """Erase the job with its photos and results; see `hfer.Job.delete`."""
        query = {} if reason is None else {"reason": reason}
        await self.transport.send(Call("DELETE", self.path, query=query))


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
        self, *, status: str | None = None, tenant: str | None = None
    ) -> AsyncGenerator[JobState, None]:
        """Iterate over jobs, newest first, page by page; see `hfer.jobs.Jobs.list`."""
        said = {"status": status, "tenant": tenant}
        query = {name: value for name, value in said.items() if value}
        async with aclosing(entries(self._transport, "/v1/jobs", query=query)) as found:
            async for entry in found:
                yield job_state(entry)


def job_state(body: object) -> JobState:
    """Read a job object.

    Raises:
        UnexpectedAnswerError: it is none.
    """
    state = decode(JobState, body)
    if not state.id or not state.status:
        raise UnexpectedAnswerError("The answer is not a job. Is this the URL of an HFER service?")
    return state


def _poll_s(response: httpx.Response) -> float:
    hint = parse_retry_after(response.headers.get("Retry-After"), now=datetime.now(UTC))
    return min(LONGEST_POLL_S, max(SHORTEST_POLL_S, USUAL_POLL_S if hint is None else hint))
