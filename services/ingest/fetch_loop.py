"""Claims as many URLs as threads are free, and never more."""

import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable
from itertools import count
from typing import Protocol

from sqlalchemy.orm import Session

from services.common.config import FetchSettings
from services.common.db.retrying import RetryingDatabase
from services.common.domain.errors import TransientError
from services.common.jobs.queue.repositories.fetches import ClaimedFetch, FetchRepository
from services.common.telemetry import get_logger

FORGET_EVERY_S = 60.0
FORGET_SLICE = 1_000
# An eighth of the threads is for tenants who hold nothing yet.
RESERVE_SHARE = 8

_log = get_logger(__name__)


class Fetcher(Protocol):
    """What is done with a claimed URL; `UrlFetcher` is the real one."""

    def fetch(self, claimed: ClaimedFetch, *, token: uuid.UUID) -> None:
        """Fetch a photo and write what became of it."""


class FetchLoop:
    """One step claims for the threads that are free. Made once in a process, then drained."""

    def __init__(
        self,
        database: RetryingDatabase,
        fetcher: Fetcher,
        *,
        settings: FetchSettings,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database = database
        self._fetcher = fetcher
        self._settings = settings
        self._clock = clock
        self._forget_at = float("-inf")
        self._free = threading.Semaphore(settings.threads)
        self._one_ended = threading.Event()
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
        self._one_ended.clear()
        try:
            claimed = self._claim(token, limit=free)
        finally:
            for _ in range(free - len(claimed)):
                self._free.release()
        if claimed:
            with self._lock:
                self._held[token] = len(claimed)
        for one in claimed:
            # A thread a photo, cheap beside a fetch; as a daemon it holds up no end of the process.
            threading.Thread(
                target=self._work, args=(one, token), name="fetch", daemon=True
            ).start()
        if not claimed and self.busy:
            # What waits may wait for its host's or its tenant's turn: the next end may give it.
            return self._one_ended.wait(self._settings.interval_s)
        return bool(claimed)

    @property
    def busy(self) -> int:
        """How many photos are in work."""
        with self._lock:
            return self._held.total()

    def renew(self) -> bool:
        """Keep what is in work; to be called several times within a lease."""
        held = self._tokens()
        if held:
            lease_s = self._settings.lease_s
            self._database.run(
                lambda session: FetchRepository(session).renew(held, lease_s=lease_s)
            )
        return False

    def drain(self) -> bool:
        """Let what is in work end for `shutdown_s`, then give it back; whether all ended."""
        if self._wait(self._settings.shutdown_s):
            return True
        held = self._tokens()
        try:
            given = self._database.run(lambda session: FetchRepository(session).release(held))
        except TransientError:
            given = 0  # their leases run out
        _log.info("fetch.given_back", photos=given)
        return False

    def wait(self) -> None:
        """Wait until nothing is in work."""
        self._wait(None)

    def _wait(self, timeout_s: float | None) -> bool:
        until = None if timeout_s is None else self._clock() + timeout_s
        taken = 0
        for _ in range(self._settings.threads):
            left_s = None if until is None else max(0.0, until - self._clock())
            if not self._free.acquire(timeout=left_s):
                break
            taken += 1
        for _ in range(taken):
            self._free.release()
        return taken == self._settings.threads

    def _tokens(self) -> list[uuid.UUID]:
        with self._lock:
            return list(self._held)

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
            return fetches.claim(
                limit=limit,
                token=token,
                lease_s=self._settings.lease_s,
                per_host=self._settings.host_threads,
                reserve=self._settings.threads // RESERVE_SHARE,
            )

        return self._database.run(step)

    def _work(self, claimed: ClaimedFetch, token: uuid.UUID) -> None:
        try:
            self._fetcher.fetch(claimed, token=token)
        except Exception:  # noqa: BLE001 - a thread has nobody to raise to; the lease runs out
            _log.warning("fetch.faulted", item=claimed.item_id, exc_info=True)
        finally:
            with self._lock:
                self._held -= Counter((token,))
            self._free.release()
            self._one_ended.set()
