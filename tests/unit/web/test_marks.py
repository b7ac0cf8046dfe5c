"""Marks of the page: in the process, in the API, and what happens between the two."""

import asyncio
import logging
from collections.abc import Sequence

import pytest

from services.web import marks as module
from services.web.gateway import ApiUnreachableError
from services.web.marks import LocalMarks, Mark, MarkKind, SharedMarks

LOGIN, SESSION = MarkKind.LOGIN, MarkKind.SESSION


class Flaky(LocalMarks):
    """The API's marks, while it is there."""

    away = False

    async def read(self, kind: MarkKind, names: Sequence[str]) -> list[Mark]:
        self._check()
        return await super().read(kind, names)

    async def add(
        self, kind: MarkKind, name: str, *, ttl_s: float, expected: int | None = None
    ) -> int | None:
        self._check()
        return await super().add(kind, name, ttl_s=ttl_s, expected=expected)

    async def take_back(self, kind: MarkKind, name: str) -> None:
        self._check()
        await super().take_back(kind, name)

    def _check(self) -> None:
        if self.away:
            raise ApiUnreachableError("No answer from the API (ConnectError).")


def test_a_process_counts_and_forgets() -> None:
    now = 0.0

    async def story() -> None:
        nonlocal now
        marks = LocalMarks(clock=lambda: now)
        assert [await marks.add(LOGIN, "a", ttl_s=10) for _ in range(2)] == [1, 2]
        assert await marks.add(LOGIN, "a", ttl_s=10, expected=1) is None
        now = 4.0
        assert await marks.read(LOGIN, ["a", "b"]) == [Mark(2, 4.0), Mark()]
        assert await marks.read(SESSION, ["a"]) == [Mark()]
        await marks.take_back(LOGIN, "a")
        await marks.take_back(LOGIN, "b")
        assert (await marks.read(LOGIN, ["a"]))[0].count == 1
        now = 10.0
        assert await marks.read(LOGIN, ["a"]) == [Mark()]

    asyncio.run(story())


def test_a_process_keeps_so_many_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_LOCAL", 3)

    async def story() -> None:
        marks = LocalMarks(clock=lambda: 0.0)
        await marks.add(SESSION, "ended", ttl_s=10)
        for number in range(5):
            await marks.add(LOGIN, str(number), ttl_s=10)
        counts = [mark.count for mark in await marks.read(LOGIN, list("01234"))]
        assert counts == [0, 0, 1, 1, 1]
        assert (await marks.read(SESSION, ["ended"]))[0].count == 1  # no guess drives it out

    asyncio.run(story())


def test_an_outage_is_counted_through_told_once_and_caught_up_with(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def story() -> None:
        api = Flaky(clock=lambda: 0.0)
        here, there = (SharedMarks(api, LocalMarks(clock=lambda: 0.0)) for _ in range(2))
        await here.add(LOGIN, "a", ttl_s=10)
        assert (await there.read(LOGIN, ["a"]))[0].count == 1
        api.away = True
        assert (await here.read(LOGIN, ["a"]))[0].count == 1
        assert await here.add(LOGIN, "a", ttl_s=10, expected=1) == 2
        await here.take_back(LOGIN, "a")
        await here.add(SESSION, "s", ttl_s=10)
        assert (await here.read(SESSION, ["s"]))[0].count == 1
        api.away = False
        await here.read(LOGIN, ["a"])
        assert (await there.read(SESSION, ["s"]))[0].count == 1  # the logout reached the others

    with caplog.at_level(logging.WARNING, logger="uvicorn.error"):
        asyncio.run(story())
    told = [record.getMessage() for record in caplog.records]
    assert len(told) == 2
    assert "by this process alone" in told[0]
    assert "all processes again" in told[1]
