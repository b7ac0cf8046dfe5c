"""Jobs of the service: a handle on one, and the collection."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from urllib.parse import quote

import httpx

from hfer._codec import decode
from hfer._lines import lines
from hfer._pages import entries
from hfer._retry import PATIENT, RetryPolicy, parse_retry_after
from hfer._transport import NOT_MODIFIED, Call, Transport, parsed
from hfer.errors import UnexpectedAnswerError, WaitTimeoutError
from hfer.listening import JOB_FINISHED, JobEvent, listen
from hfer.models import JobState, PhotoResult, ResultFormat

JobProgress = Callable[[JobState], None]

# The service says with Retry-After how often to look; these bound what it may say.
SHORTEST_POLL_S, USUAL_POLL_S, LONGEST_POLL_S = 0.2, 1.0, 15.0

MEDIA_TYPES = {
    ResultFormat.JSON: "application/json",
    ResultFormat.JSONL: "application/x-ndjson",
    ResultFormat.CSV: "text/csv",
}


class Job:
    """A handle on one job. It holds only the id: keep that, and ``attach`` to it later."""

    def __init__(self, transport: Transport, job_id: str, *, state: JobState | None = None) -> None:
        self.id = job_id
        self._transport = transport
        self._path = f"/v1/jobs/{quote(job_id, safe='')}"
        self._state = state
        self._etag: str | None = None
        self._poll_s = USUAL_POLL_S

    @property
    def state(self) -> JobState:
        """The job as last seen; asks the service only if it was never seen."""
        return self._state or self.refresh()

    def refresh(self, *, retry: RetryPolicy | None = None) -> JobState:
        """Ask the service how the job stands."""
        headers = {"If-None-Match": self._etag} if self._etag and self._state else {}
        response = self._transport.send(Call("GET", self._path, headers=headers), retry=retry)
        self._poll_s = _poll_s(response)
        if response.status_code == NOT_MODIFIED and self._state is not None:
            return self._state
        self._etag = response.headers.get("ETag")
        self._state = job_state(parsed(response))
        return self._state

    def wait(
        self, *, on_progress: JobProgress | None = None, timeout_s: float | None = None
    ) -> JobState:
        """Block until the job is final, and return its state (which may be ``failed``).

        An outage of the service of up to about five minutes is waited out. Leaving this
        method early, by an exception or Ctrl-C, leaves the job running.

        Raises:
            WaitTimeoutError: ``timeout_s`` seconds are over; the job goes on.
        """
        deadline = None if timeout_s is None else time.monotonic() + timeout_s
        while True:
            state = self.refresh(retry=PATIENT)
            if on_progress is not None:
                on_progress(state)
            if state.final:
                return state
            if deadline is not None and time.monotonic() + self._poll_s > deadline:
                raise WaitTimeoutError(f"{self.id} is still {state.status} after {timeout_s} s.")
            self._transport.sleep(self._poll_s)

    def results(self, *, partial: bool = False) -> Iterator[PhotoResult]:
        """Iterate over the photos' results in the order sent, without holding them all.

        Args:
            partial: also before the job is final, then only the photos that are.

        Raises:
            ConflictError: the job is not final and ``partial`` is false.
        """
        with self._open_results(ResultFormat.JSONL, partial=partial) as response:
            for line in lines(response.iter_bytes()):
                if line.strip():
                    yield decode(PhotoResult, _json_line(line))

    def results_bytes(self, encoding: ResultFormat, *, partial: bool = False) -> Iterator[bytes]:
        """Stream the results as the service encodes them (JSON, JSONL or CSV)."""
        with self._open_results(encoding, partial=partial) as response:
            yield from response.iter_bytes()

    def events(self, *, after: str | None = None) -> Iterator[JobEvent]:
        """Iterate over what happens to the job, up to its end: results while it runs.

        Each photo that is finished comes with its result, in the order of finishing. A broken
        connection is taken up where it was left: nothing is lost and nothing comes twice. An
        outage of the service of up to about five minutes is waited out.

        Args:
            after: ``id`` of the last event that you have, to go on after it.

        Raises:
            GoneError: the job was erased.
            ServiceUnreachableError: no answer, after all tries.
        """
        for event in listen(self._transport, f"{self._path}/events", after=after):
            if event.kind == JOB_FINISHED and event.job is not None:
                self._state, self._etag = event.job, None
            yield event

    def annotated(self, item_id: str) -> bytes:
        """Fetch a photo with numbered boxes as JPEG; the numbers are the ``face_index``.

        Raises:
            NotFoundError: no such photo in this job, or it could not be analysed.
            GoneError: its retention time is over.
        """
        path = f"{self._path}/items/{quote(item_id, safe='')}/annotated"
        return self._transport.send(Call("GET", path, follow_redirects=True)).content

    def cancel(self) -> JobState:
        """Stop the job. Photos already analysed keep their results.

        Raises:
            ConflictError: the job is already final.
        """
        body = self._transport.send_json(Call("POST", f"{self._path}/cancel"))
        self._state, self._etag = job_state(body), None
        return self._state

    def delete(self) -> None:
        """Erase the job with its photos and results, for good; a running job is stopped."""
        self._transport.send(Call("DELETE", self._path))

    def _open_results(
        self, encoding: ResultFormat, *, partial: bool
    ) -> AbstractContextManager[httpx.Response]:
        query = {"format": encoding.value} | ({"partial": "true"} if partial else {})
        headers = {"Accept": MEDIA_TYPES[encoding]}
        return self._transport.stream(
            Call("GET", f"{self._path}/results", query=query, headers=headers)
        )


class Jobs:
    """The jobs that the API key may see."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def attach(self, job_id: str) -> Job:
        """Return a handle without asking the service; a wrong id shows on first use."""
        return Job(self._transport, job_id)

    def get(self, job_id: str) -> Job:
        """Return a handle on a job that exists.

        Raises:
            NotFoundError: no such job for this API key.
        """
        job = self.attach(job_id)
        job.refresh()
        return job

    def list(self, *, status: str | None = None) -> Iterator[JobState]:
        """Iterate over jobs, newest first, page by page."""
        query = {"status": status} if status else {}
        yield from map(job_state, entries(self._transport, "/v1/jobs", query=query))


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


def _json_line(line: str) -> object:
    try:
        return json.loads(line)
    except ValueError as error:
        raise UnexpectedAnswerError("A line of the results is no JSON.") from error
