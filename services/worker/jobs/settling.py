"""What becomes of each photo of a micro-batch, once fetched and analysed."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from services.common.domain.errors import ItemError, ItemErrorCode, TransientError
from services.common.jobs.queue.outcomes import ItemOutcome
from services.common.jobs.queue.repositories.leases import ClaimedItem, Postponed
from services.common.storage import ObjectMissingError
from services.worker.jobs.batch_sizer import MISSING_TRIES, RETRY_TRIES, backoff_s
from services.worker.jobs.model_runs import Answer
from services.worker.photos.fetcher import Fetched


@dataclass(slots=True)
class Settlement:
    """Fates to write: for good, for later, and for later without counting the attempt."""

    outcomes: list[ItemOutcome] = field(default_factory=list)
    postponed: list[Postponed] = field(default_factory=list)
    excused: list[int] = field(default_factory=list)

    @property
    def ids(self) -> set[int]:
        """Every item that has a fate here."""
        return {
            *(outcome.item_id for outcome in self.outcomes),
            *(item.id for item in self.postponed),
            *self.excused,
        }


class Judge:
    """Decides between an outcome and another try."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng

    def settle(
        self,
        items: Sequence[ClaimedItem],
        fetched: Sequence[Fetched],
        answers: Mapping[int, Answer],
        *,
        storage_down: bool,
        milliseconds: float,
    ) -> Settlement:
        """Turn what was fetched and analysed into fates.

        Args:
            items: the micro-batch.
            fetched: bytes or trouble, in the order of ``items``.
            answers: what the model said, by item id, for every photo that has bytes.
            storage_down: the bucket as a whole is away: no photo is to blame, no try counts.
            milliseconds: time of the analysis, per photo.
        """
        settlement = Settlement()
        for item, photo in zip(items, fetched, strict=True):
            result = answers[item.id] if isinstance(photo, bytes) else photo
            if isinstance(result, TransientError) and storage_down:
                settlement.excused.append(item.id)
            elif isinstance(result, (TransientError, ObjectMissingError)):
                self._try_again(settlement, item, result)
            else:
                settlement.outcomes.append(ItemOutcome(item.id, result, milliseconds))
        return settlement

    def _try_again(
        self, settlement: Settlement, item: ClaimedItem, error: TransientError | ObjectMissingError
    ) -> None:
        final = _final_error(item, error)
        if final is not None:
            settlement.outcomes.append(ItemOutcome(item.id, final))
            return
        delay_s = backoff_s(item.attempts, rng=self._rng)
        settlement.postponed.append(Postponed(item.id, delay_s, error.detail))


def _final_error(item: ClaimedItem, error: TransientError | ObjectMissingError) -> ItemError | None:
    """Return the error that ends the tries, None while there are some left."""
    if isinstance(error, ObjectMissingError):
        if item.attempts < MISSING_TRIES:
            return None
        return ItemError(ItemErrorCode.OBJECT_MISSING, "The stored photo is gone; send it again.")
    if item.attempts < RETRY_TRIES:
        return None
    return ItemError(
        ItemErrorCode.RETRIES_EXHAUSTED,
        f"This photo could not be analysed in {item.attempts} tries; retry the job later.",
    )
