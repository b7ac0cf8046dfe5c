"""A task's leases: one short transaction each, tried again while the database restarts."""

import uuid
from dataclasses import dataclass
from itertools import count

from sqlalchemy.orm import Session

from services.common.domain.errors import ItemError, ItemErrorCode
from services.common.domain.ids import IdKind, format_id
from services.common.domain.jobs import ACTIVE_JOB_STATUSES, JobStatus
from services.common.domain.queues import Lane
from services.common.jobs.options import from_stored
from services.common.jobs.queue.closing import close_jobs
from services.common.jobs.queue.repositories.leases import (
    ClaimableJob,
    ClaimedItem,
    LeaseRepository,
)
from services.common.registry.canary import record_canary
from services.common.telemetry import Span, get_logger
from services.worker.jobs.batch_sizer import CHUNK_BYTES
from services.worker.jobs.chunk import Chunk
from services.worker.jobs.context import WorkerContext
from services.worker.jobs.settling import Settlement
from services.worker.models.canary import CanaryAnalyser
from services.worker.photos.stage_timer import StageTimer

_log = get_logger(__name__)

# Pause of photos while the bucket is away, so that they are not claimed again and again.
OUTAGE_PAUSE_S = (1.0, 5.0)


@dataclass(frozen=True, slots=True)
class Settled:
    """What a settlement found in the database.

    Attributes:
        written: outcomes really written; the others were lost or their job was cancelled.
        held: items of the chunk that are still ours to analyse.
        cancelled: whether what was not written is so because the job is being cancelled.
    """

    written: set[int]
    held: set[int]
    cancelled: bool


