"""Bodies that are read only once the caller is known: photos, model bundles, long JSON."""

import asyncio
from codecs import BOM_UTF8
from collections.abc import AsyncIterator, Mapping
from typing import TypeVar

from pydantic import BaseModel, ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from services.api.errors import ApiError, field_errors, not_json
from services.api.problems import ProblemCode

JSON = "application/json"
M = TypeVar("M", bound=BaseModel)

# A full disk is rarely emptied within seconds.
_NO_ROOM_RETRY_S = 60


async def body_chunks(request: Request, stall_s: float) -> AsyncIterator[bytes]:
    """Yield the body as it comes; a sender that falls silent must not hold a file for ever.

    Raises:
        ApiError: REQUEST_TIMEOUT, nothing came for ``stall_s`` seconds.
    """
    stream = request.stream()
    while True:
        try:
            async with asyncio.timeout(stall_s):
                chunk = await anext(stream, None)
        except TimeoutError:
            raise ApiError(
                ProblemCode.REQUEST_TIMEOUT, f"No byte came for {stall_s:g} s; send it again."
            ) from None
        if chunk is None:
            return
        yield chunk


def is_json(request: Request) -> bool:
    """Whether a request says that its body is JSON."""
    content_type = request.headers.get("content-type", "")
    return content_type.partition(";")[0].strip().lower() == JSON


async def read_json(request: Request, *, limit: int, stall_s: float) -> bytes:
    """Read a JSON body of up to ``limit`` bytes.

    FastAPI would read it before it asks for the key, and parse it in the event loop, where
    1,000 files would hold up every other request for some 10 ms.

    Raises:
        ApiError: UNSUPPORTED_MEDIA, REQUEST_TIMEOUT, PAYLOAD_TOO_LARGE.
    """
    if not is_json(request):
        raise ApiError(ProblemCode.UNSUPPORTED_MEDIA, f"Send the body as {JSON}.")
    body = bytearray()
    async for chunk in body_chunks(request, stall_s):
        body += chunk
        if len(body) > limit:
            raise ApiError(
                ProblemCode.PAYLOAD_TOO_LARGE,
                f"The JSON body is longer than {limit} bytes.",
                limit=limit,
            )
    return bytes(body)


async def read_model(request: Request, model: type[M], *, limit: int, stall_s: float) -> M:
    """Read a JSON body and parse it in a thread.

    Raises:
        ApiError: what `read_json` and `parse_model` raise.
    """
    body = await read_json(request, limit=limit, stall_s=stall_s)
    return await run_in_threadpool(parse_model, model, body)


def parse_model(model: type[M], raw: bytes, *, root: str = "") -> M:
    """Parse a JSON body, or the part of a request that is named ``root``.

    Raises:
        ApiError: INVALID_REQUEST for what is no JSON, VALIDATION for what does not fit.
    """
    try:
        return model.model_validate_json(raw.removeprefix(BOM_UTF8))  # as editors of Windows write
    except ValidationError as error:
        faults = error.errors(include_url=False, include_input=False)
    if broken := next((fault for fault in faults if fault["type"] == "json_invalid"), None):
        what = f"{root} part" if root else "body"
        detail = not_json(what, broken["ctx"]["error"])
        raise ApiError(ProblemCode.INVALID_REQUEST, detail)
    errors = field_errors(faults, root=(root,) if root else ())
    raise ApiError(
        ProblemCode.VALIDATION, f"{errors[0].pointer}: {errors[0].detail}", errors=errors
    )


def json_response(body: BaseModel, *, status: int, headers: Mapping[str, str]) -> Response:
    """Answer with ``body`` as it is: FastAPI would take it apart and check it once more."""
    return Response(
        body.model_dump_json(), status_code=status, media_type=JSON, headers=dict(headers)
    )


def no_room() -> ApiError:
    """Return the error for a temporary folder that takes no more."""
    return ApiError(
        ProblemCode.OVERLOADED,
        "The service has no room to take files in; try again later.",
        headers={"Retry-After": str(_NO_ROOM_RETRY_S)},
    )
