"""Where bytes meet the network: once blocking, once for asyncio. Nothing else differs.

All of the client is written once, as coroutines over a `Wire` (`hfer.aio`). Under the
`BlockingWire` no await ever waits: each call blocks, as it would in plain code, so that `run`
drives a coroutine from its start to its end without any event loop.
"""

import asyncio
import logging
import time
from collections.abc import (
    AsyncGenerator,
    AsyncIterator,
    Awaitable,
    Callable,
    Coroutine,
    Iterable,
    Iterator,
    Mapping,
    Sequence,
)
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

import httpx

from hfer._fork import PerProcess, Reading
from hfer._proxies import made
from hfer.errors import HferError

In = TypeVar("In")
Out = TypeVar("Out")

# Reading waits longer than anything else: the last byte of a 1 GB upload is answered only when
# the service has stored it all.
TIMEOUT = httpx.Timeout(connect=5.0, read=120.0, write=60.0, pool=60.0)

_log = logging.getLogger("hfer")

Work = Callable[[In], Coroutine[Any, Any, Out]]


@dataclass(frozen=True, slots=True)
class Sending:
    """A request as it goes out. ``body`` is iterated anew on every try."""

    method: str
    url: httpx.URL
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Iterable[bytes] | None = None
    follow_redirects: bool = False
    read_s: float | None = None

    @property
    def timeout(self) -> httpx.Timeout:
        """How long each step may take; ``read_s`` bounds the answer's silence."""
        read = TIMEOUT.read if self.read_s is None else self.read_s
        return httpx.Timeout(
            connect=TIMEOUT.connect, read=read, write=TIMEOUT.write, pool=TIMEOUT.pool
        )


class Wire(Protocol):
    """What the client needs of the world. Errors are httpx's; `hfer._transport` types them."""

    proxied: bool
    """Whether requests go through the proxies of the environment."""

    async def send(self, sending: Sending, *, whole: bool) -> httpx.Response:
        """Return the answer; read to its end if ``whole``, or if it is an error."""

    def blocks(self, response: httpx.Response) -> AsyncGenerator[bytes, None]:
        """Iterate over the body of an answer that was not read, and close it."""

    async def sleep(self, seconds: float) -> None:
        """Wait between tries and polls."""

    async def call(self, function: Callable[[In], Out], argument: In) -> Out:
        """Call what reads the disk, without holding up anything else."""

    async def map(self, work: "Work[In, Out]", items: Sequence[In], *, width: int) -> list[Out]:
        """Do ``work`` on each item, ``width`` at a time; the first error ends it."""

    async def close(self) -> None:
        """Close all connections of this process."""


class BlockingWire:
    """Blocks the calling thread; `map` uses threads. Safe between threads and across forks."""

    def __init__(
        self,
        *,
        transport: httpx.BaseTransport | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.proxied = transport is None
        self._http = PerProcess(
            lambda: made(lambda: httpx.Client(timeout=TIMEOUT, transport=transport)),
            transport=transport,
        )
        self._sleep = sleep

    async def send(self, sending: Sending, *, whole: bool) -> httpx.Response:
        http = self._http.get()
        request = http.build_request(
            sending.method,
            sending.url,
            headers=dict(sending.headers),
            content=sending.body,
            timeout=sending.timeout,
        )
        response = http.send(request, stream=True, follow_redirects=sending.follow_redirects)
        if whole or response.is_error:
            response.read()
        return response

    async def blocks(self, response: httpx.Response) -> AsyncGenerator[bytes, None]:
        blocks = response.iter_bytes()
        reading = Reading(blocks)
        try:
            for block in blocks:
                yield block
                reading.check()
        finally:
            if reading.ours():
                response.close()

    async def sleep(self, seconds: float) -> None:
        self._sleep(seconds)

    async def call(self, function: Callable[[In], Out], argument: In) -> Out:
        return function(argument)

    async def map(self, work: Work[In, Out], items: Sequence[In], *, width: int) -> list[Out]:
        pool = ThreadPoolExecutor(width, thread_name_prefix="hfer")
        try:
            return list(pool.map(lambda item: run(work(item)), items))
        finally:
            # After Ctrl-C only the items on their way are waited for, not all of them.
            pool.shutdown(cancel_futures=True)

    async def close(self) -> None:
        http = self._http.made()
        if http is not None:
            http.close()


class AsyncioWire:
    """Never blocks the event loop; files are read in asyncio's threads. Safe across forks."""

    def __init__(
        self,
        *,
        transport: httpx.AsyncBaseTransport | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.proxied = transport is None
        self._http = PerProcess(
            lambda: made(lambda: httpx.AsyncClient(timeout=TIMEOUT, transport=transport)),
            transport=transport,
        )
        self._sleep = sleep

    async def send(self, sending: Sending, *, whole: bool) -> httpx.Response:
        http = self._http.get()
        request = http.build_request(
            sending.method,
            sending.url,
            headers=dict(sending.headers),
            content=None if sending.body is None else _from_thread(sending.body),
            timeout=sending.timeout,
        )
        response = await http.send(request, stream=True, follow_redirects=sending.follow_redirects)
        if whole or response.is_error:
            await response.aread()
        return response

    async def blocks(self, response: httpx.Response) -> AsyncGenerator[bytes, None]:
        blocks = response.aiter_bytes()
        reading = Reading(blocks)
        try:
            async for block in blocks:
                yield block
                reading.check()
        finally:
            if reading.ours():
                await response.aclose()

    async def sleep(self, seconds: float) -> None:
        await self._sleep(seconds)

    async def call(self, function: Callable[[In], Out], argument: In) -> Out:
        return await asyncio.to_thread(function, argument)

    async def map(self, work: Work[In, Out], items: Sequence[In], *, width: int) -> list[Out]:
        slots = asyncio.Semaphore(width)

        async def one(item: In) -> Out:
            async with slots:
                return await work(item)

        try:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(one(item)) for item in items]
        except BaseExceptionGroup as errors:
            raise errors.exceptions[0] from None
        return [task.result() for task in tasks]

    async def close(self) -> None:
        http = self._http.made()
        if http is not None:
            await http.aclose()


def run(coroutine: Coroutine[Any, Any, Out]) -> Out:
    """Drive a coroutine over a `BlockingWire` to its end.

    An error of ours is shown from the caller's line on; all frames are logged at DEBUG.
    """
    try:
        coroutine.send(None)
    except StopIteration as done:
        result: Out = done.value
        return result
    except HferError as error:
        _log.debug("raised to the caller", exc_info=True)
        # The text names the cause already; for programs it stays in __context__.
        error.__cause__, error.__suppress_context__ = None, True
        raise error.with_traceback(None)  # noqa: B904 - it is the one that was caught
    coroutine.close()
    raise RuntimeError("A coroutine over a blocking wire waited for an event loop.")


def iterate(source: AsyncGenerator[Out, None]) -> Iterator[Out]:
    """Iterate over an asynchronous generator over a `BlockingWire`."""

    async def following() -> Out:
        return await anext(source)

    async def closing() -> None:
        await source.aclose()

    try:
        while True:
            try:
                value = run(following())
            except StopAsyncIteration:
                return
            yield value
    finally:
        run(closing())


async def _from_thread(blocks: Iterable[bytes]) -> AsyncIterator[bytes]:
    source = iter(blocks)
    while (block := await asyncio.to_thread(next, source, None)) is not None:
        yield block
