"""One hint's worth of work: chunk after chunk, in whosever turn, until work or time ends."""

import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from contextvars import copy_context
from functools import partial
from typing import ParamSpec, TypeVar

from celery.exceptions import SoftTimeLimitExceeded
from structlog.contextvars import bound_contextvars

from services.common.domain.errors import ItemErrorCode, TransientError
from services.common.domain.ids import IdKind, format_id
from services.common.jobs.queue.repositories.leases import ClaimedItem
from services.common.jobs.queue.repositories.turns import JobTurn
from services.common.telemetry import correlated, get_logger
from services.worker.jobs.chunk import Chunk
from services.worker.jobs.context import WorkerContext
from services.worker.jobs.leases import JobLeases, Settled
from services.worker.jobs.micro_batch import run_batch

_log = get_logger(__name__)

# Half way to the hard limit a task releases what it has not begun.
TIME_SHARE = 0.5

P = ParamSpec("P")
T = TypeVar("T")


class SerialExecutor(ThreadPoolExecutor):
    """Makes one call at a time, in the order asked, in one thread. Leaving waits for all of them.

    A settlement waits for a commit to reach the disk and a claim for a lock: 20 ms in each second
    of work on a quiet machine, in which a child that waited itself would leave its core idle.
    """

    def __init__(self) -> None:
        super().__init__(1, thread_name_prefix="serial")

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Call ``fn`` after all that was submitted before; its log lines carry our task."""
        return super().submit(copy_context().run, partial(fn, *args, **kwargs))

    def call(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Call ``fn`` in its turn, and wait for it."""
        return self.submit(fn, *args, **kwargs).result()


class JobLoop:
    """The work of one task. Made anew for each task.

    A hint says that there is work, not whose: each claim is of the job that has its turn.

    While a micro-batch is analysed a thread settles the one before it and claims the next chunk,
    so that the core does not wait for a commit. A lost lease is therefore noticed one
    micro-batch late; nothing is written for it all the same.
    """

    def __init__(self, context: WorkerContext, *, task: uuid.UUID) -> None:
        self._context = context
        self._leases = JobLeases(context, task=task)
        self._serial = SerialExecutor()
        self._settling: tuple[Chunk, Future[Settled]] | None = None
        self._started = context.clock()
        self._written = 0
        self._storage_down = False

    def run(self) -> int:
        """Work on what has its turn; return how many outcomes were written.

        A hint for what is done, cancelled or in other hands is a claim of nothing.

        Raises:
            SoftTimeLimitExceeded: an analysis hung; its photos will run again, each alone.
            TransientError: the database stayed away; the leases run out by themselves.
        """
        with self._serial:
            try:
                chunk = self._claim()
                while chunk is not None:
                    job, before = chunk.job, self._written
                    with _log_context(job):
                        while chunk is not None and chunk.job.id == job.id:
                            chunk = self._finish_chunk(chunk)
                        self._leave(job, before=before)
            except SoftTimeLimitExceeded:
                self._expire(ItemErrorCode.TIME_LIMIT)
                raise
            except TransientError:
                raise
            except Exception:
                # A fault of ours of whatever kind, and the process continues: without this its
                # photos would wait for the end of their lease.
                self._expire(ItemErrorCode.INTERNAL)
                raise
        return self._written

    def _leave(self, job: JobTurn, *, before: int) -> None:
        """Close the job if its last photo was ours; others may have their turn now."""
        self._take_settled()
        self._serial.call(self._leases.close_job, job.id)
        if self._written > before:
            _log.info("shift.done", outcomes=self._written - before)

    def _finish_chunk(self, chunk: Chunk) -> Chunk | None:
        """Analyse a chunk; return the next one, whose photos were fetched meanwhile."""
        try:
            return self._analyse_chunk(chunk)
        except BaseException as error:
            chunk.span.end(error=type(error).__name__)
            raise

    def _analyse_chunk(self, chunk: Chunk) -> Chunk | None:
        claiming = None
        for batch in chunk.batches(self._context.sizer.micro_batch_size()):
            if self._must_stop():
                break
            last = chunk.ends_with(batch)
            if last and self._may_claim_ahead(chunk, batch):
                claiming = self._serial.submit(self._leases.claim, ahead_of=chunk.job)
            self._analyse_batch(chunk, batch)
            if not last and not self._leases.may_continue(chunk):
                break
        following = None if claiming is None else claiming.result()
        if following is not None and self._may_begin(following):
            return following
        self._take_settled()
        for left in (chunk, following):
            if left is not None:
                self._release(left)
        return self._claim()

    def _may_claim_ahead(self, chunk: Chunk, batch: list[ClaimedItem]) -> bool:
        return chunk.more_waits and not chunk.solo and self._has_time_after(batch)

    def _may_begin(self, following: Chunk) -> bool:
        return not self._must_stop() and self._leases.may_continue(following)

    def _claim(self) -> Chunk | None:
        if self._must_stop() or not self._has_time_after([]):
            return None
        return self._serial.call(self._leases.claim)

    def _analyse_batch(self, chunk: Chunk, batch: list[ClaimedItem]) -> None:
        """Analyse a micro-batch and have it settled, once the one before it is."""
        settlement = run_batch(self._context, chunk, batch)
        self._take_settled()
        self._settling = chunk, self._serial.submit(self._leases.settle, chunk, settlement)
        self._storage_down = bool(settlement.released)

    def _take_settled(self) -> None:
        """Wait for the settlement under way, if there is one, and take its result."""
        if self._settling is None:
            return
        chunk, settling = self._settling
        self._settling = None
        settled = settling.result()
        chunk.held = settled.held
        self._written += len(settled.written)

    def _release(self, chunk: Chunk) -> None:
        self._serial.call(self._leases.release, chunk, storage_down=self._storage_down)

    def _expire(self, reason: ItemErrorCode) -> None:
        """End this task's leases, those of a claim under way too, which ends first."""
        self._serial.call(self._leases.expire, reason)

    def _must_stop(self) -> bool:
        late = self._elapsed() >= TIME_SHARE * self._context.settings.task_time_limit_s
        return self._storage_down or late or self._context.draining()

    def _has_time_after(self, batch: list[ClaimedItem]) -> bool:
        """Whether the loop budget leaves room for another chunk after ``batch``."""
        expected_s = self._context.sizer.expected_s(len(batch))
        return self._elapsed() + expected_s < self._context.settings.loop_budget_s

    def _elapsed(self) -> float:
        return self._context.clock() - self._started


@contextmanager
def _log_context(job: JobTurn) -> Iterator[None]:
    """Log lines name the job and the request that made it.

    It is given no chunk: that would keep the chunk's model in memory for as long as the job has
    its turn, and with it any third one out.
    """
    origin = job.origin
    asked = nullcontext() if origin.request_id is None else correlated(origin.request_id)
    facts = {"job": format_id(IdKind.JOB, job.public_id)}
    if origin.traceparent is not None:
        facts["trace_id"] = origin.traceparent.split("-")[1]
    with asked, bound_contextvars(**facts):
        yield
