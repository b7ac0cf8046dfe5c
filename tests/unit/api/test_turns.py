"""Test of turns: the lowest number first, one at a time, and whoever gives up hinders nobody."""

import asyncio
from contextlib import suppress

from services.api.turns import TenantTurns, Turns


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


class TestTurns:
    def test_calls_the_lowest_number_first(self) -> None:
        async def order() -> list[int]:
            turns, seen = Turns(), list[int]()

            async def take(number: int) -> None:
                async with turns.hold(number):
                    seen.append(number)

            async with turns.hold(turns.number()):
                waiting = [asyncio.create_task(take(number)) for number in (3, 1, 2)]
                await settle()
                assert seen == []
            await asyncio.gather(*waiting)
            return seen

        assert asyncio.run(order()) == [1, 2, 3]

    def test_passes_over_those_that_have_given_up(self) -> None:
        async def left() -> bool:
            turns = Turns()

            async def take(number: int) -> bool:
                async with turns.hold(number):
                    return True

            async with turns.hold(turns.number()):
                gone, called, last = (asyncio.create_task(take(number)) for number in (1, 2, 3))
                await settle()
                gone.cancel()
                await settle()
            called.cancel()  # it has been called and has not run since
            with suppress(asyncio.CancelledError):
                await called
            return await last and await take(4)

        assert asyncio.run(left())


class TestTenantTurns:
    def test_gives_each_tenant_its_own(self) -> None:
        turns = TenantTurns()
        own = turns.of("a")
        assert turns.of("a") is own
        assert turns.of("b") is not own
