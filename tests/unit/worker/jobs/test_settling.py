import random
import uuid

import pytest

from services.common.domain.errors import ItemError, ItemErrorCode, TransientError
from services.common.domain.faces import PhotoAnalysis
from services.common.jobs.queue.repositories.leases import ClaimedItem
from services.common.storage import ObjectMissingError
from services.worker.jobs.settling import Settlement, settle_batch
from services.worker.photos.fetcher import Fetched

FOUND = PhotoAnalysis(width=2, height=1, exif_orientation=1)
BAD = ItemError(ItemErrorCode.TRUNCATED, "cut short")
AWAY = TransientError("the object storage is not reachable")
MISSING = ObjectMissingError("no object")


def claimed(*, attempts: int = 1) -> ClaimedItem:
    return ClaimedItem(7, uuid.uuid4(), "photos/a/b", b"", 3, attempts, solo=False)


def settle(
    photo: Fetched,
    answer: PhotoAnalysis | ItemError | TransientError | None = None,
    *,
    attempts: int = 1,
    storage_down: bool = False,
) -> Settlement:
    return settle_batch(
        [claimed(attempts=attempts)],
        [photo],
        {} if answer is None else {7: answer},
        storage_down=storage_down,
        milliseconds=12.5,
        core_ms=8.0,
        rng=random.Random(0),
    )


@pytest.mark.parametrize("answer", [FOUND, BAD])
def test_an_answer_of_the_model_is_final(answer: PhotoAnalysis | ItemError) -> None:
    (outcome,) = settle(b"bytes", answer).outcomes
    assert (outcome.item_id, outcome.result) == (7, answer)
    assert (outcome.milliseconds, outcome.core_ms) == (12.5, 8.0)


def test_a_photo_that_failed_its_hash_is_final() -> None:
    (outcome,) = settle(BAD).outcomes
    assert outcome.result is BAD


@pytest.mark.parametrize(
    ("photo", "tries", "code"),
    [(MISSING, 3, "object_missing"), (AWAY, 8, "retries_exhausted")],
)
def test_trouble_is_tried_again_until_the_tries_are_spent(
    photo: Fetched, tries: int, code: str
) -> None:
    (later,) = settle(photo, attempts=tries - 1).retries
    assert 0 <= later.delay_s <= 60
    (outcome,) = settle(photo, attempts=tries).outcomes
    assert isinstance(outcome.result, ItemError)
    assert outcome.result.code == code


def test_trouble_of_the_model_is_tried_again() -> None:
    (later,) = settle(b"bytes", TransientError("out of memory")).retries
    assert later.reason == "out of memory"


def test_nobody_is_charged_when_the_bucket_is_away() -> None:
    settlement = settle(AWAY, attempts=99, storage_down=True)
    assert (settlement.released, settlement.outcomes, settlement.retries) == ([7], [], [])


def test_a_missing_object_is_missing_even_then() -> None:
    assert settle(MISSING, attempts=3, storage_down=True).outcomes


def test_every_item_is_settled() -> None:
    for settlement in (settle(BAD), settle(AWAY), settle(AWAY, storage_down=True)):
        assert settlement.ids == {7}
