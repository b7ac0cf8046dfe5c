"""The work on one micro-batch: fetched, analysed, drawn, settled. No database."""

from services.common.domain.errors import TransientError
from services.common.domain.faces import PhotoAnalysis
from services.common.jobs.queue.repositories.leases import ClaimedItem
from services.worker.jobs.chunk import Chunk
from services.worker.jobs.context import WorkerContext
from services.worker.jobs.model_runs import Answer, analyse_isolating
from services.worker.jobs.settling import Settlement, settle_batch
from services.worker.photos.fetcher import Fetched
from services.worker.photos.stage_timer import StageTimer


class BatchRunner:
    """Turns a micro-batch of a chunk into a settlement."""

    def __init__(self, context: WorkerContext) -> None:
        self._context = context

    def run(self, chunk: Chunk, batch: list[ClaimedItem]) -> Settlement:
        """Analyse ``batch`` and decide what becomes of each photo."""
        context, timer = self._context, StageTimer(self._context.metrics, chunk.span)
        begun = context.clock()
        with timer.stage("fetch"):
            fetched = context.fetcher.collect(chunk.take(batch))
        photos = {
            item.id: photo
            for item, photo in zip(batch, fetched, strict=True)
            if isinstance(photo, bytes)
        }
        with timer.analysis(photos=len(photos)):
            found = analyse_isolating(chunk.analyser, list(photos.values()), chunk.options)
        answers = dict(zip(photos, found, strict=True))
        seconds = context.clock() - begun
        if photos:
            context.sizer.record(seconds=seconds, photos=len(photos))
        if chunk.options.annotated:
            self._draw(chunk, batch, photos, answers)
        return settle_batch(
            batch,
            fetched,
            answers,
            storage_down=self._storage_is_down(fetched),
            milliseconds=1000 * seconds / max(len(photos), 1),
            rng=context.rng,
        )

    def _draw(
        self,
        chunk: Chunk,
        batch: list[ClaimedItem],
        photos: dict[int, bytes],
        answers: dict[int, Answer],
    ) -> None:
        for item in batch:
            answer = answers.get(item.id)
            if isinstance(answer, PhotoAnalysis):
                self._context.annotated.write(
                    photos[item.id], answer, job=chunk.job.public_id, item=item.public_id
                )

    def _storage_is_down(self, fetched: list[Fetched]) -> bool:
        """Whether a failed fetch is the bucket's fault as a whole; asked only after one."""
        troubled = any(isinstance(photo, TransientError) for photo in fetched)
        return troubled and self._context.fetcher.storage_is_down()
