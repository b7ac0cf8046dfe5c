"""Who listens to which job, and the one look per tick that finds news for them, or no key any more.

A listener waits on an event of its loop, not on a thread and not on a connection: a hundred
idle ones cost one small query every half second, whatever Redis holds or has lost.
"""

import asyncio
import contextlib
import itertools
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import TypeVar

import anyio
from anyio import to_thread

from services.common.db.session import SessionFactory, unit_of_work
from services.common.domain.tenants import LimitExceededError
from services.common.jobs.repositories.events import EventRepository, Glance
from services.common.keys.repository import Credential, KeyRepository
from services.common.telemetry import get_logger

TICK_S = 0.5
# Of the 40 threads and 20 connections of a process: listeners must leave room for requests.
READERS = 4

T = TypeVar("T")
Look = Callable[[Collection[int]], Mapping[int, Glance]]
LiveKeys = Callable[[Collection[Credential]], Collection[Credential]]

_log = get_logger(__name__)


class Listener:
    """One open stream. `wait` returns when its job may have news, or its key is good no more.

    ``credential`` is what it was let in with; ``ended`` says that this is good no more.
    """

    def __init__(self, credential: Credential) -> None:
        self.credential = credential
        self.ended = False
        self._news = asyncio.Event()

    def wake(self) -> None:
        """Wake whoever waits: there may be news."""
        self._news.set()

    def end(self) -> None:
        """Let the stream end: its key was revoked, has expired or sees something else now."""
        self.ended = True
        self.wake()

    async def wait(self, timeout_s: float) -> bool:
        """Wait for news since the last wait, at most ``timeout_s``; whether there are any."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._news.wait(), timeout_s)
        known = self._news.is_set()
        self._news.clear()
        return known


class JobWatch:
    """The listeners of one process. All methods belong to its event loop.

    Args:
        look: reads how far jobs are, from the database; called in a thread.
        live: tells which of these would be let in and see as much; called like ``look``.
        per_tenant: most listeners of a tenant.
        tick_s: seconds between two looks.
    """

    def __init__(
        self, look: Look, *, live: LiveKeys, per_tenant: int, tick_s: float = TICK_S
    ) -> None:
        self.tick_s = tick_s
        self._look = look
        self._live = live
        self._per_tenant = per_tenant
        self._by_job: dict[int, set[Listener]] = {}
        self._by_tenant: Counter[str] = Counter()
        self._ticker: asyncio.Task[None] | None = None
        self._closing = False
        self._readers: anyio.CapacityLimiter | None = None

    @contextmanager
    def admit(self, tenant: str, *, credential: Credential) -> Iterator[Listener]:
        """Make room for a listener for the length of the block.

        Raises:
            LimitExceededError: the tenant has its share.
        """
        if self._by_tenant[tenant] >= self._per_tenant:
            raise LimitExceededError(
                f"{self._per_tenant} of your event streams are open here, and no more may be; "
                "close one, or poll the job.",
                name="listeners",
                limit=self._per_tenant,
                used=self._by_tenant[tenant],
            )
        self._by_tenant[tenant] += 1
        try:
            yield Listener(credential)
        finally:
            self._by_tenant[tenant] -= 1
            if not self._by_tenant[tenant]:
                del self._by_tenant[tenant]

    @contextmanager
    def following(self, listener: Listener, job_id: int) -> Iterator[None]:
        """Wake ``listener`` when the job has news, for the length of the block."""
        self._by_job.setdefault(job_id, set()).add(listener)
        if self._ticker is None:
            self._ticker = asyncio.create_task(self._tick())
        try:
            yield
        finally:
            self._by_job[job_id].discard(listener)
            if not self._by_job[job_id]:
                del self._by_job[job_id]
            if not self._by_job and self._ticker is not None:
                self._ticker.cancel()
                self._ticker = None

    def close(self) -> None:
        """Let every stream end, also those to come: the process stops, and clients come back."""
        self._closing = True
        for listener in self._following():
            listener.wake()

    @property
    def closing(self) -> bool:
        """Whether streams are to end."""
        return self._closing

    @property
    def listeners(self) -> int:
        """How many streams are open."""
        return self._by_tenant.total()

    async def read(self, query: Callable[[], T]) -> T:
        """Run a short query in one of the threads that listeners share."""
        if self._readers is None:
            self._readers = anyio.CapacityLimiter(READERS)  # belongs to the running loop
        return await to_thread.run_sync(query, limiter=self._readers)

    async def _tick(self) -> None:
        last: Mapping[int, Glance] = {}
        while True:
            await asyncio.sleep(self.tick_s)
            jobs = list(self._by_job)
            held = {listener.credential for listener in self._following()}
            try:
                now, live = await self.read(partial(self._look_at, jobs, held))
            except Exception as error:  # noqa: BLE001 - streams stay open; the next tick looks again
                _log.warning("watch.failed", error=type(error).__name__)
                continue
            for job_id in jobs:
                if now.get(job_id) != last.get(job_id, ()):
                    for listener in self._by_job.get(job_id, ()):
                        listener.wake()
            last = now
            for listener in self._following():
                if listener.credential in held and listener.credential not in live:
                    listener.end()

    def _following(self) -> Iterator[Listener]:
        return itertools.chain.from_iterable(self._by_job.values())

    def _look_at(
        self, jobs: Collection[int], held: Collection[Credential]
    ) -> tuple[Mapping[int, Glance], Collection[Credential]]:
        return self._look(jobs), self._live(held)


def build_watch(sessions: SessionFactory, *, per_tenant: int) -> JobWatch:
    """Build the watch of a process."""

    def look(jobs: Collection[int]) -> Mapping[int, Glance]:
        with unit_of_work(sessions) as session:
            return EventRepository(session).glance(list(jobs))

    def live(held: Collection[Credential]) -> Collection[Credential]:
        with unit_of_work(sessions) as session:
            return KeyRepository(session).live(held)

    return JobWatch(look, live=live, per_tenant=per_tenant)
