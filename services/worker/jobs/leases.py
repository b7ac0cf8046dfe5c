"""A task's leases: one short transaction each, tried again while the database restarts."""

import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from itertools import count

from sqlalchemy.orm import Session

from services.common.domain.errors import ItemError, ItemErrorCode
from services.common.domain.ids import IdKind, format_id
from services.common.domain.jobs import ACTIVE_JOB_STATUSES, JobStatus
from services.common.domain.queues import Lane
from services.common.jobs.options import from_stored, model_of
from services.common.jobs.queue.closing import close_jobs
from services.common.jobs.queue.repositories.leases import ClaimedItem, LeaseRepository
from services.common.jobs.queue.repositories.turns import JobTurn, TurnRepository
from services.common.jobs.repositories.erasures import ErasureRepository
from services.common.registry.canary import record_canary
from services.common.telemetry import Span, get_logger
from services.worker.jobs.batch_sizer import CHUNK_BYTES
from services.worker.jobs.chunk import Chunk
from services.worker.jobs.context import WorkerContext
from services.worker.jobs.settling import Settlement
from services.worker.models.analyser import ChunkAnalyser
from services.worker.models.canary import CanaryAnalyser
from services.worker.models.job_models import RefusingAnalyser
from services.worker.photos.stage_timer import StageTimer

_log = get_logger(__name__)

# Pause of photos while the bucket is away, so that they are not claimed again and again.
OUTAGE_PAUSE_S = (1.0, 5.0)


