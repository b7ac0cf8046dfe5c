"""Bodies of requests that are read as they come: photos and model bundles."""

import asyncio
from collections.abc import AsyncIterator

from starlette.requests import Request

from services.api.errors import ApiError
from services.api.problems import ProblemCode

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


def no_room() -> ApiError:
    """Return the error for a temporary folder that takes no more."""
    return ApiError(
        ProblemCode.OVERLOADED,
        "The service has no room to take files in; try again later.",
        headers={"Retry-After": str(_NO_ROOM_RETRY_S)},
    )
