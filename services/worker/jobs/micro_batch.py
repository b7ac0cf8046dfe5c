"""The work on one micro-batch: fetched, analysed, drawn, settled. No database."""

from collections.abc import Sequence

from celery.exceptions import SoftTimeLimitExceeded

from services.common.domain.errors import ItemError, ItemErrorCode, TransientError
from services.common.domain.faces import AnalysisOptions, PhotoAnalysis
from services.common.jobs.queue.repositories.leases import ClaimedItem
from services.common.storage_keys import tiles_key
from services.common.telemetry import get_logger
from services.worker.jobs.chunk import Chunk
from services.worker.jobs.context import WorkerContext
from services.worker.jobs.settling import Settlement, settle_batch
from services.worker.models.analyser import Answer, ChunkAnalyser
from services.worker.photos.fetcher import Fetched
from services.worker.photos.stage_timer import StageTimer

_log = get_logger(__name__)


def run_batch(context: WorkerContext, chunk: Chunk, batch: list[ClaimedItem]) -> Settlement:
    """Analyse a micro-batch of a chunk and decide what becomes of each photo."""
    timer = StageTimer(context.metrics, chunk.span)
    begun, used = context.clock(), context.cpu_clock()
    with timer.stage("fetch"):
        fetched = context.fetcher.collect(chunk.take(batch))
    photos = {
        item.id: photo
        for item, photo in zip(batch, fetched, strict=True)
        if isinstance(photo, bytes)
    }
    with timer.analysis(photos=len(photos)):
        found = analyse_bisecting(chunk.analyser, list(photos.values()), chunk.options)
    answers = dict(zip(photos, found, strict=True))
    seconds, core_s = context.clock() - begun, context.cpu_clock() - used
    context.metrics.core_seconds.inc(core_s)
    if photos:
        context.sizer.record(seconds=seconds, photos=len(photos))
    if chunk.options.annotated:
        _draw(context, chunk, batch, photos, answers)
    settlement = settle_batch(
        batch,
        fetched,
        answers,
        storage_down=_storage_is_down(context, fetched),
        milliseconds=1000 * seconds / max(len(photos), 1),
        # Of all threads: what is fetched meanwhile is for this job as well.
        core_ms=1000 * core_s / max(len(photos), 1),
        rng=context.rng,
    )
    settlement.tiles = context.tiles.start(_tiles(chunk, batch, answers))
    return settlement


def analyse_bisecting(
    analyser: ChunkAnalyser, photos: Sequence[bytes], options: AnalysisOptions
) -> list[Answer]:
    """Analyse photos together; if that fails as a whole, halve until the culprit is alone.

    One bad photo or a full device costs nobody else their result. A photo that fails alone gets
    an error of its own: ``out_of_memory`` or ``internal``. A device that is out of memory for one
    photo is a transient error.
    """
    if not photos:
        return []
    try:
        answers = list(analyser.analyse(photos, options))
    except SoftTimeLimitExceeded:
        raise
    except Exception as error:  # noqa: BLE001 - no library's bug may cost the neighbours
        if len(photos) == 1:
            return [_own_error(error)]
        _log.warning("analyse.halved", photos=len(photos), error=type(error).__name__)
        middle = len(photos) // 2
        return [
            *analyse_bisecting(analyser, photos[:middle], options),
            *analyse_bisecting(analyser, photos[middle:], options),
        ]
    if len(answers) != len(photos):
        raise RuntimeError(f"the analyser gave {len(answers)} answers for {len(photos)} photos")
    return list(answers)


def _own_error(error: Exception) -> ItemError | TransientError:
    if isinstance(error, (ItemError, TransientError)):
        return error
    if isinstance(error, MemoryError):
        return ItemError(
            ItemErrorCode.OUT_OF_MEMORY,
            "This photo needs more memory than a worker has; send it smaller.",
        )
    _log.error("analyse.failed", exc_info=error)
    return ItemError(
        ItemErrorCode.INTERNAL, "Analysing this photo failed for a fault of ours; report it."
    )


def _draw(
    context: WorkerContext,
    chunk: Chunk,
    batch: list[ClaimedItem],
    photos: dict[int, bytes],
    answers: dict[int, Answer],
) -> None:
    for item in batch:
        answer = answers.get(item.id)
        if isinstance(answer, PhotoAnalysis):
            context.annotated.write(
                photos[item.id], answer, job=chunk.job.public_id, item=item.public_id
            )


def _tiles(chunk: Chunk, batch: list[ClaimedItem], answers: dict[int, Answer]) -> dict[str, bytes]:
    """Return the tiles that came with the answers, by their keys."""
    return {
        tiles_key(chunk.job.public_id, item.public_id): answer.tiles
        for item in batch
        if isinstance(answer := answers.get(item.id), PhotoAnalysis) and answer.tiles
    }


def _storage_is_down(context: WorkerContext, fetched: list[Fetched]) -> bool:
    """Whether a failed fetch is the bucket's fault as a whole; asked only after one."""
    failed = any(isinstance(photo, TransientError) for photo in fetched)
    return failed and context.fetcher.storage_is_down()
