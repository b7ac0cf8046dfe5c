"""`/`: submit photos. `/notice`: what people must be told. `/healthz`."""

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from services.web.batches import MAX_BATCH_BYTES, MAX_BATCH_FILES
from services.web.gateway import ApiError
from services.web.state import now, render, web_of
from services.web.views.jobs import job_view

_RECENT = 5


async def show_home(request: Request) -> Response:
    """Show the form, what the service takes, and the newest jobs."""
    web = web_of(request)
    limits = await web.limits()
    jobs = await web.gateway.get("/v1/jobs", {"limit": _RECENT})
    return render(
        request,
        "home.html",
        limits=limits,
        batch_bytes=MAX_BATCH_BYTES,
        batch_files=MAX_BATCH_FILES,
        jobs=[job_view(job, now=now()) for job in jobs.get("data", ())],
    )


async def show_notice(request: Request) -> Response:
    """Show what results mean, what they must not be used for, and the notice for people."""
    try:
        kept = (await web_of(request).limits()).get("inputs_retention_seconds")
    except ApiError:
        kept = None  # what must not be done is to be read at any time
    return render(request, "notice.html", kept=kept)


async def healthz(_request: Request) -> Response:
    """Tell that the process serves; the API has a health of its own."""
    return PlainTextResponse("ok\n")


routes = [
    Route("/", show_home),
    Route("/notice", show_notice),
    Route("/healthz", healthz),
]