@dataclass(frozen=True, slots=True)
class _Claimed:
    """What a claim took, if anything, and the lanes that seemed to have photos for it."""

    job: JobTurn
    items: list[ClaimedItem]
    lanes: set[Lane]


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
    """Claims, settles and releases, for one task on whatever jobs have their turn."""

    def __init__(self, context: WorkerContext, *, task: uuid.UUID) -> None:
        self._context = context
        self._task = task

    def claim(self, *, ahead_of: JobTurn | None = None) -> Chunk | None:
        """Lease a chunk of the job whose turn it is and begin to fetch its photos.

        Args:
            ahead_of: the work still in hand. A crash of that would count against what is claimed
                now as well, so it may be neither a suspect nor another tenant's.

        Returns:
            None if there is nothing to do, or nothing that may be claimed ahead.
        """
        token = uuid.uuid4()
        tries = count()
        # Held from before the claim on: one that is let go meanwhile answers this chunk still.
        job_models = self._context.job_models.answering()

        def step(session: Session) -> _Claimed | None:
            if next(tries):
                LeaseRepository(session).forget(token)
            return self._claim(session, token, ahead_of=ahead_of, models=job_models)

        claimed = self._context.database.run(step)
        if claimed is None:
            return None
        job, items = claimed.job, claimed.items
        metrics = self._context.metrics
        metrics.claims.labels(job.lane).inc()
        if not items:
            return None
        self._context.lanes.record(job.lane, waiting=claimed.lanes)
        metrics.claimed_items.labels(job.lane).inc(len(items))
        self._context.on_claim()
        analyser = self._analyser(job, token, job_models)
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
        """Whether the job of a chunk takes more results and nobody else's turn has come.

        A read without a commit: 1 ms between micro-batches.
        """

        def step(session: Session) -> bool:
            if LeaseRepository(session).status(chunk.job.id) not in ACTIVE_JOB_STATUSES:
                return False
            return not TurnRepository(session).gives_way(
                chunk.job,
                detector=self._context.models.detector,
                models=self._context.job_models.answering(),
            )

        return self._context.database.run(step)

    def settle(self, chunk: Chunk, settlement: Settlement) -> Settled:
        """Write a settlement and renew what is left of the chunk, in one transaction.

        Run again after an ambiguous commit it writes what is missing and nothing twice.
        """
        canary = chunk.analyser if isinstance(chunk.analyser, CanaryAnalyser) else None
        found = canary.take_agreement() if canary else None

        def step(session: Session) -> Settled:
            settled = self._settle(LeaseRepository(session), chunk, settlement)
            if len(settled.written) < len(settlement.outcomes):
                # Its pictures may have come after the job was erased and its prefix cleared.
                ErasureRepository(session).schedule_late_pictures(chunk.job.public_id)
            if canary and found and settled.written:
                record_canary(session, model_id=canary.model_id, found=found)
            return settled

        with StageTimer(self._context.metrics, chunk.span).stage("finish"):
            # Before the rows, so that whatever is put is followed by a look at its job.
            self._context.tiles.finish(settlement.tiles)
            settled = self._context.database.run(step)
        if not settled.held:
            chunk.span.end()
        self._count(chunk.job, settlement, settled)
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

    def close_job(self, job_id: int) -> None:
        """Close a job if nothing of it is open; the sweeper would do it seconds later."""
        self._context.database.run(lambda session: close_jobs(session, job_id=job_id))

    def _analyser(
        self, job: JobTurn, token: uuid.UUID, job_models: Mapping[bytes, ChunkAnalyser]
    ) -> ChunkAnalyser:
        asked = model_of(job.options)
        if asked is None:
            return self._context.models.analyser_for(token)
        self._context.job_models.used(asked.sha256)
        found = job_models[asked.sha256]
        if isinstance(found, RefusingAnalyser):
            return replace(found, model_version=asked.version)
        return found

    def _begin_span(self, job: JobTurn, *, photos: int, model: str) -> Span:
        facts: dict[str, float | str] = {
            "hfer.job": format_id(IdKind.JOB, job.public_id),
            "hfer.lane": job.lane,
            "hfer.photos": photos,
            "hfer.model": model,
            "hfer.task": str(self._task),
        }
        return self._context.tracing.begin("chunk", parent=job.origin.traceparent, **facts)

    def _claim(
        self,
        session: Session,
        token: uuid.UUID,
        *,
        ahead_of: JobTurn | None,
        models: Collection[bytes],
    ) -> _Claimed | None:
        """Claim where it is whose turn; what others take at this moment is passed over."""
        turns = TurnRepository(session)
        lanes = turns.lanes()
        waiting = set(lanes)
        due = self._context.lanes.batch_is_due and Lane.BATCH in waiting
        if due and ahead_of is not None:
            # It would be given back for the interactive photos that wait, before it was begun.
            return None
        cap = 2 * self._context.live_workers() * self._context.settings.chunk_max
        detector = self._context.models.detector
        for lane in reversed(lanes) if due else lanes:
            passed: set[int] = set()
            while turn := turns.next(
                lane, cap=cap, detector=detector, models=models, passed=passed
            ):
                if ahead_of is not None and turn.tenant != ahead_of.tenant:
                    return None
                items = self._take(session, turn, token, suspects=ahead_of is None, due=due)
                if items and turn.to_mark:
                    turns.mark(turn.id)
                if items or ahead_of is not None:
                    return _Claimed(turn, items, waiting)
                passed.add(turn.id)
            waiting.discard(lane)
        return None

    def _take(
        self, session: Session, turn: JobTurn, token: uuid.UUID, *, suspects: bool, due: bool
    ) -> list[ClaimedItem]:
        settings, workers = self._context.settings, self._context.live_workers()
        sizer = self._context.sizer
        limit = sizer.chunk_size(settings, ready=turn.ready, workers=workers)
        if due and turn.lane is Lane.BATCH:
            limit = min(limit, sizer.micro_batch_size())
        return LeaseRepository(session).claim(
            turn.id,
            limit=limit,
            max_bytes=CHUNK_BYTES,
            token=token,
            task=self._task,
            lease_s=settings.lease_s,
            suspects=suspects,
            tag=turn.tag,
        )

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
            and leases.status(chunk.job.id) is JobStatus.CANCELLING,
        )

    def _count(self, job: JobTurn, settlement: Settlement, settled: Settled) -> None:
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
            _log.warning("lease.lost", job=job.id, items=lost)


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
