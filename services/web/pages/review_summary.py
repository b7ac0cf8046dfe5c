"""`/jobs/{id}/reviews`: how far the reviews are, what they tell, and what comes next."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from services.web.forms import read_form
from services.web.gateway import ApiRefusalError, Gateway, path_of
from services.web.pages.downloads import passed_on, plain_name
from services.web.state import leave_message, now, render, see_other, web_of
from services.web.views.datasets import dataset_view
from services.web.views.jobs import job_view
from services.web.views.next_steps import Loop, is_rerun, next_steps
from services.web.views.review_summary import ANSWERS, draw_views, review_view
from services.web.views.units import count, parse_time

_MOST_LISTED = 100
_REVIEW = {"review", "admin"}
# What a form of this page is refused with, told beside it; all else is a page of its own.
_TOLD = frozenset({404, 409, 410, 422})
_USUAL_DRAW = "300"


@dataclass(frozen=True, slots=True)
class Refused:
    """Why a form was not taken, with what was filled in."""

    form: str = ""
    detail: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)


async def show_reviews(request: Request) -> Response:
    """Show what is known from the reviews of a job."""
    return await _page(request, Refused())


async def draw_faces(request: Request) -> Response:
    """Draw faces at random, to be reviewed blind."""
    job_id, form = request.path_params["job_id"], await read_form(request)
    wanted = {"count": _number(form.get("count", "")), "by_expression": form.get("by") == "each"}
    try:
        draw = await web_of(request).gateway.post(path_of("jobs", job_id, "draws"), wanted)
    except ApiRefusalError as refusal:
        return await _refused(request, refusal, "draw", form)
    leave_message(request, f"{count(int(draw['faces']), 'face is', 'faces are')} drawn at random.")
    return see_other(request, f"/jobs/{job_id}/reviews#draws")


async def make_dataset(request: Request) -> Response:
    """Make a data set of this job's reviews, and of others' that are named."""
    job_id, form = request.path_params["job_id"], await read_form(request)
    wanted: dict[str, Any] = {
        "name": form.get("name", "").strip(),
        "jobs": [job_id, *form.get("others", "").split()],
        "held_out": _number(form.get("held_out", ""), share=True),
        "least_of_each": _number(form.get("least_of_each", "")),
        "consent": form.get("consent", "").strip(),
        "licence": form.get("licence", "").strip(),
    }
    body = {name: value for name, value in wanted.items() if value not in ("", None)}
    try:
        made = await web_of(request).gateway.post("/v1/datasets", body)
    except ApiRefusalError as refusal:
        return await _refused(request, refusal, "make", form)
    return see_other(request, f"/datasets/{made['id']}")


async def votes(request: Request) -> Response:
    """Stream the job's votes as the table that the trainer reads."""
    job_id = request.path_params["job_id"]
    return await passed_on(
        request,
        "/v1/reviews/votes",
        query={"job_id": job_id},
        filename=f"votes-{plain_name(job_id)}.csv",
    )


async def may_review(gateway: Gateway) -> bool:
    """Whether the page's key may say what faces show, draw, and make data sets."""
    key = await gateway.get("/v1/api-keys/current")
    return not _REVIEW.isdisjoint(key.get("scopes") or ())


async def trained_on(
    gateway: Gateway, datasets: Mapping[str, datetime | None]
) -> list[dict[str, Any]]:
    """Return the models that were trained on one of these data sets, newest first.

    Args:
        gateway: to the API.
        datasets: when each was made, by id.
    """
    made = [at for at in datasets.values() if at is not None]
    if not made:
        return []
    listed = (await gateway.get("/v1/models")).get("data", ())
    later = [one for one in listed if (parse_time(one.get("created_at")) or min(made)) >= min(made)]
    found = await asyncio.gather(*(gateway.get(path_of("models", one["id"])) for one in later))
    return [model for model in found if (model.get("data_set") or {}).get("id") in datasets]


async def _page(request: Request, refused: Refused, *, http_status: int = 200) -> Response:
    gateway, job_id, moment = web_of(request).gateway, request.path_params["job_id"], now()
    job = await gateway.get(path_of("jobs", job_id))
    summary, drawn, datasets, later, reviewing = await asyncio.gather(
        gateway.get(path_of("jobs", job_id, "reviews", "summary")),
        gateway.get(path_of("jobs", job_id, "draws")),
        gateway.get("/v1/datasets", {"limit": _MOST_LISTED}),
        gateway.get("/v1/jobs", {"limit": _MOST_LISTED, "created_after": job["created_at"]}),
        may_review(gateway),
    )
    of_job = [one for one in datasets.get("data", ()) if job_id in one["jobs"]]
    made = {str(one["id"]): parse_time(one.get("created_at")) for one in of_job}
    view, reviews = job_view(job, now=moment), review_view(summary, now=moment)
    draws = draw_views(drawn.get("data", ()), now=moment)
    loop = Loop(
        job=view,
        reviews=reviews,
        draws=draws,
        datasets=[dataset_view(one, now=moment) for one in of_job],
        models=await trained_on(gateway, made),
        reruns=[job_view(one, now=moment) for one in later.get("data", ()) if is_rerun(one, view)],
    )
    return render(
        request,
        "reviews.html",
        http_status=http_status,
        job=view,
        reviews=reviews,
        draws=draws,
        datasets=loop.datasets,
        steps=next_steps(loop),
        answers=ANSWERS,
        reviewing=reviewing,
        refused=refused,
        name=of_job[0]["name"] if of_job else "",
        usual_draw=_USUAL_DRAW,
    )


async def _refused(
    request: Request, refusal: ApiRefusalError, form: str, fields: Mapping[str, str]
) -> Response:
    """Show the page again, with why the form was not taken and what was filled in."""
    if refusal.status not in _TOLD:
        raise refusal
    told = [detail for _, detail in refusal.faults] or [refusal.detail]
    refused = Refused(form, " ".join(told), fields)
    return await _page(request, refused, http_status=refusal.status)


def _number(text: str, *, share: bool = False) -> float | str | None:
    """Read a number of a form, percent as a share of 1; what is none is for the API to refuse."""
    plain = text.strip().removesuffix("%").strip()
    if not plain:
        return None
    try:
        return float(plain) / 100 if share else int(plain)
    except ValueError:
        return plain


routes = [
    Route("/jobs/{job_id}/reviews", show_reviews),
    Route("/jobs/{job_id}/reviews/votes.csv", votes),
    Route("/jobs/{job_id}/draws", draw_faces, methods=["POST"]),
    Route("/jobs/{job_id}/datasets", make_dataset, methods=["POST"]),
]
