"""`POST /jobs/{id}/selected/{form}`: results and annotated photos of what is selected in the grid.

What is selected is sent as the API's `only` names it. Results of a long selection are asked for in
pieces, and one file is made of them; a zip is one answer of the API.
"""

import re
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack

import httpx
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from services.web.forms import read_form
from services.web.gateway import Query, path_of
from services.web.state import web_of

# 300,000 faces of a job of 100,000 photos, each named by itself.
_MAX_BYTES = 4_000_000
_PIECE_CHARS = 15_000
_SELECTION = re.compile(r"\d{1,9}(?:[.-]\d{1,9})?(?:,\d{1,9}(?:[.-]\d{1,9})?)*")
_FORMS = {"csv": "results", "jsonl": "results", "zip": "artifacts"}


async def selected(request: Request) -> Response:
    """Stream a download of what is selected; nothing of it is held here."""
    job_id, form = request.path_params["job_id"], request.path_params["form"]
    if form not in _FORMS:
        raise HTTPException(404, "There is no such download.")
    fields = await read_form(request, max_bytes=_MAX_BYTES)
    only = fields.get("only", "")
    if not _SELECTION.fullmatch(only):
        raise HTTPException(400, "Nothing is selected; go back and select photos or faces.")
    pieces = list(_pieces(only))
    if form == "zip" and len(pieces) > 1:
        raise HTTPException(
            400,
            "So many single photos do not fit into one zip: select whole runs of them, or narrow"
            " the list by the filter and take its zip from above.",
        )
    path = path_of("jobs", job_id, _FORMS[form])
    queries = [_query(form, piece) for piece in pieces]
    async with AsyncExitStack() as stack:
        gateway = web_of(request).gateway
        first = await stack.enter_async_context(gateway.opened("GET", path, query=queries[0]))
        closing = stack.pop_all()

    async def body() -> AsyncIterator[bytes]:
        async with closing:
            async for block in first.aiter_bytes():
                yield block
        for query in queries[1:]:
            async with gateway.opened("GET", path, query=query) as answer:
                async for block in _rows(answer, headed=form == "csv"):
                    yield block

    plain = "".join(char for char in job_id if char.isalnum() or char == "_")
    headers = {"Content-Disposition": f'attachment; filename="hfer-{plain}-selected.{form}"'}
    media_type = first.headers.get("content-type", "application/octet-stream")
    return StreamingResponse(body(), media_type=media_type, headers=headers)


def _query(form: str, only: str) -> Query:
    return {"only": only} | ({} if form == "zip" else {"format": form, "partial": "true"})


def _pieces(only: str) -> Iterator[str]:
    """Cut between two photos' numbers, so that none is listed twice."""
    piece: list[str] = []
    size, photo = 0, ""
    for one in only.split(","):
        before, photo = photo, re.split(r"[.-]", one)[0]
        if size + len(one) > _PIECE_CHARS and photo != before:
            yield ",".join(piece)
            piece, size = [], 0
        piece.append(one)
        size += len(one) + 1
    yield ",".join(piece)


async def _rows(answer: httpx.Response, *, headed: bool) -> AsyncIterator[bytes]:
    """Yield what follows a file's line of headings, if it has one."""
    rest = b""
    async for block in answer.aiter_bytes():
        if not headed:
            yield block
            continue
        rest += block
        if b"\n" in rest:
            headed = False
            yield rest.partition(b"\n")[2]


routes = [Route("/jobs/{job_id}/selected/{form}", selected, methods=["POST"])]
