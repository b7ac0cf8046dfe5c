"""`/`: submit photos. `/notice`: what people must know. `/healthz`."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from services.web.batches import MAX_BATCH_BYTES, MAX_BATCH_FILES
from services.web.gateway import ApiError
from services.web.state import now, render, web_of
from services.web.views.jobs import job_view

_RECENT = 5


@dataclass(frozen=True, slots=True)
class LinksForm:
    """The form for links: what was pasted into it, and why that was refused."""

    text: str = ""
    name: str = ""
    whole: bool = False
    faults: tuple[str, ...] = ()
    once: str = field(default_factory=lambda: secrets.token_hex(8))

    def refused(self, faults: Sequence[str]) -> "LinksForm":
        """Return the form with the reasons."""
        return replace(self, faults=tuple(faults))


async def show_home(request: Request) -> Response:
    """Show the forms, what the service takes, and the newest jobs."""
    return await home_page(request, LinksForm())


async def home_page(request: Request, links: LinksForm, *, http_status: int = 200) -> Response:
    """Show the start page with the form for links as it is."""
    web = web_of(request)
    limits = await web.limits()
    jobs = await web.gateway.get("/v1/jobs", {"limit": _RECENT})
    return render(
        request,
        "home.html",
        http_status=http_status,
        links=links,
        most_links=int(limits.get("request_urls") or 0),
        limits=limits,
        batch_bytes=MAX_BATCH_BYTES,
        batch_files=MAX_BATCH_FILES,
        jobs=[job_view(job, now=now()) for job in jobs.get("data", ())],
    )


async def show_notice(request: Request) -> Response:
    """Show what results mean, what they must not be used for, and the notice for people."""
    try:
        limits = await web_of(request).limits()
    except ApiError:
        limits = {}  # what must not be done is to be read at any time
    kept = limits.get("inputs_retention_seconds")
    longest = limits.get("inputs_retention_max_seconds")  # an API of before has none
    return render(request, "notice.html", kept=kept, longest=longest if longest != kept else None)


async def healthz(_request: Request) -> Response:
    """Say that the process serves; the API has a health of its own."""
    return PlainTextResponse("ok\n")


routes = [
    Route("/", show_home),
    Route("/notice", show_notice),
    Route("/healthz", healthz),
]