class JobLeases:
    """Claims, settles and releases, for one task on one job."""

    def __init__(self, context: WorkerContext, job_id: int, *, task: uuid.UUID) -> None:
        self._context = context
        self._job_id = job_id
        self._task = task

    def claim(self, *, suspects: bool = True) -> Chunk | None:
        """Lease the next chunk and begin to fetch its photos; None if there is nothing to do.

        Args:
            suspects: whether it may be a photo that has to run alone in this process.
        """
        token = uuid.uuid4()
        tries = count()

        def step(session: Session) -> tuple[ClaimableJob, list[ClaimedItem]] | None:
            leases = LeaseRepository(session)
            if next(tries):
                leases.forget(token)
            return self._claim(leases, token, suspects=suspects)

        claimed = self._context.database.run(step)
        if claimed is None:
            return None
        job, items = claimed
        metrics = self._context.metrics
        metrics.claims.labels(job.lane).inc()
        if not items:
            return None
        metrics.claimed_items.labels(job.lane).inc(len(items))
        self._context.on_claim()
        analyser = self._context.models.analyser_for(token)
        return Chunk(
            token=token,
            job=job,
            items=items,
            photos=self._context.fetcher.start(items),
            options=from_stored(job.options),
            analyser=analyser,
            span=self._begin_span(job, photos=len(items), model=analyser.model_version),
        )

    def may_continue(self, chunk: Chunk) -> bool:
        """Whether the job of a chunk takes more results and nothing more urgent waits.

        A read without a commit: 1 ms between micro-batches.
        """

        def step(session: Session) -> bool:
            leases = LeaseRepository(session)
            if leases.status(self._job_id) not in ACTIVE_JOB_STATUSES:
                return False
            return chunk.job.lane != Lane.BATCH or not leases.waiting(Lane.INTERACTIVE)

        return self._context.database.run(step)

    def settle(self, chunk: Chunk, settlement: Settlement) -> Settled:
        """Write a settlement and renew what is left of the chunk, in one transaction.

        Run again after an ambiguous commit it writes what is missing and nothing twice.
        """
        canary = chunk.analyser if isinstance(chunk.analyser, CanaryAnalyser) else None
        found = canary.take_agreement() if canary else None

        def step(session: Session) -> Settled:
            settled = self._settle(LeaseRepository(session), chunk, settlement)
            if canary and found and settled.written:
                record_canary(session, model_id=canary.model_id, found=found)
            return settled

        with StageTimer(self._context.metrics, chunk.span).stage("finish"):
            settled = self._context.database.run(step)
        if not settled.held:
            chunk.span.end()
        self._count(settlement, settled)
        _log_failures(chunk, settlement, settled)
        return settled

    def release(self, chunk: Chunk, *, storage_down: bool = False) -> None:
        """Return what was not begun, as if never claimed."""
        chunk.span.end()
        for future in chunk.photos.values():
            future.cancel()
        if not chunk.held:
            return
        delay_s = self._context.rng.uniform(*OUTAGE_PAUSE_S) if storage_down else 0.0
        self._context.database.run(
            lambda session: LeaseRepository(session).release(
                chunk.held, token=chunk.token, delay_s=delay_s
            )
        )

    def expire(self, reason: ItemErrorCode) -> None:
        """End this task's leases; the sweeper lets each of their photos run alone."""
        self._context.database.run(
            lambda session: LeaseRepository(session).expire_task(self._task, reason=reason)
        )

    def close_job(self) -> None:
        """Close the job if nothing of it is open; the sweeper would do it seconds later."""
        self._context.database.run(lambda session: close_jobs(session, job_id=self._job_id))

    def _begin_span(self, job: ClaimableJob, *, photos: int, model: str) -> Span:
        facts: dict[str, float | str] = {
            "hfer.job": format_id(IdKind.JOB, job.public_id),
            "hfer.lane": job.lane,
            "hfer.photos": photos,
            "hfer.model": model,
            "hfer.task": str(self._task),
        }
        return self._context.tracing.begin("chunk", parent=job.origin.traceparent, **facts)

    def _claim(
        self, leases: LeaseRepository, token: uuid.UUID, *, suspects: bool
    ) -> tuple[ClaimableJob, list[ClaimedItem]] | None:
        settings, workers = self._context.settings, self._context.live_workers()
        job = leases.job(
            self._job_id,
            cap=2 * workers * settings.chunk_max,
            detector=self._context.models.detector,
        )
        if job is None or not job.ready:
            return None
        items = leases.claim(
            self._job_id,
            limit=self._context.sizer.chunk_size(settings, ready=job.ready, workers=workers),
            max_bytes=CHUNK_BYTES,
            token=token,
            task=self._task,
            lease_s=settings.lease_s,
            suspects=suspects,
        )
        return job, items

    def _settle(self, leases: LeaseRepository, chunk: Chunk, settlement: Settlement) -> Settled:
        written = leases.finish(
            settlement.outcomes,
            token=chunk.token,
            model_version=chunk.analyser.model_version,
        )
        leases.retry_later(settlement.retries, token=chunk.token)
        pause_s = self._context.rng.uniform(*OUTAGE_PAUSE_S)
        leases.release(settlement.released, token=chunk.token, delay_s=pause_s)
        rest = chunk.held - settlement.ids
        return Settled(
            written=written,
            held=leases.renew(rest, token=chunk.token, lease_s=self._context.settings.lease_s),
            cancelled=len(written) < len(settlement.outcomes)
            and leases.status(self._job_id) is JobStatus.CANCELLING,
        )

    def _count(self, settlement: Settlement, settled: Settled) -> None:
        metrics = self._context.metrics
        for outcome in settlement.outcomes:
            if outcome.item_id in settled.written:
                metrics.items.labels(outcome.label).inc()
                metrics.faces.inc(outcome.faces)
                if not isinstance(outcome.result, ItemError):
                    metrics.faces_per_photo.observe(outcome.faces)
        lost = len(settlement.outcomes) - len(settled.written)
        if lost and not settled.cancelled:
            metrics.lost_leases.inc(lost)
            _log.warning("lease.lost", job=self._job_id, items=lost)


def _log_failures(chunk: Chunk, settlement: Settlement, settled: Settled) -> None:
    """Write a line for each photo that failed for good. It names no file."""
    failed = {
        outcome.item_id: outcome.result.code
        for outcome in settlement.outcomes
        if isinstance(outcome.result, ItemError) and outcome.item_id in settled.written
    }
    for item in chunk.items:
        if item.id in failed:
            _log.info(
                "photo.failed",
                job=format_id(IdKind.JOB, chunk.job.public_id),
                item=format_id(IdKind.ITEM, item.public_id),
                code=failed[item.id],
            )
