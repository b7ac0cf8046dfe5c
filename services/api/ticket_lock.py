"""One tenant's work in a process goes one piece after another, so that no other tenant waits."""

import asyncio
import heapq
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count
from weakref import WeakValueDictionary


class TicketLock:
    """A lock of one event loop that the lowest ticket gets: those that were drawn first."""

    def __init__(self) -> None:
        self._tickets = count()
        self._taken = False
        self._waiting: list[tuple[int, asyncio.Future[None]]] = []

    def draw(self) -> int:
        """Return the next ticket: whoever draws it comes after all who have one."""
        return next(self._tickets)

    @asynccontextmanager
    async def hold(self, ticket: int) -> AsyncIterator[None]:
        """Wait until the ticket is the lowest, and hold the lock for the length of the block."""
        await self._acquire(ticket)
        try:
            yield
        finally:
            self._release()

    async def _acquire(self, ticket: int) -> None:
        if not self._taken:
            self._taken = True
            return
        called = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, (ticket, called))
        try:
            await called
        except asyncio.CancelledError:
            if not called.cancelled():  # called and cancelled in the same moment
                self._release()
            raise

    def _release(self) -> None:
        while self._waiting:
            _, called = heapq.heappop(self._waiting)
            if not called.done():
                called.set_result(None)
                return
        self._taken = False


class TenantLocks:
    """A lock for each tenant; those that nobody has any more are forgotten."""

    def __init__(self) -> None:
        self._of: WeakValueDictionary[str, TicketLock] = WeakValueDictionary()

    def of(self, tenant: str) -> TicketLock:
        """Return the tenant's, to be kept by whoever draws a ticket."""
        return self._of.setdefault(tenant, TicketLock())
