"""What the grid's script asks for and sends while faces are reviewed."""

import asyncio
import json
import re
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from services.web.gateway import ApiRefusalError, path_of
from services.web.pages.filters import reviewer_of
from services.web.state import web_of
from services.web.views.reviews import Vote, unreviewed_first, votes
from services.web.views.words import fault_of

# As many as the API takes in a request.
_PHOTOS, _PAGE = 200, 200
_AT_A_TIME = 4
# A thousand votes with a note each.
_MAX_BYTES = 8_000_000
# Of a vote as it is sent: photo, face, answer, the version that was seen, note.
_MEMBERS = 5
_POINTER = re.compile(r"#/reviews/(\d+)")
_SCOPES = frozenset({"review", "admin"})
_ADVICE = (
    "The page's API key lacks the scope review. Whoever runs this page: set another secret in"
    " HFER_WEB__API_KEY and start anew, or give it a key that has the scope (docs/web.md,"
    " Reviewing)."
)


async def reviewers(request: Request) -> Response:
    """Tell whether the page may review, and who has reviewed so far."""
    gateway, job_id = web_of(request).gateway, request.path_params["job_id"]
    key, summary = await asyncio.gather(
        gateway.get("/v1/api-keys/current"),
        gateway.get(path_of("jobs", job_id, "reviews", "summary")),
    )
    may = not _SCOPES.isdisjoint(key.get("scopes") or ())
    known = [str(one["reviewer"]) for one in summary.get("reviewers") or ()]
    return JSONResponse({"may": may, "advice": "" if may else _ADVICE, "reviewers": known})


async def own(request: Request) -> Response:
    """Give a reviewer's votes on photos, by their numbers in the job."""
    numbers = [one for one in request.query_params.getlist("index") if one.isdecimal()]
    reviewer = reviewer_of(request)
    found = await _votes_on(request, reviewer, numbers[:_PHOTOS]) if reviewer and numbers else []
    return JSONResponse({"votes": found})


async def say(request: Request) -> Response:
    """Send votes by the numbers of photo and face on, and give the last words that there are.

    What the API refuses comes with the places of the votes that it is about.
    """
    body = await _read(request)
    said = body.get("votes")
    if not isinstance(said, list) or not all(map(_is_vote, said)):
        raise HTTPException(HTTPStatus.BAD_REQUEST, "These are no votes; reload the page.")
    items = await _items(request, [one[0] for one in said])
    if missing := [at for at, one in enumerate(said) if one[0] not in items]:
        return _refused("These photos are no more there.", "gone", HTTPStatus.GONE, missing)
    reviews = [
        {
            "item_id": items[index],
            "face_index": face,
            "reviewer": body.get("reviewer"),
            "answer": answer,
            "blind": body.get("blind") is True,
            "version": version,
            "note": note,
        }
        for index, face, answer, version, note in said
    ]
    return await _sent(request, "", {"reviews": reviews})


async def undo(request: Request) -> Response:
    """Take a change back."""
    body = await _read(request)
    wanted = {name: body.get(name) for name in ("reviewer", "change_id")}
    return await _sent(request, "undo", wanted)


async def changes(request: Request) -> Response:
    """Tell what the reviewer's last requests said."""
    path = path_of("jobs", request.path_params["job_id"], "reviews", "changes")
    query: dict[str, Any] = {"reviewer": reviewer_of(request), "limit": 100}
    return JSONResponse(await web_of(request).gateway.get(path, query))


async def _votes_on(request: Request, reviewer: str, photos: Sequence[Any]) -> list[Vote]:
    """Return a reviewer's votes on photos of a job, by their numbers."""
    gateway = web_of(request).gateway
    path = path_of("jobs", request.path_params["job_id"], "reviews")
    turn = asyncio.Semaphore(_AT_A_TIME)

    async def some(numbers: Sequence[Any]) -> list[Vote]:
        found: list[Vote] = []
        query: dict[str, Any] = {"reviewer": reviewer, "index": numbers, "limit": _PAGE}
        async with turn:
            while True:
                page = await gateway.get(path, query)
                found += votes(page.get("data") or ())
                if not page.get("next_cursor"):
                    return found
                query["cursor"] = page["next_cursor"]

    return [one for part in await asyncio.gather(*map(some, _pieces(photos))) for one in part]


async def drawn_order(request: Request, draw_id: str) -> dict[str, Any]:
    """Return a draw as an order of faces, without what the model says of them."""
    path = path_of("jobs", request.path_params["job_id"], "draws", draw_id)
    draw = await web_of(request).gateway.get(path)
    reviewer = reviewer_of(request)
    own = await _votes_on(request, reviewer, draw["index"]) if reviewer else []
    return unreviewed_first(draw, own)


async def _items(request: Request, numbers: Sequence[Any]) -> dict[Any, str]:
    """Return the ids of photos by their numbers."""
    gateway = web_of(request).gateway
    path = path_of("jobs", request.path_params["job_id"], "items")
    found: dict[Any, str] = {}
    for piece in _pieces(numbers):
        page = await gateway.get(path, {"index": piece})
        found |= {int(one["index"]): str(one["item_id"]) for one in page.get("data") or ()}
    return found


def _is_vote(one: object) -> bool:
    return isinstance(one, list) and len(one) == _MEMBERS


def _pieces(numbers: Sequence[Any]) -> list[list[str]]:
    each = list(dict.fromkeys(map(str, numbers)))
    return [each[at : at + _PHOTOS] for at in range(0, len(each), _PHOTOS)]


async def _sent(request: Request, path: str, body: dict[str, Any]) -> Response:
    parts = ("jobs", request.path_params["job_id"], "reviews", *([path] if path else []))
    try:
        answer = await web_of(request).gateway.post(path_of(*parts), body)
    except ApiRefusalError as refusal:
        named = (_POINTER.match(pointer) for pointer, _ in refusal.faults)
        places = [int(found[1]) for found in named if found]
        fault = fault_of(refusal)
        return _refused(
            f"{fault.detail} {fault.advice}".rstrip(),
            refusal.code,
            fault.status,
            places,
            current=votes(refusal.current),
        )
    return JSONResponse(answer | {"votes": votes(answer.pop("reviews", ()))})


def _refused(detail: str, code: str, status: int, places: list[int], **more: Any) -> Response:
    body = {"detail": detail, "code": code, "places": places} | more
    return JSONResponse(body, status_code=status)


async def _read(request: Request) -> dict[str, Any]:
    raw = bytearray()
    async for chunk in request.stream():
        raw += chunk
        if len(raw) > _MAX_BYTES:
            raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "These are too many votes.")
    try:
        body = json.loads(raw)
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise HTTPException(HTTPStatus.BAD_REQUEST, "The votes cannot be read; reload the page.")
    return body


routes = [
    Route("/jobs/{job_id}/grid/reviewers", reviewers),
    Route("/jobs/{job_id}/grid/votes", own, methods=["GET"]),
    Route("/jobs/{job_id}/grid/votes", say, methods=["POST"]),
    Route("/jobs/{job_id}/grid/votes/undo", undo, methods=["POST"]),
    Route("/jobs/{job_id}/grid/changes", changes),
]
