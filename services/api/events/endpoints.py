"""`/v1/jobs/{job_id}/events`: watch a job without polling. The only asynchronous endpoint."""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Response
from fastapi.responses import StreamingResponse
from starlette.concurrency import run_in_threadpool

from services.api.dependencies import Base, Reader, State
from services.api.docs import problems
from services.api.errors import invalid_field
from services.api.events.openapi import EVENT_STREAM
from services.api.events.stream import PAGE, JobStream
from services.api.events.watch import Listener
from services.api.ids import JobId
from services.api.limits.enforcement import holding
from services.api.state import ApiState
from services.common.db.session import unit_of_work
from services.common.db.tables import Job
from services.common.jobs.events import FINAL_EVENT
from services.common.jobs.repositories.results import photos_a_page
from services.common.jobs.views import find_job

_HEADERS = {
    "Cache-Control": "no-store",
    "X-Accel-Buffering": "no",  # nginx would collect 8 kB before it passes an event on
}
_ID_DIGITS = 19

router = APIRouter(prefix="/v1/jobs/{job_id}", tags=["events"])


async def get_listener(state: State, caller: Reader) -> AsyncIterator[Listener]:
    """Hold a place among the tenant's listeners until the response is over, however it ends."""
    async with holding(state, caller, "open_streams"):
        with state.watch.admit(caller.tenant) as listener:
            yield listener


def get_last_event(
    last_event_id: Annotated[
        str | None,
        Header(description="`id` of the last event that you have: the stream goes on after it"),
    ] = None,
) -> int:
    """Read the event to go on after; 0 for the beginning."""
    if not last_event_id:
        return 0
    digits = last_event_id.isascii() and last_event_id.isdecimal()
    number = int(last_event_id) if digits and len(last_event_id) <= _ID_DIGITS else -1
    if not 0 <= number <= FINAL_EVENT:
        raise invalid_field("#/header/last-event-id", "This is no id of an event of ours.")
    return number


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
    caller: Reader,
    job_id: JobId,
    after: Annotated[int, Depends(get_last_event)],
    listener: Annotated[Listener, Depends(get_listener)],
) -> Response:
    """Stream `item.finished` with each photo's result, `job.progress`, and at last `job.finished`.

    Photos come in the order in which they were finished; one that was cancelled has no event of
    its own. A client that was cut off sends the last `id` that it saw as `Last-Event-ID`, and
    misses nothing and gets nothing twice. Polling stays fine for programs that look seldom.
    """
    job = await run_in_threadpool(_find, state, caller.tenant, job_id)
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


def _find(state: ApiState, tenant: str, job_id: JobId) -> Job:
    with unit_of_work(state.sessions) as session:
        return find_job(session, tenant, job_id)
