"""One look per tick wakes those whose job changed, and only those."""

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial

import pytest

from services.api.events.watch import JobWatch, Listener
from services.common.domain.tenants import LimitExceededError
from services.common.jobs.repositories.events import Glance
from services.common.keys.repository import Credential

TICK_S = 0.001


@dataclass
class Jobs:
    """What a database would say; ``asked`` holds the looks, ``revoked`` secrets let in no more."""

    stand: dict[int, Glance] = field(default_factory=dict)
    revoked: set[Credential] = field(default_factory=set)
    asked: list[list[int]] = field(default_factory=list)
    away: int = 0

    def look(self, jobs: Collection[int]) -> Mapping[int, Glance]:
        self.asked.append(list(jobs))
        if self.away:
            self.away -= 1
            raise OSError
        return {job: self.stand[job] for job in jobs if job in self.stand}

    def live(self, held: Collection[Credential]) -> set[Credential]:
        return set(held) - self.revoked


@pytest.fixture
def jobs() -> Jobs:
    return Jobs({1: ("running", 0), 2: ("running", 0)})


@pytest.fixture
def watch(jobs: Jobs) -> JobWatch:
    return JobWatch(jobs.look, live=jobs.live, per_tenant=2, tick_s=TICK_S)


async def looks(jobs: Jobs, number: int) -> None:
    """Let so many further looks happen."""
    wanted = len(jobs.asked) + number
    while len(jobs.asked) < wanted:  # noqa: ASYNC110 - the looks happen in another thread
        await asyncio.sleep(TICK_S)


@asynccontextmanager
async def listening(watch: JobWatch, *jobs: int) -> AsyncIterator[list[Listener]]:
    """Let a listener, of a tenant of its own, follow each of the jobs."""
    with ExitStack() as stack:
        listeners = []
        for place, job in enumerate(jobs):
            credential = (f"secret-{place}".encode(), "full")
            listener = stack.enter_context(watch.admit(f"tenant-{place}", credential=credential))
            stack.enter_context(watch.following(listener, job))
            listeners.append(listener)
        yield listeners


class TestTick:
    def test_wakes_whose_job_changed(self, watch: JobWatch, jobs: Jobs) -> None:
        async def listen() -> tuple[bool, bool]:
            async with listening(watch, 1, 2) as (one, two):
                await one.wait(30)
                await two.wait(30)
                jobs.stand[1] = ("running", 1)
                return await one.wait(30), await two.wait(0)

        assert asyncio.run(listen()) == (True, False)

    def test_wakes_when_the_job_is_gone(self, watch: JobWatch, jobs: Jobs) -> None:
        async def listen() -> bool:
            async with listening(watch, 1) as (one,):
                await one.wait(30)
                del jobs.stand[1]
                return await one.wait(30)

        assert asyncio.run(listen())

    def test_outlives_an_outage(self, watch: JobWatch, jobs: Jobs) -> None:
        async def listen() -> bool:
            async with listening(watch, 1) as (one,):
                await one.wait(30)
                jobs.away = 3
                await looks(jobs, 3)
                jobs.stand[1] = ("succeeded", 1)
                return await one.wait(30)

        assert asyncio.run(listen())

    def test_asks_once_for_many_and_not_at_all_for_none(self, watch: JobWatch, jobs: Jobs) -> None:
        async def listen() -> list[list[int]]:
            async with listening(watch, 1, 1):
                await looks(jobs, 2)
            jobs.asked.clear()
            await asyncio.sleep(20 * TICK_S)
            return list(jobs.asked)

        assert asyncio.run(listen()) == []

    def test_looks_at_each_watched_job_once(self, watch: JobWatch, jobs: Jobs) -> None:
        async def listen() -> list[int]:
            async with listening(watch, 1, 1, 2):
                await looks(jobs, 1)
                return jobs.asked[-1]

        assert asyncio.run(listen()) == [1, 2]

    def test_wakes_everybody_when_the_process_stops(self, watch: JobWatch) -> None:
        async def listen() -> tuple[bool, bool]:
            async with listening(watch, 1, 2) as (one, two):
                await one.wait(30)
                await two.wait(30)
                watch.close()
                return await one.wait(30), await two.wait(0.5)

        assert asyncio.run(listen()) == (True, True)
        assert watch.closing


class TestKeys:
    def test_ends_the_streams_of_a_revoked_secret_and_no_other(
        self, watch: JobWatch, jobs: Jobs
    ) -> None:
        async def listen() -> tuple[bool, bool, bool]:
            async with listening(watch, 1, 1) as (one, two):
                await looks(jobs, 2)
                before = one.ended
                jobs.revoked.add((b"secret-0", "full"))
                while not one.ended:
                    await one.wait(30)
                return before, one.ended, two.ended

        assert asyncio.run(listen()) == (False, True, False)


class TestAdmit:
    def test_counts_tenants_apart_and_frees_places(self, watch: JobWatch) -> None:
        admit = partial(watch.admit, credential=(b"", "full"))
        with admit("a"), admit("a"), admit("b"):
            assert watch.listeners == 3
            with pytest.raises(LimitExceededError), admit("a"):
                pass
        assert watch.listeners == 0
        with admit("a"):
            assert watch.listeners == 1
