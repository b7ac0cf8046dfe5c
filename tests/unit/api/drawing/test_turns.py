"""Whose picture is next."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from services.api.drawing.turns import FairTurns, FullError

Finish = Callable[[], Awaitable[None]]


class Studio:
    """Holds every turn until it is told to end, and writes down who began."""

    def __init__(self, turns: FairTurns) -> None:
        self.turns = turns
        self.began: list[str] = []
        self._ends: dict[str, asyncio.Event] = {}
        self.tasks: dict[str, asyncio.Task[None]] = {}

    def ask(self, name: str, *, pixels: int = 1, patient: bool = False) -> None:
        self._ends[name] = asyncio.Event()
        self.tasks[name] = asyncio.create_task(self._hold(name, pixels, patient))

    async def end(self, name: str) -> None:
        self._ends[name].set()
        await self.tasks[name]
        await settled()

    async def _hold(self, name: str, pixels: int, patient: bool) -> None:
        async with self.turns.turn(name[0], pixels=pixels, patient=patient):
            self.began.append(name)
            await self._ends[name].wait()


async def settled() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


@pytest.mark.anyio
class TestTurns:
    async def test_leave_a_place_for_another_tenant(self) -> None:
        studio = Studio(FairTurns(places=2, pixels=100, waiting=9))
        for name in ("a1", "a2", "a3"):
            studio.ask(name)
        await settled()
        assert studio.began == ["a1"]
        studio.ask("b1")
        await settled()
        assert studio.began == ["a1", "b1"]

    async def test_go_round_the_tenants(self) -> None:
        studio = Studio(FairTurns(places=2, pixels=100, waiting=9))
        for name in ("a1", "a2", "b1", "b2", "c1"):
            studio.ask(name)
        await settled()
        assert studio.began == ["a1", "b1"]
        await studio.end("a1")
        await studio.end("c1")
        assert studio.began == ["a1", "b1", "c1", "a2"]

    async def test_a_large_picture_is_drawn_alone_and_not_overtaken(self) -> None:
        studio = Studio(FairTurns(places=2, pixels=10, waiting=9))
        studio.ask("a1", pixels=6)
        studio.ask("b1", pixels=30)
        studio.ask("c1", pixels=1)
        await settled()
        assert studio.began == ["a1"]
        await studio.end("a1")
        assert studio.began == ["a1", "b1"]
        await studio.end("b1")
        assert studio.began == ["a1", "b1", "c1"]

    async def test_a_tenant_may_have_only_so_many_waiting(self) -> None:
        studio = Studio(FairTurns(places=2, pixels=10, waiting=2))
        for name in ("a1", "a2", "a3", "a4"):
            studio.ask(name)
        studio.ask("a5", patient=True)
        studio.ask("b1")
        await settled()
        with pytest.raises(FullError):
            await studio.tasks["a4"]
        assert studio.began == ["a1", "b1"]
        for name in ("a1", "a2", "a3", "a5"):
            await studio.end(name)
        assert studio.began == ["a1", "b1", "a2", "a3", "a5"]

    async def test_who_gives_up_frees_the_place(self) -> None:
        studio = Studio(FairTurns(places=2, pixels=10, waiting=9))
        for name in ("a1", "a2", "a3"):
            studio.ask(name)
        await settled()
        studio.tasks["a2"].cancel()
        studio.tasks["a1"].cancel()
        await settled()
        assert studio.began == ["a1", "a3"]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"
