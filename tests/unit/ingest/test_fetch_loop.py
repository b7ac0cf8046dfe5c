"""How many are claimed at a time, without a database."""

import threading
import uuid
from collections.abc import Callable
from typing import Any

import pytest

from services.common.config import FetchSettings
from services.common.jobs.queue.repositories.fetches import ClaimedFetch
from services.ingest.fetch_loop import FetchLoop


class FakeFetches:
    """A table of URLs that nobody else claims from."""

    def __init__(self, waiting: int) -> None:
        self.waiting = waiting
        self.limits: list[int] = []
        self.released: list[uuid.UUID] = []
        self.renewed: list[uuid.UUID] = []

    def claim(
        self, *, limit: int, token: uuid.UUID, lease_s: float, per_host: int, reserve: int
    ) -> list[ClaimedFetch]:
        assert token
        assert (lease_s, per_host, reserve) == (60.0, 4, 0)
        self.limits.append(limit)
        given = min(limit, self.waiting)
        self.waiting -= given
        url, host = "https://example.com/", "example.com"
        return [ClaimedFetch(n, 1, "t", url, host, 1) for n in range(given)]

    def release(self, tokens: list[uuid.UUID]) -> int:
        self.released += tokens
        return len(tokens)

    def renew(self, tokens: list[uuid.UUID], *, lease_s: float) -> int:
        assert lease_s == 60.0
        self.renewed += tokens
        return len(tokens)

    def forget(self, *, limit: int) -> int:
        return min(limit, 0)


class FakeDatabase:
    def run(self, step: Callable[[Any], Any]) -> Any:
        return step(None)


class Gate:
    """A fetcher whose work lasts until the gate opens."""

    def __init__(self) -> None:
        self.open = threading.Event()
        self.done = threading.Semaphore(0)
        self.fails = False

    def fetch(self, _claimed: ClaimedFetch, *, token: uuid.UUID) -> None:
        assert token
        self.open.wait()
        self.done.release()
        if self.fails:
            raise RuntimeError("a fault of ours")


Made = tuple[FetchLoop, FakeFetches, Gate]


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> Made:
    table, gate = FakeFetches(waiting=5), Gate()
    monkeypatch.setattr("services.ingest.fetch_loop.FetchRepository", lambda _session: table)
    settings = FetchSettings(threads=3, interval_s=0.01, shutdown_s=0.02)
    return FetchLoop(FakeDatabase(), gate, settings=settings), table, gate  # type: ignore[arg-type]


def test_claims_no_more_than_threads_are_free(made: Made) -> None:
    loop, table, gate = made
    assert loop.step()
    assert loop.step()  # none is free: this was a pause
    assert table.limits == [3]

    gate.open.set()
    for _ in range(3):
        gate.done.acquire()
    while table.waiting:
        loop.step()
    loop.wait()
    assert sum(table.limits) >= 5
    assert max(table.limits) <= 3


def test_rests_when_there_is_nothing(made: Made) -> None:
    loop, table, _ = made
    table.waiting = 0
    assert not loop.step()
    assert not loop.step()
    assert table.limits == [3, 3]
    loop.wait()


def test_a_fault_costs_no_thread(made: Made) -> None:
    loop, table, gate = made
    gate.fails = True
    gate.open.set()
    while table.waiting:
        loop.step()
    loop.wait()
    assert loop._take_free() == 3


def test_gives_back_what_does_not_end_in_time(made: Made) -> None:
    loop, table, gate = made
    loop.step()
    assert loop.busy == 3
    assert not loop.drain()
    assert len(table.released) == 1
    gate.open.set()
    loop.wait()
    assert loop.busy == 0


def test_gives_back_nothing_that_is_done(made: Made) -> None:
    loop, table, gate = made
    gate.open.set()
    loop.step()
    loop.wait()
    assert loop.drain()
    assert table.released == []


def test_keeps_what_is_in_work_and_nothing_else(made: Made) -> None:
    loop, table, gate = made
    loop.step()
    loop.renew()
    assert len(table.renewed) == 1
    gate.open.set()
    loop.wait()
    loop.renew()
    assert len(table.renewed) == 1


def test_looks_again_as_soon_as_one_ends_when_the_others_must_wait_for_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    table, gate = FakeFetches(waiting=1), Gate()
    monkeypatch.setattr("services.ingest.fetch_loop.FetchRepository", lambda _session: table)
    settings = FetchSettings(threads=3, interval_s=600.0)
    loop = FetchLoop(FakeDatabase(), gate, settings=settings)  # type: ignore[arg-type]
    assert loop.step()
    threading.Timer(0.01, gate.open.set).start()
    assert loop.step()  # nothing to claim, one in work: back when that has ended
    loop.wait()
    assert not loop.step()
