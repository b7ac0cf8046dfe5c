"""Whose picture is drawn next: tenants in turn, within a few places and a budget of pixels."""

import asyncio
from collections import Counter, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field


class FullError(Exception):
    """A tenant has as many pictures waiting as it may have."""


@dataclass(eq=False, slots=True)
class _Place:
    tenant: str
    pixels: int
    granted: asyncio.Future[None] = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )


class FairTurns:
    """Turns of one event loop. Tenants take turns however many pictures each of them has.

    One tenant never has all places: another's picture starts at once, and not after a large one.
    """

    def __init__(self, *, places: int, pixels: int, waiting: int) -> None:
        """Make turns.

        Args:
            places: pictures drawn at a time, at least 2.
            pixels: most pixels of them together; a larger picture is drawn alone.
            waiting: most pictures of a tenant that wait, those of `patient` callers aside.
        """
        self._places = places
        self._pixels = pixels
        self._waiting = waiting
        self._queues: dict[str, deque[_Place]] = {}
        self._running: Counter[str] = Counter()
        self._drawn_pixels = 0
        # When each tenant last got a turn, counted in turns.
        self._served: dict[str, int] = {}
        self._count = 0

    @asynccontextmanager
    async def turn(self, tenant: str, *, pixels: int, patient: bool) -> AsyncIterator[None]:
        """Wait for a turn and hold it.

        Raises:
            FullError: too many of the tenant's pictures wait; never when ``patient``.
        """
        if not patient and len(self._queues.get(tenant, ())) >= self._waiting:
            raise FullError
        place = _Place(tenant, pixels)
        self._queues.setdefault(tenant, deque()).append(place)
        self._grant()
        try:
            await place.granted
            yield
        finally:
            self._leave(place)

    def _leave(self, place: _Place) -> None:
        if place.granted.done() and not place.granted.cancelled():
            self._running[place.tenant] -= 1
            self._drawn_pixels -= place.pixels
        else:
            self._queues[place.tenant].remove(place)
            if not self._queues[place.tenant]:
                del self._queues[place.tenant]
        self._grant()

    def _grant(self) -> None:
        """Give free places to the first of each queue; whose tenant waited longest goes first."""
        for tenant in sorted(self._queues, key=lambda name: self._served.get(name, 0)):
            queue = self._queues[tenant]
            if self._running[tenant] >= self._places - 1:
                continue
            busy = self._running.total()
            # Nobody overtakes a picture that waits for pixels, or a large one would starve.
            too_large = self._drawn_pixels + queue[0].pixels > self._pixels
            if busy >= self._places or (busy and too_large):
                return
            place = queue.popleft()
            if not queue:
                del self._queues[tenant]
            self._running[tenant] += 1
            self._drawn_pixels += place.pixels
            self._count += 1
            self._served[tenant] = self._count
            place.granted.set_result(None)
