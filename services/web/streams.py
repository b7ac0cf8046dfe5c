"""Event streams to browsers: a bounded number, each over as soon as its browser or we go."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from functools import partial

import anyio
from starlette.exceptions import HTTPException
from starlette.types import Receive, Send

# Each viewer takes one of the gateway's 64 connections: more than half stay for all else.
MOST_STREAMS = 24
_TOO_MANY = 503


class Streams:
    """The open streams of a process. All methods belong to its event loop."""

    def __init__(self, *, most: int = MOST_STREAMS) -> None:
        self.open = 0
        self._closing = asyncio.Event()
        self._most = most

    @contextmanager
    def admitted(self) -> Iterator[None]:
        """Hold one of the places for the length of the block.

        Raises:
            HTTPException: 503, there is none; a page polls then.
        """
        if self.open >= self._most or self._closing.is_set():
            raise HTTPException(_TOO_MANY, "Too many pages listen; ask how the job stands instead.")
        self.open += 1
        try:
            yield
        finally:
            self.open -= 1

    def close(self) -> None:
        """End all streams, also those to come: the process stops, and browsers come back."""
        self._closing.set()

    async def pump(self, frames: AsyncIterator[bytes], receive: Receive, send: Send) -> None:
        """Send frames as the body until they end, the browser goes or the process stops."""
        async with anyio.create_task_group() as group:

            async def until(over: Callable[[], Awaitable[object]]) -> None:
                await over()
                group.cancel_scope.cancel()

            group.start_soon(until, partial(_gone, receive))
            group.start_soon(until, self._closing.wait)
            async for frame in frames:
                await send({"type": "http.response.body", "body": frame, "more_body": True})
            group.cancel_scope.cancel()
        await send({"type": "http.response.body", "body": b"", "more_body": False})


def frame(kind: str, data: str, *, id: str | None = None) -> bytes:  # noqa: A002 - its name
    """Return a server-sent event as it is sent; ``data`` is one line."""
    known = f"id: {id}\n" if id else ""
    return f"event: {kind}\ndata: {data}\n{known}\n".encode()


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
