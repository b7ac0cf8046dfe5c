"""`/v1/jobs/{job_id}/events`: watch a job without polling. The only asynchronous endpoint."""

import uuid
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Response
from fastapi.responses import StreamingResponse
from starlette.concurrency import run_in_threadpool

from services.api.dependencies import Base, FaceReader, State
from services.api.docs import problems
from services.api.errors import ApiError, invalid_field
from services.api.events.openapi import EVENT_STREAM
from services.api.events.stream import PAGE, JobStream
from services.api.events.watch import Listener
from services.api.ids import JobId
from services.api.limits.enforcement import holding
from services.api.state import ApiState
from services.common.db.session import unit_of_work
from services.common.db.tables import Job
from services.common.domain.ids import IdKind, parse_id
from services.common.jobs.events import FINAL_EVENT
from services.common.jobs.repositories.events import EventRepository
from services.common.jobs.repositories.results import photos_a_page
from services.common.jobs.views import find_job

_HEADERS = {
    "Cache-Control": "no-store",
    "X-Accel-Buffering": "no",  # nginx would collect 8 kB before it passes an event on
}
_ID_DIGITS = 19
# What the page sends: it wants the counts and no photo that was finished before.
_AFTER_ALL_PHOTOS = FINAL_EVENT - 1

router = APIRouter(prefix="/v1/jobs/{job_id}", tags=["events"])


async def get_listener(state: State, caller: FaceReader) -> AsyncIterator[Listener]:
    """Hold a place among the tenant's listeners until the response is over, however it ends."""
    async with holding(state, caller, "open_streams"):
        with state.watch.admit(caller.tenant, credential=caller.credential) as listener:
            yield listener


def get_last_event(
    last_event_id: Annotated[
        str | None,
        Header(description="`id` of the last event that you have: the stream goes on after it"),
    ] = None,
) -> int | uuid.UUID:
    """Read what to go on after: a photo, or a number; 0 is the beginning.

    Earlier events had numbers with the transaction in them, by which a tenant could count those of
    everybody: who comes with one begins anew.
    """
    if not last_event_id:
        return 0
    if photo := parse_id(IdKind.ITEM, last_event_id):
        return photo
    digits = last_event_id.isascii() and last_event_id.isdecimal()
    number = int(last_event_id) if digits and len(last_event_id) <= _ID_DIGITS else -1
    if not 0 <= number <= FINAL_EVENT:
        raise _no_event()
    return number if number >= _AFTER_ALL_PHOTOS else 0


@router.get(
    "/events",
    summary="Listen to a job",
    response_class=StreamingResponse,
    responses={
        200: {"description": "Events until the job is final", "content": EVENT_STREAM},
        204: {"description": "You have the last event already: do not come back"},
        **problems(404, 410, 422),
    },
)
async def get_events(
    *,
    state: State,
    base: Base,
    caller: FaceReader,
    job_id: JobId,
    last: Annotated[int | uuid.UUID, Depends(get_last_event)],
    listener: Annotated[Listener, Depends(get_listener)],
) -> Response:
    """Stream `item.finished` with each photo's result, `job.progress`, and at last `job.finished`.

    Photos come in the order in which they were finished; one that was cancelled has no event of
    its own. A client that was cut off sends the last `id` that it saw as `Last-Event-ID`, and
    misses nothing and gets nothing twice. Polling stays fine for programs that look seldom.
    """
    job, after = await run_in_threadpool(_find, state, caller.tenant, job_id, last)
    if after == FINAL_EVENT:
        return Response(status_code=204)
    stream = JobStream(
        sessions=state.sessions,
        watch=state.watch,
        tenant=caller.tenant,
        job=job_id,
        job_id=job.id,
        after=after,
        base=base,
        page=photos_a_page(PAGE, faces=state.limits.faces_per_photo),
    )
    return StreamingResponse(
        stream.frames(listener), media_type="text/event-stream", headers=_HEADERS
    )


def _find(state: ApiState, tenant: str, job_id: JobId, last: int | uuid.UUID) -> tuple[Job, int]:
    with unit_of_work(state.sessions) as session:
        job = find_job(session, tenant, job_id)
        if isinstance(last, int):
            return job, last
        number = EventRepository(session).number_of(job.id, last)
    if number is None:
        raise _no_event()
    return job, number


def _no_event() -> ApiError:
    return invalid_field("#/header/last-event-id", "This is no id of an event of ours.")
