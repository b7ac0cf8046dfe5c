"""A handle on one job, for asyncio: how far it is, what it found, and its end."""

import os
import time
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Unpack
from urllib.parse import quote

import httpx

from hfer._codec import decode
from hfer._crops import face_crops
from hfer._notebook import job_bar
from hfer._pages import entries
from hfer._results import result_bytes, result_lines
from hfer._retry import PATIENT, RetryPolicy, parse_retry_after
from hfer._transport import NOT_MODIFIED, Call, Transport, json_call, parsed
from hfer.errors import UnexpectedAnswerError, WaitTimeoutError
from hfer.listening import JOB_FINISHED, JobEvent, listen
from hfer.models import JobState, PhotoResult, ResultFormat
from hfer.photo_filters import PhotoFilter, as_query
from hfer.receipt_models import ErasedPhotos
from hfer.result_models import ExpressionCounts, JobFacets, JobSummary, Order

JobProgress = Callable[[JobState], None]

# The service says with Retry-After how often to look; these bound what it may say.
SHORTEST_POLL_S, USUAL_POLL_S, LONGEST_POLL_S = 0.2, 1.0, 15.0

# Photos that the service lists by number at once.
ITEMS_A_REQUEST = 200

# Photos that the service erases at once.
_ERASED_A_REQUEST = 1_000

# A picture that is not drawn yet is waited for; the service gives it ten minutes.
_ZIP_SILENCE_S = 660.0


@dataclass(frozen=True, slots=True)
class _Erased:
    """The answer to one request to erase photos."""

    erased: int = 0
    erased_before: int = 0
    erasure: str | None = None


