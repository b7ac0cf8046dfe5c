"""`/datasets`: data sets made of reviews, with what is in them and how to train on them."""

import asyncio
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from services.web.gateway import ApiRefusalError, Gateway, path_of
from services.web.pages.downloads import passed_on, plain_name
from services.web.pages.review_summary import trained_on
from services.web.state import leave_message, now, render, see_other, web_of
from services.web.views.datasets import SIDES, dataset_view
from services.web.views.jobs import job_view
from services.web.views.units import parse_time

_LIST_PAGE = 25
_MOST_NAMED = 20
_GONE = frozenset({404, 410})


async def list_datasets(request: Request) -> Response:
    """List the versions of all data sets, newest first."""
    cursor = request.query_params.get("cursor")
    query: dict[str, str | int] = {"limit": _LIST_PAGE} | ({"cursor": cursor} if cursor else {})
    page = await web_of(request).gateway.get("/v1/datasets", query)
    further = page.get("next_cursor")
    return render(
        request,
        "datasets.html",
        datasets=[dataset_view(one, now=now()) for one in page.get("data", ())],
        older=f"/datasets?{urlencode({'cursor': further})}" if further else None,
        paged=cursor is not None,
    )


async def show_dataset(request: Request) -> Response:
    """Show what a version holds, where it is from and what was trained on it."""
    gateway = web_of(request).gateway
    dataset = await gateway.get(_path(request))
    made = {str(dataset["id"]): parse_time(dataset.get("created_at"))}
    view = dataset_view(dataset, now=now())
    models, *jobs = await asyncio.gather(
        trained_on(gateway, made), *(_named(gateway, job) for job in view.jobs[:_MOST_NAMED])
    )
    return render(
        request,
        "dataset.html",
        dataset=view,
        sides=SIDES,
        models=models,
        jobs=jobs,
        further_jobs=max(0, len(view.jobs) - _MOST_NAMED),
    )


async def archive(request: Request) -> Response:
    """Stream the archive that `make finetune DATA=` takes."""
    view = dataset_view(await web_of(request).gateway.get(_path(request)), now=now())
    path = path_of("datasets", view.id, "archive")
    return await passed_on(request, path, filename=plain_name(view.file))


async def delete_dataset(request: Request) -> Response:
    """Delete a version; reviews stay."""
    await web_of(request).gateway.delete(_path(request))
    leave_message(request, "The data set is deleted. The reviews are still there.")
    return see_other(request, "/datasets")


async def _named(gateway: Gateway, job_id: str) -> dict[str, Any]:
    """Name a job that a data set is from; one that is erased has no name any more."""
    try:
        name = job_view(await gateway.get(path_of("jobs", job_id)), now=now()).name
    except ApiRefusalError as refusal:
        if refusal.status not in _GONE:
            raise
        name = ""
    return {"id": job_id, "name": name}


def _path(request: Request) -> str:
    return path_of("datasets", request.path_params["dataset_id"])


routes = [
    Route("/datasets", list_datasets),
    Route("/datasets/{dataset_id}", show_dataset),
    Route("/datasets/{dataset_id}/archive", archive),
    Route("/datasets/{dataset_id}/delete", delete_dataset, methods=["POST"]),
]
