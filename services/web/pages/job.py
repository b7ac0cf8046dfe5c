"""`/jobs/{id}`: one job with its progress, charts, filter and gallery."""

import asyncio
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from services.web.gateway import ApiRefusalError, Gateway, path_of
from services.web.pages.filters import FILTERS, ITEM_STATUSES, draw_of, filters, list_of, query_of
from services.web.pages.kin import kin_of
from services.web.pages.spreadsheets import spreadsheet_form
from services.web.state import AGGREGATE, now, render, web_of
from services.web.views.expressions import EXPRESSIONS, distribution, group_counts
from services.web.views.facets import Facets
from services.web.views.jobs import job_view
from services.web.views.photos import ALL_WARNINGS, photo_views
from services.web.views.review_summary import ANSWERS

_GALLERY_PAGE = 24
_NOT_FOUND = 404
_LIST = "list"


async def show_job(request: Request) -> Response:
    """Show a job. With scripts the grid takes the gallery's place, save in the view ``list``."""
    job_id, narrow = request.path_params["job_id"], filters(request)
    view = _view(request)
    cursor = request.query_params.get("cursor")
    query: dict[str, str | int] = {"limit": _GALLERY_PAGE, **narrow}
    query |= {"cursor": cursor} if cursor else {}
    gateway = web_of(request).gateway
    job = await gateway.get(path_of("jobs", job_id))
    if await web_of(request).output() == AGGREGATE:
        return render(request, "job.html", **await _counted(gateway, job))
    page, about = await asyncio.gather(
        gateway.get(path_of("jobs", job_id, "items"), query), _about(request, job, narrow)
    )
    listed = photo_views(page.get("data", ()), narrow)
    further = page.get("next_cursor")
    pages = narrow | view
    return render(
        request,
        "job.html",
        **about,
        photos=[photo for photo in listed if narrow or photo.status in ITEM_STATUSES],
        further=f"/jobs/{job_id}?{urlencode({'cursor': further} | pages)}" if further else None,
        first=f"/jobs/{job_id}{query_of(pages)}" if cursor else None,
    )


async def show_parts(request: Request) -> Response:
    """Give what a script draws anew when the filter changes or the job went on."""
    job = await web_of(request).gateway.get(path_of("jobs", request.path_params["job_id"]))
    if await web_of(request).output() == AGGREGATE:
        return render(request, "job_head.html", **await _counted(web_of(request).gateway, job))
    return render(request, "job_parts.html", **await _about(request, job, filters(request)))


async def _about(
    request: Request, job: Mapping[str, Any], narrow: Mapping[str, str]
) -> dict[str, Any]:
    """Ask for all that the page shows of a job but its photos."""
    gateway, job_id = web_of(request).gateway, request.path_params["job_id"]
    summary, facets, kin = await asyncio.gather(
        gateway.get(path_of("jobs", job_id, "summary")),
        _facets(gateway, job_id, narrow),
        kin_of(gateway, job),
    )
    view = job_view(job, now=now())
    return {
        "job": view,
        "kin": kin,
        "distribution": distribution(summary),
        "facets": facets,
        "spreadsheet": spreadsheet_form(view.counts.get("total", 0)),
        "narrow": {name: narrow.get(name, "") for name in FILTERS},
        "narrowed": bool(narrow),
        "asked": query_of(narrow),
        "of_list": query_of(list_of(request)),
        "expressions": EXPRESSIONS,
        "answers": ANSWERS,
        "warnings": ALL_WARNINGS,
        "listed": bool(_view(request)),
        # Reviewed blind: nothing that the model says is drawn.
        "draw": draw_of(request),
        "output": await web_of(request).output(),
    }


async def _counted(gateway: Gateway, job: Mapping[str, Any]) -> dict[str, Any]:
    """Ask for what may be shown of a job where no face may be."""
    view = job_view(job, now=now())
    counts = await gateway.get(path_of("jobs", view.id, "counts")) if view.final else None
    return {
        "job": view,
        "kin": await kin_of(gateway, job),
        "facets": Facets({}, {}),
        "counts": None if counts is None else group_counts(counts),
        "narrowed": False,
        "listed": True,
        "draw": "",
        "output": AGGREGATE,
    }


async def _facets(gateway: Gateway, job_id: str, narrow: Mapping[str, str]) -> Facets:
    """Count what each choice leaves."""
    try:
        return Facets(await gateway.get(path_of("jobs", job_id, "facets"), narrow), narrow)
    except ApiRefusalError as refusal:
        # An API of before this page has none: the filter shows no numbers then.
        if refusal.status != _NOT_FOUND:
            raise
        return Facets({}, narrow)


def _view(request: Request) -> dict[str, str]:
    return {"view": _LIST} if request.query_params.get("view") == _LIST else {}


routes = [
    Route("/jobs/{job_id}", show_job),
    Route("/jobs/{job_id}/parts", show_parts),
]
