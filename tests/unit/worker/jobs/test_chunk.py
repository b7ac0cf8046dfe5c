import uuid
from dataclasses import replace

import pytest

from services.common.domain.faces import AnalysisOptions
from services.common.domain.queues import Lane
from services.common.jobs.queue.repositories.leases import ClaimedItem
from services.common.jobs.queue.repositories.turns import JobTurn
from services.worker.jobs.chunk import Chunk
from tests.fixtures.analysers import FakeAnalyser


def chunk_of(photos: int) -> Chunk:
    items = [
        ClaimedItem(number, uuid.uuid4(), f"key-{number}", b"", 1, attempts=1, solo=False)
        for number in range(photos)
    ]
    return Chunk(
        token=uuid.uuid4(),
        job=JobTurn(1, uuid.uuid4(), "acme", {}, Lane.BATCH, photos),
        items=items,
        photos={},
        options=AnalysisOptions(),
        analyser=FakeAnalyser(),
    )


@pytest.mark.parametrize(
    ("photos", "size", "sizes"),
    [(21, 10, [7, 7, 7]), (16, 8, [8, 8]), (3, 10, [3]), (9, 8, [5, 4]), (1, 1, [1])],
)
def test_micro_batches_are_about_equal(photos: int, size: int, sizes: list[int]) -> None:
    assert [len(batch) for batch in chunk_of(photos).batches(size)] == sizes


def test_each_photo_is_in_one_batch_and_the_last_is_known() -> None:
    chunk = chunk_of(21)
    batches = list(chunk.batches(10))
    assert [item.id for batch in batches for item in batch] == list(range(21))
    assert [chunk.ends_with(batch) for batch in batches] == [False, False, True]


@pytest.mark.parametrize(
    ("ready", "shared", "more"),
    [(8, False, False), (9, False, True), (8, True, True)],
)
def test_more_waits_in_its_job_or_in_another_of_the_tenant(
    ready: int, shared: bool, more: bool
) -> None:
    chunk = chunk_of(8)
    chunk.job = replace(chunk.job, ready=ready, shared=shared)
    assert chunk.more_waits is more


def test_lost_photos_are_left_out() -> None:
    chunk = chunk_of(8)
    batches = chunk.batches(4)
    assert len(next(batches)) == 4
    chunk.held = {4, 7}
    assert [item.id for item in next(batches)] == [4, 7]
