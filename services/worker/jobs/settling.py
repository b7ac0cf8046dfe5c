"""What becomes of each photo of a micro-batch, once fetched and analysed."""

import random
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field

from services.common.domain.errors import ItemError, ItemErrorCode, TransientError
from services.common.jobs.queue.outcomes import ItemOutcome
from services.common.jobs.queue.repositories.leases import ClaimedItem, Retry
from services.common.storage import ObjectMissingError
from services.worker.jobs.batch_sizer import MISSING_TRIES, RETRY_TRIES, backoff_s
from services.worker.models.analyser import Answer
from services.worker.photos.fetcher import Fetched


@dataclass(slots=True)
class Settlement:
    """What to write: outcomes, retries, and releases, which do not count the attempt.

    ``tiles`` are being stored meanwhile. They are there before the outcomes, or not at all.
    """

    outcomes: list[ItemOutcome] = field(default_factory=list)
    retries: list[Retry] = field(default_factory=list)
    released: list[int] = field(default_factory=list)
    tiles: list[Future[None]] = field(default_factory=list)

    @property
    def ids(self) -> set[int]:
        """Every item that is settled here."""
        return {
            *(outcome.item_id for outcome in self.outcomes),
            *(item.id for item in self.retries),
            *self.released,
        }


def settle_batch(
    items: Sequence[ClaimedItem],
    fetched: Sequence[Fetched],
    answers: Mapping[int, Answer],
    *,
    storage_down: bool,
    milliseconds: float,
    core_ms: float,
    rng: random.Random,
) -> Settlement:
    """Decide for each photo between an outcome and another try.

    Args:
        items: the micro-batch.
        fetched: bytes or trouble, in the order of ``items``.
        answers: what the model said, by item id, for every photo that has bytes.
        storage_down: the bucket as a whole is away: no photo is to blame, no try counts.
        milliseconds: time of the analysis, per photo.
        core_ms: CPU time of this process meanwhile, per photo.
        rng: source of the jitter of retries.
    """
    settlement = Settlement()
    for item, photo in zip(items, fetched, strict=True):
        result = answers[item.id] if isinstance(photo, bytes) else photo
        if isinstance(result, TransientError) and storage_down:
            settlement.released.append(item.id)
        elif not isinstance(result, (TransientError, ObjectMissingError)):
            settlement.outcomes.append(ItemOutcome(item.id, result, milliseconds, core_ms))
        elif (final := _final_error(item, result)) is not None:
            settlement.outcomes.append(ItemOutcome(item.id, final))
        else:
            delay_s = backoff_s(item.attempts, rng=rng)
            settlement.retries.append(Retry(item.id, delay_s, result.detail))
    return settlement


def _final_error(item: ClaimedItem, error: TransientError | ObjectMissingError) -> ItemError | None:
    """Return the error that ends the tries; None while some are left."""
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
