"""Pictures and downloads of a job, and the page of one photo."""

import asyncio

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from services.web.gateway import path_of
from services.web.pages.downloads import passed_on, plain_name
from services.web.pages.filters import filters, list_of, query_of
from services.web.state import now, render, web_of
from services.web.views.jobs import job_view
from services.web.views.photos import photo_view

# Pictures of a photo never change: browsers keep them for an hour, shared caches never.
_CACHE = {"Cache-Control": "private, max-age=3600"}
_SIZES = frozenset({"thumbnail", "small", "medium", "large"})
_PICTURE_TYPES = frozenset({"image/jpeg", "image/png"})
# The name of a download is ours; the API's answer names the type.
_DOWNLOADS = {
    "csv": ("results", "csv", {"format": "csv"}),
    # With the mark by which Excel knows UTF-8.
    "excel": ("results", "csv", {"format": "csv", "bom": "true"}),
    "jsonl": ("results", "jsonl", {"format": "jsonl"}),
    "json": ("results", "json", {"format": "json"}),
    "zip": ("artifacts", "zip", {}),
}


async def show_photo(request: Request) -> Response:
    """Show one photo large, with all its faces, between its neighbours in the list."""
    web, chosen = web_of(request), list_of(request)
    job_id, item_id = request.path_params["job_id"], request.path_params["item_id"]
    job, photo = await asyncio.gather(
        web.gateway.get(path_of("jobs", job_id)),
        web.gateway.get(path_of("jobs", job_id, "items", item_id)),
    )
    view = job_view(job, now=now())
    total = view.counts.get("total", 0)
    return render(
        request,
        "photo.html",
        job=view,
        photo=photo_view(photo, filters(request)),
        place=await web.neighbours.place(job_id, photo, chosen, total=total),
        of_list=query_of(chosen),
    )


async def picture(request: Request) -> Response:
    """Give a photo as a picture; ``annotated`` with the boxes drawn on it."""
    kind = request.path_params["kind"]
    path = path_of(
        "jobs",
        request.path_params["job_id"],
        "items",
        request.path_params["item_id"],
        "annotated" if kind == "annotated" else "photo",
    )
    if kind != "annotated" and kind not in _SIZES:
        return PlainTextResponse("There is no such picture.\n", status_code=404)
    query = {} if kind == "annotated" else {"size": kind}
    content, media_type = await web_of(request).gateway.picture(path, query)
    return picture_response(content, media_type)


def picture_response(content: bytes, media_type: str) -> Response:
    """Answer with a picture, and with nothing that could be anything else."""
    plain = media_type.partition(";")[0].strip().lower()
    if plain not in _PICTURE_TYPES:
        return PlainTextResponse("The service sent no picture.\n", status_code=502)
    return Response(content, media_type=plain, headers=_CACHE)


async def download(request: Request) -> Response:
    """Stream results or the zip, of the photos that fit the filter; nothing of it is held here."""
    job_id, form = request.path_params["job_id"], request.path_params["form"]
    if form not in _DOWNLOADS:
        return PlainTextResponse("There is no such download.\n", status_code=404)
    kind, ending, query = _DOWNLOADS[form]
    query = query | ({"partial": "true"} if kind == "results" else {}) | filters(request)
    return await passed_on(
        request,
        path_of("jobs", job_id, kind),
        query=query,
        filename=f"hfer-{plain_name(job_id)}.{ending}",
    )


routes = [
    Route("/jobs/{job_id}/download/{form}", download),
    Route("/jobs/{job_id}/photos/{item_id}", show_photo),
    Route("/jobs/{job_id}/photos/{item_id}/{kind}.jpg", picture),
]
