"""Test of the lock: the lowest ticket first, one at a time, and whoever gives up hinders nobody."""

import asyncio
from contextlib import suppress

from services.api.ticket_lock import TenantLocks, TicketLock


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


class TestTicketLock:
    def test_calls_the_lowest_ticket_first(self) -> None:
        async def order() -> list[int]:
            lock, seen = TicketLock(), list[int]()

            async def take(ticket: int) -> None:
                async with lock.hold(ticket):
                    seen.append(ticket)

            async with lock.hold(lock.draw()):
                waiting = [asyncio.create_task(take(ticket)) for ticket in (3, 1, 2)]
                await settle()
                assert seen == []
            await asyncio.gather(*waiting)
            return seen

        assert asyncio.run(order()) == [1, 2, 3]

    def test_passes_over_those_that_have_given_up(self) -> None:
        async def left() -> bool:
            lock = TicketLock()

            async def take(ticket: int) -> bool:
                async with lock.hold(ticket):
                    return True

            async with lock.hold(lock.draw()):
                gone, called, last = (asyncio.create_task(take(ticket)) for ticket in (1, 2, 3))
                await settle()
                gone.cancel()
                await settle()
            called.cancel()  # it has been called and has not run since
            with suppress(asyncio.CancelledError):
                await called
            return await last and await take(4)

        assert asyncio.run(left())


class TestTenantLocks:
    def test_gives_each_tenant_its_own(self) -> None:
        lock = TenantLocks()
        own = lock.of("a")
        assert lock.of("a") is own
        assert lock.of("b") is not own
