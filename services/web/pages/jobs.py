"""`/jobs` and `/jobs/{id}`: past jobs, and one with its progress, chart and gallery."""

import asyncio
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from services.web.gateway import path_of
from services.web.pages.filters import ITEM_STATUSES, filters, one_of
from services.web.pages.spreadsheets import spreadsheet_form
from services.web.state import leave_message, now, render, see_other, web_of
from services.web.views.expressions import EXPRESSIONS, distribution
from services.web.views.jobs import STATUSES, job_view, state_of
from services.web.views.photos import confidence_choices, photo_views

_LIST_PAGE = 25
_GALLERY_PAGE = 24
_FILTERS = ("expression", "min_p", "uncertain", "status")


async def list_jobs(request: Request) -> Response:
    """List the jobs of the page's key, newest first."""
    status = one_of(request.query_params.get("status"), STATUSES)
    query = _without_empty(
        limit=_LIST_PAGE, status=status, cursor=request.query_params.get("cursor")
    )
    page = await web_of(request).gateway.get("/v1/jobs", query)
    return render(
        request,
        "jobs.html",
        jobs=[job_view(job, now=now()) for job in page.get("data", ())],
        status=status,
        statuses=[(value, job_view({"status": value}, now=now()).word) for value in STATUSES],
        older=_further("/jobs", page, status=status),
        paged="cursor" in request.query_params,
    )


async def show_job(request: Request) -> Response:
    """Show how far a job is and, narrowed by the filter, what came of its photos."""
    gateway, job_id = web_of(request).gateway, request.path_params["job_id"]
    narrow = filters(request)
    cursor = request.query_params.get("cursor")
    items = _without_empty(limit=_GALLERY_PAGE, cursor=cursor, **narrow)
    job, summary, page = await asyncio.gather(
        gateway.get(path_of("jobs", job_id)),
        gateway.get(path_of("jobs", job_id, "summary")),
        gateway.get(path_of("jobs", job_id, "items"), items),
    )
    photos = [photo for photo in photo_views(page.get("data", ())) if _shown(photo.status, narrow)]
    view = job_view(job, now=now())
    return render(
        request,
        "job.html",
        job=view,
        distribution=distribution(summary),
        photos=photos,
        spreadsheet=spreadsheet_form(view.counts.get("total", 0)),
        narrow={name: narrow.get(name, "") for name in _FILTERS},
        narrowed=bool(narrow),
        asked=f"?{urlencode(narrow)}" if narrow else "",
        confidences=confidence_choices(),
        expressions=EXPRESSIONS,
        further=_further(f"/jobs/{job_id}", page, **narrow),
        first=f"/jobs/{job_id}?{urlencode(narrow)}" if cursor else None,
    )


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
    """Make a new job of the photos that failed, and show it."""
    gateway = web_of(request).gateway
    job = await gateway.post(path_of("jobs", request.path_params["job_id"], "retry"))
    leave_message(request, "This is a new job with the photos that failed.")
    return see_other(request, f"/jobs/{job['id']}")


async def delete_job(request: Request) -> Response:
    """Erase a job with its photos and results."""
    await web_of(request).gateway.delete(path_of("jobs", request.path_params["job_id"]))
    leave_message(request, "The job is erased, with its photos and results.")
    return see_other(request, "/jobs")


def _shown(status: str, narrow: dict[str, str]) -> bool:
    """Leave photos that wait out of the gallery: there is nothing to show yet."""
    return bool(narrow) or status in ITEM_STATUSES


def _without_empty(**query: str | int | None) -> dict[str, str | int | float]:
    return {name: value for name, value in query.items() if value}


def _further(path: str, page: dict[str, Any], **query: str) -> str | None:
    """Link to the page after ``page`` of a listing; None when there is none."""
    cursor = page.get("next_cursor")
    chosen = _without_empty(cursor=cursor, **query)
    return f"{path}?{urlencode(chosen)}" if cursor else None


routes = [
    Route("/jobs", list_jobs),
    Route("/jobs/{job_id}", show_job),
    Route("/jobs/{job_id}/state", job_state),
    Route("/jobs/{job_id}/cancel", cancel_job, methods=["POST"]),
    Route("/jobs/{job_id}/retry", retry_job, methods=["POST"]),
    Route("/jobs/{job_id}/delete", delete_job, methods=["POST"]),
]
