"""What the API streams, passed on to a browser under a name of ours; nothing of it is held here."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

from starlette.requests import Request
from starlette.responses import StreamingResponse

from services.web.gateway import Query
from services.web.state import web_of


async def passed_on(
    request: Request, path: str, *, query: Query | None = None, filename: str
) -> StreamingResponse:
    """Stream what is at ``path`` of the API; refusals come before the answer begins.

    Args:
        request: of the browser.
        path: of the API.
        query: of the API.
        filename: plain ASCII, without quotes.
    """
    async with AsyncExitStack() as stack:
        opened = web_of(request).gateway.opened("GET", path, query=query)
        answer = await stack.enter_async_context(opened)
        closing = stack.pop_all()

    async def body() -> AsyncIterator[bytes]:
        async with closing:
            async for piece in answer.aiter_bytes():
                yield piece

    headers = {"Content-Disposition": f'attachment; filename="{filename}"'}
    media_type = answer.headers.get("content-type", "application/octet-stream")
    return StreamingResponse(body(), media_type=media_type, headers=headers)


def plain_name(name: str) -> str:
    """Leave of a name from outside what a file name may have."""
    return "".join(char for char in name if char.isascii() and (char.isalnum() or char in "._-"))
