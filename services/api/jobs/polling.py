"""How clients watch a job: ETag, Retry-After, and a request held until the job is final."""

import asyncio
import hashlib
import time
import uuid

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from services.api.dependencies import check_live
from services.api.preferences import preference
from services.api.state import ApiState
from services.common.db.session import unit_of_work
from services.common.jobs.views import JobView, view_job
from services.common.keys.service import Principal

MAX_WAIT_S = 30
_SHORTEST_S, _LONGEST_S = 1, 15
_POLLS_PER_JOB = 20
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.05, 0.5


def etag_of(view: JobView) -> str:
    """Return a weak tag of what a poller waits for: the status, the place and the counts."""
    watched = (
        view.status,
        view.queue_position,
        view.counts,
        view.model_version,
        view.job.inputs_erased_at,
    )
    return f'W/"{hashlib.sha256(repr(watched).encode()).hexdigest()[:24]}"'


def poll_headers(view: JobView) -> dict[str, str]:
    """Return when to look again: some twenty times in the life of a job, 1 to 15 s apart."""
    if view.status.final:
        return {}
    wait = 0.0 if view.eta_seconds is None else view.eta_seconds / _POLLS_PER_JOB
    return {"Retry-After": str(round(min(max(wait, _SHORTEST_S), _LONGEST_S)))}


def parse_wait(prefer: str | None) -> int | None:
    """Return the seconds of a ``wait`` preference (RFC 7240), at most 30; None without one.

    A preference that makes no sense is ignored, as section 2 of the RFC asks for.
    """
    seconds = preference(prefer, "wait") or ""
    usable = seconds.isascii() and seconds.isdecimal() and len(seconds) <= len("9999999")
    return min(int(seconds), MAX_WAIT_S) or None if usable else None


async def wait_until_final(
    request: Request, state: ApiState, *, caller: Principal, job: uuid.UUID, seconds: int
) -> JobView:
    """Look at the job until it is final, time is up or the client is gone; return the last look.

    No connection of the pool is held between two looks.

    Raises:
        ApiError: UNAUTHENTICATED, the caller's key was revoked or has expired meanwhile.
    """
    deadline = time.monotonic() + seconds
    pause = _FIRST_PAUSE_S
    while True:
        view = await run_in_threadpool(_look, state, caller, job)
        left = deadline - time.monotonic()
        if view.status.final or left <= 0 or await request.is_disconnected():
            return view
        await asyncio.sleep(min(pause, left))
        pause = min(pause * 2, _LONGEST_PAUSE_S)


def _look(state: ApiState, caller: Principal, job: uuid.UUID) -> JobView:
    with unit_of_work(state.sessions) as session:
        check_live(session, caller)
        return view_job(session, caller.tenant, job)
