"""`/problems`: where the `type` of every problem leads. A page for browsers, JSON for programs."""

from typing import Annotated, Any

from fastapi import APIRouter, Header, Path, Response
from pydantic import BaseModel

from services.api.accept import preferred
from services.api.bodies import JSON
from services.api.catalogue.entries import ProblemEntry, ProblemIndex, all_entries, entry_of
from services.api.catalogue.pages import entry_page, index_page
from services.api.dependencies import Base
from services.api.docs import problem_responses
from services.api.errors import ApiError
from services.api.problems import ProblemCode
from services.api.reference.html import page

HTML = "text/html"
_CACHED = {"Cache-Control": "public, max-age=3600", "Vary": "Accept"}

router = APIRouter(prefix="/problems", tags=["problems"])

Accept = Annotated[str | None, Header(include_in_schema=False)]


def _answer(model: type[BaseModel]) -> dict[str, Any]:
    return {
        "model": model,
        "description": "JSON, or a page where `Accept` prefers HTML",
        "content": {
            HTML: {"schema": {"type": "string"}, "example": "<!doctype html><html lang=en>…"}
        },
    }


@router.get(
    "",
    summary="List every problem",
    responses={200: _answer(ProblemIndex), **problem_responses(ProblemCode.NOT_ACCEPTABLE)},
)
async def list_problems(base: Base, accept: Accept = None) -> Response:
    """Tell every kind of problem that the service answers with. No key is needed."""
    entries = all_entries(base=base)
    if _wants_page(accept):
        return _cached(page(index_page(entries), title="Problems"))
    return _json(ProblemIndex(data=list(entries)))


@router.get(
    "/{code}",
    summary="Read what a problem means",
    responses={
        200: _answer(ProblemEntry),
        **problem_responses(ProblemCode.NOT_FOUND, ProblemCode.NOT_ACCEPTABLE),
    },
)
async def get_problem(
    base: Base,
    code: Annotated[str, Path(examples=["job-final"])],
    accept: Accept = None,
) -> Response:
    """Explain a kind of problem: meaning, cause, what to do, an example. No key is needed."""
    if code not in set(ProblemCode):
        raise ApiError(ProblemCode.NOT_FOUND, "There is no such problem; /problems lists them.")
    entry = entry_of(ProblemCode(code), base=base)
    if _wants_page(accept):
        return _cached(page(entry_page(entry), title=entry.title))
    return _json(entry)


def _wants_page(accept: str | None) -> bool:
    chosen = preferred(accept, [JSON, HTML])
    if chosen is None:
        raise ApiError(ProblemCode.NOT_ACCEPTABLE, f"Problems are explained as {JSON} and {HTML}.")
    return chosen == HTML


def _json(body: BaseModel) -> Response:
    return _cached(Response(body.model_dump_json(exclude_none=True), media_type=JSON))


def _cached(response: Response) -> Response:
    response.headers.update(_CACHED)
    return response
