"""A claimed chunk and its micro-batches."""

import uuid
from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field
from math import ceil

from services.common.domain.faces import AnalysisOptions
from services.common.jobs.queue.repositories.leases import ClaimedItem
from services.common.jobs.queue.repositories.turns import JobTurn
from services.common.telemetry import NO_SPAN, Span
from services.worker.models.analyser import ChunkAnalyser
from services.worker.photos.fetcher import Fetched


@dataclass(slots=True)
class Chunk:
    """Items of one job under one lease token.

    ``analyser`` is the model that all of it is answered with; ``held`` are the items whose lease
    is still ours and which are not settled; ``span`` is its place in the trace of the request.
    """

    token: uuid.UUID
    job: JobTurn
    items: list[ClaimedItem]
    photos: dict[int, Future[Fetched]]
    options: AnalysisOptions
    analyser: ChunkAnalyser
    span: Span = NO_SPAN
    held: set[int] = field(init=False)

    def __post_init__(self) -> None:
        self.held = {item.id for item in self.items}

    @property
    def solo(self) -> bool:
        """Whether this is a suspect, which must be alone in its process."""
        return any(item.solo for item in self.items)

    @property
    def more_waits(self) -> bool:
        """Whether its tenant had further photos to claim, as far as the claim saw."""
        return self.job.shared or self.job.ready > len(self.items)

    def batches(self, size: int) -> Iterator[list[ClaimedItem]]:
        """Split into micro-batches, leaving out what was lost by the time each is due.

        None is larger than ``size`` and all are about as large: 21 photos at 10 are three of 7,
        not 10, 10 and 1, because a model is slow on a single photo.
        """
        even = ceil(len(self.items) / ceil(len(self.items) / size))
        for start in range(0, len(self.items), even):
            batch = [item for item in self.items[start : start + even] if item.id in self.held]
            if batch:
                yield batch

    def ends_with(self, batch: list[ClaimedItem]) -> bool:
        """Whether no micro-batch follows this one."""
        return batch[-1] is self.items[-1]

    def take(self, batch: list[ClaimedItem]) -> list[Future[Fetched]]:
        """Hand out the futures of a micro-batch and keep no reference to its bytes."""
        return [self.photos.pop(item.id) for item in batch]