class AsyncJobCore:
    """What the service itself tells of one job and does with it."""

    def __init__(self, transport: Transport, job_id: str, *, state: JobState | None = None) -> None:
        self.id = job_id
        self.transport = transport
        self.path = f"/v1/jobs/{quote(job_id, safe='')}"
        self._state = state
        self._etag: str | None = None
        self._poll_s = USUAL_POLL_S

    @property
    def seen(self) -> JobState | None:
        """The job as last seen, without asking; None if it never was."""
        return self._state

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
        on_progress = on_progress or job_bar()
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
        self, encoding: ResultFormat | str, *, partial: bool = False
    ) -> AsyncGenerator[bytes, None]:
        """Stream the results as the service encodes them (JSON, JSONL or CSV)."""
        return result_bytes(self.transport, self.path, ResultFormat(encoding), partial=partial)

    async def events(self, *, after: str | None = None) -> AsyncGenerator[JobEvent, None]:
        """Iterate over what happens to the job, up to its end; see `hfer.Job.events`."""
        async with aclosing(listen(self.transport, f"{self.path}/events", after=after)) as events:
            async for event in events:
                if event.kind == JOB_FINISHED and event.job is not None:
                    self._state, self._etag = event.job, None
                yield event

    async def items(
        self, *, index: Sequence[int] | None = None, **wanted: Unpack[PhotoFilter]
    ) -> AsyncGenerator[PhotoResult, None]:
        """Iterate over the photos that fit, finished or not; see `hfer.Job.items`."""
        for numbers in _by_request(index):
            query = {**as_query(wanted), **numbers}
            found = entries(self.transport, f"{self.path}/items", query=query)
            async with aclosing(found):
                async for entry in found:
                    yield decode(PhotoResult, entry)

    async def order(
        self, *, of: str = "photos", sort: str = "sent", **wanted: Unpack[PhotoFilter]
    ) -> Order:
        """List photos or faces in an order, whole; see `hfer.Job.order`."""
        query = {"of": of, "sort": sort, **as_query(wanted)}
        call = Call("GET", f"{self.path}/order", query=query)
        return decode(Order, await self.transport.send_json(call))

    async def facets(self, **wanted: Unpack[PhotoFilter]) -> JobFacets:
        """Count what each filter would find; see `hfer.Job.facets`."""
        call = Call("GET", f"{self.path}/facets", query=as_query(wanted))
        return decode(JobFacets, await self.transport.send_json(call))

    async def item(self, item_id: str) -> PhotoResult:
        """Look at one photo; see `hfer.Job.item`."""
        call = Call("GET", self._item_path(item_id))
        return decode(PhotoResult, await self.transport.send_json(call))

    async def summary(self) -> JobSummary:
        """Add the faces up by expression; see `hfer.Job.summary`."""
        call = Call("GET", f"{self.path}/summary")
        return decode(JobSummary, await self.transport.send_json(call))

    async def expression_counts(self) -> ExpressionCounts:
        """Count faces without singling one out; see `hfer.Job.expression_counts`."""
        call = Call("GET", f"{self.path}/counts")
        return decode(ExpressionCounts, await self.transport.send_json(call))

    async def annotated(self, item_id: str) -> bytes:
        """Fetch a photo with numbered boxes as JPEG; see `hfer.Job.annotated`."""
        path = f"{self._item_path(item_id)}/annotated"
        return (await self.transport.send(Call("GET", path, follow_redirects=True))).content

    async def preview(self, item_id: str, *, size: str = "medium") -> bytes:
        """Fetch a photo, scaled for a screen, as JPEG; see `hfer.Job.preview`."""
        call = Call("GET", f"{self._item_path(item_id)}/photo", query={"size": size})
        return (await self.transport.send(call)).content

    async def crop(self, item_id: str, face_index: int) -> bytes:
        """Fetch a face, cut out of its photo, as JPEG; see `hfer.Job.crop`."""
        call = Call("GET", f"{self._item_path(item_id)}/faces/{face_index}/crop")
        return (await self.transport.send(call)).content

    def crops(self, faces: Iterable[tuple[int, int]]) -> AsyncGenerator[bytes | None, None]:
        """Fetch many faces; see `hfer.Job.crops`."""
        return face_crops(self.transport, self.path, faces)

    def zip_bytes(self) -> AsyncGenerator[bytes, None]:
        """Stream a zip of results and annotated photos; see `hfer.Job.zip_bytes`."""
        return self.transport.stream(Call("GET", f"{self.path}/artifacts", read_s=_ZIP_SILENCE_S))

    async def save_zip(self, path: str | os.PathLike[str]) -> None:
        """Write that zip to a file; see `hfer.Job.save_zip`."""
        target = Path(path)
        unfinished = target.with_name(f"{target.name}.part")
        try:
            with unfinished.open("wb") as file:
                async with aclosing(self.zip_bytes()) as blocks:
                    async for block in blocks:
                        await self.transport.wire.call(file.write, block)
            unfinished.replace(target)
        finally:
            unfinished.unlink(missing_ok=True)

    async def cancel(self) -> JobState:
        """Stop the job; see `hfer.Job.cancel`."""
        body = await self.transport.send_json(Call("POST", f"{self.path}/cancel"))
        self._state, self._etag = job_state(body), None
        return self._state

    async def delete(self, *, reason: str | None = None) -> None:
        """Erase the job with its photos and results; see `hfer.Job.delete`."""
        query = {} if reason is None else {"reason": reason}
        await self.transport.send(Call("DELETE", self.path, query=query))

    async def erase_photos(
        self, photos: Iterable[str | int | PhotoResult], *, reason: str | None = None
    ) -> ErasedPhotos:
        """Erase photos of a final job; see `hfer.Job.erase_photos`."""
        total = ErasedPhotos()
        given = [each.item_id if isinstance(each, PhotoResult) else each for each in photos]
        for start in range(0, len(given), _ERASED_A_REQUEST):
            named = given[start : start + _ERASED_A_REQUEST]
            body: dict[str, object] = {
                "items": [each for each in named if isinstance(each, str)],
                "index": [each for each in named if isinstance(each, int)],
            }
            body |= {} if reason is None else {"reason": reason}
            answer = await self.transport.send_json(
                json_call("POST", f"{self.path}/items/erase", body)
            )
            told = decode(_Erased, answer)
            total = ErasedPhotos(
                total.erased + told.erased,
                total.erased_before + told.erased_before,
                total.erasures + ((told.erasure,) if told.erasure else ()),
            )
        self._etag = None
        return total

    def _item_path(self, item_id: str) -> str:
        return f"{self.path}/items/{quote(item_id, safe='')}"


def _by_request(index: Sequence[int] | None) -> Iterator[dict[str, list[str]]]:
    """Yield the numbers for each request; nothing for the one that asks for no numbers."""
    if index is None:
        yield {}
        return
    for first in range(0, len(index), ITEMS_A_REQUEST):
        yield {"index": [str(number) for number in index[first : first + ITEMS_A_REQUEST]]}


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
