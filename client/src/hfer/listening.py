"""Listening to a job: results while it runs, through broken connections, none lost or repeated."""

import json
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing, suppress
from dataclasses import dataclass

import httpx

from hfer._codec import decode
from hfer._retry import PATIENT
from hfer._transport import Call, Transport
from hfer.errors import ServiceUnreachableError, UnexpectedAnswerError
from hfer.models import JobState, PhotoResult
from hfer.sse import Event, EventReader

JOB_PROGRESS, ITEM_FINISHED, JOB_FINISHED = "job.progress", "item.finished", "job.finished"

# The service is never silent for longer than 15 s.
SILENCE_S = 45.0
# A connection that broke is taken up again after this; the service asks for 3 s.
PAUSE_S = 3.0
# So often in a row a connection may end without a single event.
EMPTY_STREAMS = 40
_NO_CONTENT = 204


@dataclass(frozen=True, slots=True)
class JobEvent:
    """What happened to a job.

    Attributes:
        kind: ``job.progress``, ``item.finished`` or ``job.finished``.
        id: give it as ``after`` to continue later, even from another process; None for progress.
        job: how far the job is; of a progress only id, status, counts, progress and ETA.
        photo: the result of the photo that was finished.
    """

    kind: str
    id: str | None = None
    job: JobState | None = None
    photo: PhotoResult | None = None


async def listen(
    transport: Transport, path: str, *, after: str | None
) -> AsyncGenerator[JobEvent, None]:
    """Iterate over the events at ``path`` that follow ``after``, up to the end of the job.

    Raises:
        ServiceUnreachableError: no answer for about five minutes, or again and again no event.
        ApiError: the service refused; `GoneError` when the job was erased.
    """
    cursor = after
    empty = 0
    while empty < EMPTY_STREAMS:
        empty += 1
        async with aclosing(_stream(transport, path, after=cursor)) as events:
            async for event in events:
                if event is None:
                    return
                empty = 0
                cursor = event.id or cursor
                yield event
                if event.kind == JOB_FINISHED:
                    return
        await transport.wire.sleep(PAUSE_S)
    raise ServiceUnreachableError(f"The stream {path} ends again and again without any event.")


async def _stream(
    transport: Transport, path: str, *, after: str | None
) -> AsyncGenerator[JobEvent | None, None]:
    """Read one connection to its end; None says that ``after`` was the last event."""
    headers = {"Accept": "text/event-stream"} | ({"Last-Event-ID": after} if after else {})
    call = Call("GET", path, headers=headers, read_s=SILENCE_S)
    response = await transport.open(call, retry=PATIENT)
    reader = EventReader()
    # A connection that breaks is one that ends: the caller comes back.
    with suppress(httpx.TransportError):
        async with aclosing(transport.wire.blocks(response)) as blocks:
            async for block in blocks:
                for raw in reader.feed(block):
                    event = _event(raw)
                    if event is not None:
                        yield event
    if response.status_code == _NO_CONTENT:
        yield None


def _event(raw: Event) -> JobEvent | None:
    """Read an event; None for a comment, and for a kind that a newer service made up."""
    if raw.kind == ITEM_FINISHED:
        return JobEvent(raw.kind, raw.id, photo=decode(PhotoResult, _parsed(raw.data)))
    if raw.kind in {JOB_PROGRESS, JOB_FINISHED}:
        return JobEvent(raw.kind, raw.id, job=decode(JobState, _parsed(raw.data)))
    return None


def _parsed(data: str) -> Mapping[str, object]:
    try:
        parsed = json.loads(data)
    except ValueError:
        parsed = None
    if not isinstance(parsed, dict):
        raise UnexpectedAnswerError("An event of the service is no JSON object.")
    return parsed
