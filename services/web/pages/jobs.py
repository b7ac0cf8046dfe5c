"""`/jobs`: past jobs, by state, name and labels; what can be done with one."""

import re
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from services.web.gateway import path_of
from services.web.pages.filters import one_of
from services.web.state import leave_message, now, render, see_other, web_of
from services.web.views.jobs import STATUSES, job_view, state_of

_LIST_PAGE = 25
# A label as people type it: name=value; anything else is a part of a label or reference.
_LABEL = re.compile(r"([^\s=]{1,63})=(.{0,255})")
_Q_CHARS = 320
_PART_CHARS = 255


async def list_jobs(request: Request) -> Response:
    """List the jobs of the page's key, newest first."""
    params = request.query_params
    status = one_of(params.get("status"), STATUSES)
    q = params.get("q", "").strip()[:_Q_CHARS]
    asked = {"status": status, "q": q}
    chosen = {name: value for name, value in asked.items() if value}
    query: dict[str, str | int] = {"limit": _LIST_PAGE}
    query |= {"cursor": params["cursor"]} if params.get("cursor") else {}
    query |= {"status": status} if status else {}
    query |= label_filter(q)
    page = await web_of(request).gateway.get("/v1/jobs", query)
    cursor = page.get("next_cursor")
    return render(
        request,
        "jobs.html",
        jobs=[job_view(job, now=now()) for job in page.get("data", ())],
        status=status,
        q=q,
        statuses=[(value, job_view({"status": value}, now=now()).word) for value in STATUSES],
        newest=f"/jobs?{urlencode(chosen)}" if chosen else "/jobs",
        older=f"/jobs?{urlencode(chosen | {'cursor': cursor})}" if cursor else None,
        paged="cursor" in params,
    )


def label_filter(text: str) -> dict[str, str]:
    """Read what is searched for: labels ``name=value`` in turn, else a part of any, or the name."""
    pieces = text.split()
    found = [_LABEL.fullmatch(piece) for piece in pieces]
    if pieces and all(found):
        return {f"label.{match[1]}": match[2] for match in found if match}
    return {"q": text[:_PART_CHARS]} if text else {}


async def job_state(request: Request) -> Response:
    """Return for a script how far a job is, and when to ask again."""
    path = path_of("jobs", request.path_params["job_id"])
    async with web_of(request).gateway.opened("GET", path) as response:
        await response.aread()
        again = response.headers.get("retry-after")
    state = state_of(job_view(response.json(), now=now()))
    return JSONResponse(state, headers={"Retry-After": again or "2"})


async def cancel_job(request: Request) -> Response:
    """Stop a job; what is analysed stays."""
    job_id = request.path_params["job_id"]
    await web_of(request).gateway.post(path_of("jobs", job_id, "cancel"))
    leave_message(request, "The job is being stopped. Photos already analysed keep their results.")
    return see_other(request, f"/jobs/{job_id}")


async def retry_job(request: Request) -> Response:
    """Make a new job of the failed photos that a retry can help, and show it."""
    gateway = web_of(request).gateway
    job = await gateway.post(path_of("jobs", request.path_params["job_id"], "retry"))
    leave_message(request, "This is a new job with the photos that a retry can help.")
    return see_other(request, f"/jobs/{job['id']}")


async def delete_job(request: Request) -> Response:
    """Erase a job with its photos and results."""
    await web_of(request).gateway.delete(path_of("jobs", request.path_params["job_id"]))
    leave_message(request, "The job is erased, with its photos and results.")
    return see_other(request, "/jobs")


routes = [
    Route("/jobs", list_jobs),
    Route("/jobs/{job_id}/state", job_state),
    Route("/jobs/{job_id}/cancel", cancel_job, methods=["POST"]),
    Route("/jobs/{job_id}/retry", retry_job, methods=["POST"]),
    Route("/jobs/{job_id}/delete", delete_job, methods=["POST"]),
]
