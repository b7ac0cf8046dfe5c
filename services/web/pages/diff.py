"""`/jobs/{id}/diff/{other}`: what two jobs over the same photos answer differently."""

import asyncio
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from services.web.gateway import path_of
from services.web.pages.filters import one_of
from services.web.pages.kin import kin_of
from services.web.pages.photos import picture_response
from services.web.state import now, render, see_other, web_of
from services.web.views.diff import diff_view
from services.web.views.expressions import EXPRESSIONS
from services.web.views.jobs import job_view

_PAGE = 48
_FOUND = ("both", "this", "other")
_CHOICES = {"found": _FOUND, "expression": EXPRESSIONS, "other_expression": EXPRESSIONS}
_ID_CHARS = 100


async def show_diff(request: Request) -> Response:
    """Show sums, the confusion between the two, and the faces that are answered otherwise."""
    job_id, other_id = (request.path_params[name] for name in ("job_id", "other_id"))
    params, gateway = request.query_params, web_of(request).gateway
    asked = {name: one_of(params.get(name), known) for name, known in _CHOICES.items()}
    narrow = {name: value for name, value in asked.items() if value}
    cursor = params.get("cursor")
    query: dict[str, str | int] = {"with": other_id, "limit": _PAGE, **narrow}
    query |= {"cursor": cursor} if cursor else {}
    job, other, diff = await asyncio.gather(
        gateway.get(path_of("jobs", job_id)),
        gateway.get(path_of("jobs", other_id)),
        gateway.get(path_of("jobs", job_id, "diff"), query),
    )
    further, here = diff.get("next_cursor"), f"/jobs/{job_id}/diff/{other_id}"
    return render(
        request,
        "diff.html",
        job=job_view(job, now=now()),
        other=job_view(other, now=now()),
        kin=await kin_of(gateway, job),
        diff=diff_view(diff, narrow),
        narrow=asked,
        output=await web_of(request).output(),
        here=here,
        first=f"{here}?{urlencode(narrow)}" if cursor else None,
        further=f"{here}?{urlencode(narrow | {'cursor': further})}" if further else None,
    )


async def choose_other(request: Request) -> Response:
    """Lead to the comparison with the job that was chosen; without one, to the job."""
    job_id = request.path_params["job_id"]
    chosen = request.query_params.get("other", "").strip()[:_ID_CHARS].rstrip("/")
    # Whoever copies a job's address means its id.
    other = chosen.rpartition("/")[2]
    return see_other(request, f"/jobs/{job_id}/diff/{other}" if other else f"/jobs/{job_id}")


async def face_picture(request: Request) -> Response:
    """Give a face, cut out of its photo."""
    job_id, item_id, number = (
        request.path_params[name] for name in ("job_id", "item_id", "number")
    )
    path = path_of("jobs", job_id, "items", item_id, "faces", str(number), "crop")
    return picture_response(*await web_of(request).gateway.picture(path))


routes = [
    Route("/jobs/{job_id}/diff", choose_other),
    Route("/jobs/{job_id}/diff/{other_id}", show_diff),
    Route("/jobs/{job_id}/photos/{item_id}/faces/{number:int}.jpg", face_picture),
]
