"""Test of downloads: a tenant's wait for each other, and for no slow reader."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import cast

import pytest

from services.api import downloads
from services.api.downloads import PIECES_A_TICKET, while_live
from services.api.state import ApiState
from services.api.ticket_lock import TenantLocks
from services.common.keys.service import Principal


@dataclass
class Process:
    """What `while_live` asks of a process whose keys are not yet to be looked at again."""

    download_locks: TenantLocks = field(default_factory=TenantLocks)


def principal(tenant: str) -> Principal:
    return Principal(tenant, frozenset(), "key_1", "name", 1, b"")


@dataclass
class Body:
    """Pieces that take a while to make; counts how many are in the making."""

    count: int = 3
    making: int = 0
    most: int = 0

    async def pieces(self) -> AsyncIterator[bytes]:
        for _ in range(self.count):
            self.making += 1
            self.most = max(self.most, self.making)
            for _ in range(5):
                await asyncio.sleep(0)
            self.making -= 1
            yield b"x"


def read(process: Process, tenant: str, body: Body) -> AsyncIterator[bytes]:
    state = cast("ApiState", process)
    return while_live(state, principal(tenant), body.pieces(), clock=lambda: 0.0)


async def drain(body: AsyncIterator[bytes]) -> list[bytes]:
    return [piece async for piece in body]


class TestDownloadsOfATenant:
    def test_makes_one_piece_of_a_tenant_at_a_time_and_another_s_beside(self) -> None:
        async def all_of() -> tuple[list[int], int, int]:
            process, own, other = Process(), Body(), Body()
            readers = [read(process, "a", own) for _ in range(12)]
            readers.append(read(process, "b", other))

            async def count(reader: AsyncIterator[bytes]) -> int:
                return len([piece async for piece in reader])

            return list(await asyncio.gather(*map(count, readers))), own.most, other.most

        lengths, own, other = asyncio.run(all_of())
        assert lengths == [3] * 13
        assert (own, other) == (1, 1)

    def test_a_reader_that_does_not_take_its_piece_holds_no_lock(self) -> None:
        async def last_of() -> bytes:
            process = Process()
            slow = read(process, "a", Body())
            await anext(slow)
            async with asyncio.timeout(60):
                return await anext(read(process, "a", Body()))

        assert asyncio.run(last_of()) == b"x"

    def test_one_that_waits_for_a_picture_does_not_hold_it_for_long(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(downloads, "LONGEST_HOLD_S", 0.01)

        async def waiting(drawn: asyncio.Event) -> AsyncIterator[bytes]:
            await drawn.wait()
            yield b"drawn"

        async def read_both() -> tuple[list[bytes], list[bytes]]:
            process, drawn = cast("ApiState", Process()), asyncio.Event()
            body = while_live(process, principal("a"), waiting(drawn), clock=lambda: 0.0)
            slow = asyncio.create_task(drain(body))
            async with asyncio.timeout(60):
                other = await drain(read(Process(process.download_locks), "a", Body()))
                drawn.set()
                return await slow, other

        assert asyncio.run(read_both()) == ([b"drawn"], [b"x"] * 3)

    def test_goes_on_with_those_of_a_ticket_so_that_not_all_end_together(self) -> None:
        made = list[str]()

        async def pieces(name: str) -> AsyncIterator[bytes]:
            for _ in range(PIECES_A_TICKET):
                await asyncio.sleep(0)
                made.append(name)
                yield b"x"

        async def read_all() -> None:
            process = cast("ApiState", Process())

            async def drain(name: str) -> None:
                body = while_live(process, principal("a"), pieces(name), clock=lambda: 0.0)
                assert len([piece async for piece in body]) == PIECES_A_TICKET

            await asyncio.gather(*map(drain, "abcd"))

        asyncio.run(read_all())
        # One piece is made while the reader of another's takes it: two are under way.
        assert made.index("c") >= 2 * PIECES_A_TICKET - 2
