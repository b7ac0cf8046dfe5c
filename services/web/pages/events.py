"""`/jobs/{id}/events`: how far a job is as it changes, from the API; the key stays here."""

import contextlib
import json
from collections.abc import AsyncIterator

import httpx
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from hfer.sse import EventReader
from services.web.gateway import path_of
from services.web.state import now, web_of
from services.web.streams import frame
from services.web.views.jobs import job_view, state_of

# The events of photos are for programs: the page draws its gallery anew by itself. Their numbers
# only grow, and below the last event of every job, 2^63 - 1, there is none so high (ADR 0015).
_AFTER_ALL_PHOTOS = str(2**63 - 2)
_TELLING = frozenset({"job.progress", "job.finished"})
_RETRY = b"retry: 3000\n\n"
_NO_CONTENT = 204
_HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


async def job_events(request: Request) -> Response:
    """Stream events ``state``, as `/jobs/{id}/state` answers, and ``ping`` while it is quiet."""
    return _JobEvents(request)


class _JobEvents(Response):
    """The API's stream is opened before the answer begins: its refusals are answers of ours."""

    media_type = "text/event-stream"

    def __init__(self, request: Request) -> None:
        super().__init__(headers=_HEADERS)
        del self.headers["content-length"]
        self._request = request

    async def __call__(self, _scope: Scope, receive: Receive, send: Send) -> None:
        web, request = web_of(self._request), self._request
        last = request.headers.get("last-event-id") or _AFTER_ALL_PHOTOS
        asked = web.gateway.opened(
            "GET",
            path_of("jobs", request.path_params["job_id"], "events"),
            headers={"Last-Event-ID": last, "Accept": "text/event-stream"},
        )
        with web.streams.admitted():
            async with asked as response:
                if response.status_code == _NO_CONTENT:  # the browser has the end: it stops asking
                    await Response(status_code=_NO_CONTENT)(_scope, receive, send)
                    return
                start = {"type": "http.response.start", "status": 200, "headers": self.raw_headers}
                await send(start)
                await web.streams.pump(_frames(response), receive, send)


async def _frames(response: httpx.Response) -> AsyncIterator[bytes]:
    yield _RETRY
    reader = EventReader()
    # A broken stream is over like one that ended: the browser comes back, and gets the reason.
    with contextlib.suppress(httpx.TransportError):
        async for block in response.aiter_bytes():
            for event in reader.feed(block):
                if not event.kind:
                    # Scripts do not see comments, and must see that a quiet stream lives.
                    yield frame("ping", "{}")
                elif event.kind in _TELLING:
                    state = state_of(job_view(json.loads(event.data), now=now()))
                    yield frame("state", json.dumps(state), id=event.id)


routes = [Route("/jobs/{job_id}/events", job_events)]
