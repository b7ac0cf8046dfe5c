"""One tenant's work in a process goes one piece after another, so that no other tenant waits."""

import asyncio
import heapq
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count
from weakref import WeakValueDictionary


class Turns:
    """Those of one tenant, in one event loop: the lowest number goes first, one at a time."""

    def __init__(self) -> None:
        self._numbers = count()
        self._taken = False
        self._waiting: list[tuple[int, asyncio.Future[None]]] = []

    def number(self) -> int:
        """Return the next number: whoever draws it comes after all who have one."""
        return next(self._numbers)

    @asynccontextmanager
    async def hold(self, number: int) -> AsyncIterator[None]:
        """Wait until it is the number's turn, and hold it for the length of the block."""
        await self._enter(number)
        try:
            yield
        finally:
            self._leave()

    async def _enter(self, number: int) -> None:
        if not self._taken:
            self._taken = True
            return
        called = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, (number, called))
        try:
            await called
        except asyncio.CancelledError:
            if not called.cancelled():  # called and cancelled in the same moment
                self._leave()
            raise

    def _leave(self) -> None:
        while self._waiting:
            _, called = heapq.heappop(self._waiting)
            if not called.done():
                called.set_result(None)
                return
        self._taken = False


class TenantTurns:
    """The turns of each tenant; those that nobody holds any more are forgotten."""

    def __init__(self) -> None:
        self._of: WeakValueDictionary[str, Turns] = WeakValueDictionary()

    def of(self, tenant: str) -> Turns:
        """Return the tenant's, to be kept by whoever draws a number."""
        return self._of.setdefault(tenant, Turns())
