"""What the grid's script asks for: the order of a list, its photos, crops of its faces."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from services.web.gateway import path_of
from services.web.pages.filters import draw_of, filters, list_of
from services.web.pages.reviews_grid import drawn_order
from services.web.pages.submit import small_json
from services.web.state import web_of
from services.web.views.grid import tile

# As many as the API takes in a request.
_PHOTOS, _FACES = 200, 64
_PASSED_ON = ("content-type", "content-encoding")


async def order(request: Request) -> Response:
    """Pass the order of a list on as it comes: of 900,000 faces it is ten megabytes."""
    if draw := draw_of(request):
        return JSONResponse(await drawn_order(request, draw))
    path = path_of("jobs", request.path_params["job_id"], "order")
    return await _passed_on(request, path, {"of": "photos", "sort": "sent"} | list_of(request))


async def items(request: Request) -> Response:
    """Give photos by their numbers in the job, as far as tiles show them.

    In a draw, which is reviewed blind, that is without any answer of the model.
    """
    found, narrow, blind = await _items(request), filters(request), bool(draw_of(request))
    return JSONResponse({"items": [tile(photo, narrow, blind=blind) for photo in found]})


async def crops(request: Request) -> Response:
    """Pass a sheet of crops on."""
    path = path_of("jobs", request.path_params["job_id"], "crops")
    faces = request.query_params.getlist("face")[:_FACES]
    return await _passed_on(request, path, {"face": faces})


async def erase(request: Request) -> Response:
    """Erase photos by their numbers in the job, with all that is known of them."""
    body = await small_json(request)
    path = path_of("jobs", request.path_params["job_id"], "items", "erase")
    wanted = {"index": body.get("index"), "reason": "erased in the page"}
    told = await web_of(request).gateway.post(path, wanted)
    return JSONResponse({"erased": told.get("erased")})


async def _items(request: Request) -> list[dict[str, Any]]:
    numbers = [one for one in request.query_params.getlist("index") if one.isdecimal()]
    if not numbers:
        return []
    path = path_of("jobs", request.path_params["job_id"], "items")
    found = await web_of(request).gateway.get(path, {"index": numbers[:_PHOTOS]})
    return list(found.get("data") or ())


async def _passed_on(request: Request, path: str, query: dict[str, Any]) -> Response:
    async with AsyncExitStack() as stack:
        opened = web_of(request).gateway.opened("GET", path, query=query)
        answer = await stack.enter_async_context(opened)
        closing = stack.pop_all()

    async def body() -> AsyncIterator[bytes]:
        async with closing:
            async for piece in answer.aiter_raw():
                yield piece

    known = {name: answer.headers[name] for name in _PASSED_ON if name in answer.headers}
    return StreamingResponse(body(), headers=known)


routes = [
    Route("/jobs/{job_id}/grid/order", order),
    Route("/jobs/{job_id}/grid/items", items),
    Route("/jobs/{job_id}/grid/crops", crops),
    Route("/jobs/{job_id}/grid/erase", erase, methods=["POST"]),
]
