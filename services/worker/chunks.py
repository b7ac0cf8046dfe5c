"""A claimed chunk on its way through a worker."""

import uuid
from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field

from services.common.domain.faces import AnalysisOptions
from services.common.jobs.repositories.leases import ClaimableJob, ClaimedItem
from services.worker.analysers import PhotoAnalyser
from services.worker.fetching import Fetched
from services.worker.trial import Trial


@dataclass(slots=True)
class Chunk:
    """Items of one job under one lease token.

    ``analyser`` is the model that all of it is answered with; ``held`` are the items whose lease
    is still ours and whose fate is open.
    """

    token: uuid.UUID
    job: ClaimableJob
    items: list[ClaimedItem]
    photos: dict[int, Future[Fetched]]
    options: AnalysisOptions
    analyser: PhotoAnalyser | Trial
    held: set[int] = field(init=False)

    def __post_init__(self) -> None:
        self.held = {item.id for item in self.items}

    @property
    def solo(self) -> bool:
        """Whether this is a suspect, which must be alone in its process."""
        return any(item.solo for item in self.items)

    def batches(self, size: int) -> Iterator[list[ClaimedItem]]:
        """Split into micro-batches, leaving out what was lost by the time each is due."""
        for start in range(0, len(self.items), size):
            batch = [item for item in self.items[start : start + size] if item.id in self.held]
            if batch:
                yield batch

    def take(self, batch: list[ClaimedItem]) -> list[Future[Fetched]]:
        """Hand out the futures of a micro-batch and let go of its bytes."""
        return [self.photos.pop(item.id) for item in batch]
