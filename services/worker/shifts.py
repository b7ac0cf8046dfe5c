"""One hint's worth of work: chunk after chunk until the work, the time or the job ends."""

import uuid

from celery.exceptions import SoftTimeLimitExceeded

from services.common.domain.errors import ItemErrorCode, TransientError
from services.common.jobs.repositories.leases import ClaimedItem
from services.common.telemetry import get_logger
from services.worker.batches import BatchRunner
from services.worker.bench import Bench
from services.worker.chunks import Chunk
from services.worker.ledger import Ledger

# Half way to the hard limit a shift gives back what it has not begun.
TIME_SHARE = 0.5

_log = get_logger(__name__)


class Shift:
    """The work of one task on one job. Made anew for each task."""

    def __init__(self, bench: Bench, job_id: int, *, task: uuid.UUID) -> None:
        self._bench = bench
        self._ledger = Ledger(bench, job_id, task=task)
        self._runner = BatchRunner(bench)
        self._started = bench.clock()
        self._written = 0
        self._over = False
        self._storage_down = False

    def work(self) -> int:
        """Work on the job; return how many outcomes were written.

        A hint for a job that is done, cancelled or in other hands is a claim of nothing.

        Raises:
            SoftTimeLimitExceeded: an analysis hung; its photos will run again, each alone.
            TransientError: the database stayed away; the leases run out by themselves.
        """
        try:
            # Before the first claim: loading a model takes seconds, and no photo waits for it.
            self._bench.models.refresh()
            chunk = self._claim()
            while chunk is not None:
                chunk = self._finish(chunk)
            self._ledger.close_job()
        except SoftTimeLimitExceeded:
            self._ledger.suspect(ItemErrorCode.TIME_LIMIT)
            raise
        except TransientError:
            raise
        except Exception:
            # A fault of ours: without this its photos would wait for the end of their lease.
            self._ledger.suspect(ItemErrorCode.INTERNAL)
            raise
        return self._written

    def _finish(self, chunk: Chunk) -> Chunk | None:
        """Analyse a chunk; return the next one, whose photos were fetched meanwhile."""
        following = None
        for batch in chunk.batches(self._bench.pace.micro()):
            if self._must_stop():
                break
            if len(batch) == len(chunk.held) and not chunk.solo and self._has_time_after(batch):
                # No suspect ahead: a crash of this chunk would count as one of its own.
                following = self._ledger.claim(suspects=False)
            self._analyse(chunk, batch)
        self._give_back(chunk)
        if following is None:
            return self._claim()
        if self._must_stop():
            self._give_back(following)
            return None
        return following

    def _claim(self) -> Chunk | None:
        if self._must_stop() or not self._has_time_after([]):
            return None
        return self._ledger.claim()

    def _analyse(self, chunk: Chunk, batch: list[ClaimedItem]) -> None:
        settlement = self._runner.run(chunk, batch)
        settled = self._ledger.settle(chunk, settlement)
        chunk.held = settled.held
        self._written += len(settled.written)
        self._storage_down = bool(settlement.excused)
        self._over = settled.unwanted or settled.overtaken or self._storage_down

    def _give_back(self, chunk: Chunk) -> None:
        self._ledger.give_back(chunk, storage_down=self._storage_down)

    def _must_stop(self) -> bool:
        hurried = self._elapsed() >= TIME_SHARE * self._bench.settings.task_time_limit_s
        return self._over or hurried or self._bench.surroundings.draining()

    def _has_time_after(self, batch: list[ClaimedItem]) -> bool:
        """Whether the loop budget leaves room for another chunk after ``batch``."""
        expected_s = self._bench.pace.expected_s(len(batch))
        return self._elapsed() + expected_s < self._bench.settings.loop_budget_s

    def _elapsed(self) -> float:
        return self._bench.clock() - self._started
