"""Claims as many URLs as threads are free, and never more."""

import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from typing import Protocol

from sqlalchemy.orm import Session

from services.common.config import FetchSettings
from services.common.jobs.repositories.fetches import ClaimedFetch, FetchRepository
from services.common.telemetry import get_logger
from services.worker.patience import PatientDatabase

# Beyond the fetch itself: three 30 s reads of the bucket and a minute for the database.
LEASE_SLACK_S = 180.0
FORGET_EVERY_S = 60.0
FORGET_SLICE = 1_000

_log = get_logger(__name__)


class Filing(Protocol):
    """What is done with a claimed URL; `Filer` is the real one."""

    def file(self, claimed: ClaimedFetch, *, token: uuid.UUID) -> None:
        """Fetch a photo and write its fate."""


class Rounds:
    """One step claims for the threads that are free. Made once in a process, then closed."""

    def __init__(
        self,
        database: PatientDatabase,
        filer: Filing,
        *,
        settings: FetchSettings,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database = database
        self._filer = filer
        self._settings = settings
        self._clock = clock
        self._forget_at = float("-inf")
        self._free = threading.Semaphore(settings.threads)
        self._pool = ThreadPoolExecutor(settings.threads, thread_name_prefix="fetch")
        self._lock = threading.Lock()
        self._held: Counter[uuid.UUID] = Counter()

    def step(self) -> bool:
        """Claim and begin to fetch; whether there was something, so that more may wait."""
        if self._clock() >= self._forget_at:
            self._database.run(lambda session: FetchRepository(session).forget(limit=FORGET_SLICE))
            self._forget_at = self._clock() + FORGET_EVERY_S
        free = self._take_free()
        if not free:
            return True  # this was the pause
        token = uuid.uuid4()
        claimed: list[ClaimedFetch] = []
        try:
            claimed = self._claim(token, limit=free)
        finally:
            for _ in range(free - len(claimed)):
                self._free.release()
        with self._lock:
            self._held[token] += len(claimed)
        for one in claimed:
            self._pool.submit(self._work, one, token)
        return bool(claimed)

    def close(self) -> None:
        """Give back what is in work, so that others need not wait for the end of its lease."""
        self._pool.shutdown(wait=False, cancel_futures=True)
        with self._lock:
            held = list(self._held)
        if held:
            self._database.run(lambda session: FetchRepository(session).release(held))

    def wait(self) -> None:
        """Wait until nothing is in work."""
        self._pool.shutdown(wait=True)

    def _take_free(self) -> int:
        """Wait a moment for a free thread, then take all that are; how many."""
        if not self._free.acquire(timeout=self._settings.interval_s):
            return 0
        free = 1
        while self._free.acquire(blocking=False):
            free += 1
        return free

    def _claim(self, token: uuid.UUID, *, limit: int) -> list[ClaimedFetch]:
        tries = count()

        def step(session: Session) -> list[ClaimedFetch]:
            fetches = FetchRepository(session)
            if next(tries):
                fetches.release([token])  # the answer to a commit may have been lost
            lease_s = self._settings.total_s + LEASE_SLACK_S
            return fetches.claim(limit=limit, token=token, lease_s=lease_s)

        return self._database.run(step)

    def _work(self, claimed: ClaimedFetch, token: uuid.UUID) -> None:
        try:
            self._filer.file(claimed, token=token)
        except Exception:  # noqa: BLE001 - a thread has nobody to raise to; the lease runs out
            _log.warning("fetch.faulted", item=claimed.item_id, exc_info=True)
        finally:
            with self._lock:
                self._held -= Counter((token,))
            self._free.release()
