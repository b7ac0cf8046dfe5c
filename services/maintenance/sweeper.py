"""The transitions that nobody else makes: dead leases, finished jobs, cancelled photos."""

import time
from collections.abc import Callable

from services.common.config import QueueSettings
from services.common.db.session import SessionFactory, unit_of_work
from services.common.jobs.queue.closing import close_jobs
from services.common.jobs.queue.repositories.fetches import FetchRepository
from services.common.jobs.queue.repositories.sweeps import SweepRepository
from services.common.processes.repositories import WorkerRepository
from services.common.telemetry import Metrics, get_logger

LEASE_SLICE = 1_000
CANCEL_SLICE = 5_000
JOB_SLICE = 1_000
# Some 10 ms at 100,000 open photos. Less than a scrape interval, so that none sees it twice.
HEALTH_EVERY_S = 10.0
# Ready photos that nobody claims although workers live, and dead rows that slow every claim.
OLD_READY_S = 60.0
MANY_DEAD_ROWS = 20_000

_log = get_logger(__name__)


class Sweeper:
    """One step takes one slice of each transition, each in its own short transaction."""

    def __init__(
        self,
        sessions: SessionFactory,
        *,
        settings: QueueSettings,
        metrics: Metrics,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._sessions = sessions
        self._settings = settings
        self._metrics = metrics
        self._clock = clock
        self._health_at = float("-inf")

    def step(self) -> bool:
        """Sweep once; whether a slice was full, so that more is waiting."""
        full = self._expire_leases() >= LEASE_SLICE
        full = self._cancel() >= CANCEL_SLICE or full
        full = self._close_jobs() >= JOB_SLICE or full
        if self._clock() - self._health_at >= HEALTH_EVERY_S:
            self._health_at = self._clock()
            self._watch_health()
        return full

    def _expire_leases(self) -> int:
        with unit_of_work(self._sessions) as session:
            counts = SweepRepository(session).expire_leases(
                limit=LEASE_SLICE, max_attempts=self._settings.max_attempts
            )
        for state, items in counts.items():
            self._metrics.lease_expiries.labels(state).inc(items)
        if counts:
            _log.warning("leases.expired", **counts)
        return counts.total()

    def _cancel(self) -> int:
        with unit_of_work(self._sessions) as session:
            return SweepRepository(session).cancel_slice(limit=CANCEL_SLICE)

    def _close_jobs(self) -> int:
        with unit_of_work(self._sessions) as session:
            closed = close_jobs(session, limit=JOB_SLICE)
        for job in closed:
            _log.info("job.closed", job=job.job_id, status=job.status.value)
        return len(closed)

    def _watch_health(self) -> None:
        with unit_of_work(self._sessions) as session:
            health = SweepRepository(session).health()
            workers = sum(WorkerRepository(session).live().values())
            fetches, fetch_late_s = FetchRepository(session).waiting()
        for lane, items in health.ready.items():
            self._metrics.queue_depth.labels(lane.value).set(items)
            self._metrics.oldest_ready.labels(lane.value).set(health.waits_s[lane])
        self._metrics.leased_items.set(health.leased)
        self._metrics.live_workers.set(workers)
        self._metrics.unaccounted_items.set(health.unaccounted)
        self._metrics.fetches_due.set(fetches)
        self._metrics.fetches_late.set(fetch_late_s)
        if health.unaccounted:
            _log.error("alert.finished_without_outcome", items=health.unaccounted)
        if workers and health.oldest_ready_s > OLD_READY_S:
            _log.warning("alert.old_ready", seconds=round(health.oldest_ready_s))
        if health.dead_rows > MANY_DEAD_ROWS:
            _log.warning("alert.dead_rows", rows=health.dead_rows)
