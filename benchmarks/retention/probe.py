"""A small job every so often beside the deletion: how long its statements wait."""

import threading
import time
import uuid
from collections import defaultdict
from dataclasses import dataclass
from datetime import timedelta
from typing import Self

from benchmarks.instant import InstantAnalyser
from services.common.db.session import SessionFactory, unit_of_work
from services.common.domain.ids import new_uuid7
from services.common.domain.queues import Lane
from services.common.domain.tenants import TenantLimits
from services.common.jobs.queue.outcomes import ItemOutcome
from services.common.jobs.queue.repositories.leases import LeaseRepository
from services.common.jobs.queue.repositories.turns import TurnRepository
from services.common.jobs.repositories.items import NewItem
from services.common.jobs.submission import Submission, SubmissionRules, submit

PHOTOS = 8
TENANT = "probe"
_RULES = SubmissionRules(TenantLimits(open_photos=1_000_000), keep_results=timedelta(days=1))


@dataclass(frozen=True, slots=True)
class Waits:
    """Milliseconds of a transaction, its commit included."""

    median: float
    p99: float
    longest: float
    count: int


class Probe:
    """Submits, claims and finishes jobs of eight photos in a thread, inside the ``with`` block."""

    def __init__(self, sessions: SessionFactory, *, every_s: float) -> None:
        """Pause for ``every_s`` after each job."""
        self._sessions = sessions
        self._every_s = every_s
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._seconds: dict[str, list[float]] = defaultdict(list)
        self.error: Exception | None = None

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._stop.set()
        self._thread.join()
        if self.error is not None:
            raise self.error

    def waits(self) -> dict[str, Waits]:
        """Return what was seen, by transaction."""
        return {name: _waits(seconds) for name, seconds in self._seconds.items()}

    def _run(self) -> None:
        try:
            while not self._stop.wait(self._every_s):
                self._one_job()
        except Exception as error:  # noqa: BLE001 - raised where the block ends
            self.error = error

    def _one_job(self) -> None:
        started = time.perf_counter()
        with unit_of_work(self._sessions) as session:
            items = [_item(number) for number in range(PHOTOS)]
            job = submit(session, Submission(TENANT, items), rules=_RULES).job.id
        started = self._note("submit", started)
        token = uuid.uuid4()
        with unit_of_work(self._sessions) as session:
            turns = TurnRepository(session)
            turns.next(Lane.BATCH, cap=PHOTOS)
            turns.mark(job)
            claimed = LeaseRepository(session).claim(
                job, limit=PHOTOS, max_bytes=10**9, token=token, task=token, lease_s=120
            )
        started = self._note("claim", started)
        with unit_of_work(self._sessions) as session:
            outcomes = [ItemOutcome(item.id, InstantAnalyser.answer(2)) for item in claimed]
            LeaseRepository(session).finish(outcomes, token=token, model_version="instant")
        self._note("finish", started)

    def _note(self, name: str, started: float) -> float:
        now = time.perf_counter()
        self._seconds[name].append(now - started)
        return now


def _item(number: int) -> NewItem:
    digest = uuid.uuid4().bytes * 2
    return NewItem(new_uuid7(), f"{number}.jpg", digest, 1_000, f"photos/probe/{digest.hex()}")


def _waits(seconds: list[float]) -> Waits:
    ordered = sorted(1_000 * value for value in seconds)
    last = len(ordered) - 1
    return Waits(
        median=round(ordered[last // 2], 2),
        p99=round(ordered[last * 99 // 100], 2),
        longest=round(ordered[last], 2),
        count=len(ordered),
    )
