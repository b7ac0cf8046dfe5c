"""Test of turns: so many of a tenant at once, and no other tenant waits."""

import asyncio

from services.api.turns import TenantTurns


class TestTenantTurns:
    def test_lets_so_many_of_a_tenant_in_at_once_and_all_others(self) -> None:
        async def look() -> tuple[bool, bool]:
            turns = TenantTurns(2)
            own, other = turns.of("a"), turns.of("b")
            async with own, turns.of("a"):
                return own.locked(), other.locked()

        assert asyncio.run(look()) == (True, False)
