"""What becomes of photos that fail, of a bucket that does and of a model that hangs."""

import uuid
from collections.abc import Sequence

import pytest
from celery.exceptions import SoftTimeLimitExceeded
from sqlalchemy import text, update
from structlog.testing import capture_logs

from services.common.db.session import SessionFactory, unit_of_work
from services.common.db.tables import Item
from services.common.domain.errors import ItemError, TransientError
from services.common.domain.faces import AnalysisOptions, PhotoAnalysis
from services.common.domain.ids import IdKind, format_id
from services.common.domain.jobs import ItemState, JobStatus
from tests.fixtures.analysers import (
    FakeAnalyser,
    Kind,
    fake_photo,
)
from tests.fixtures.factories import JobMaker, MadeJob, Rows
from tests.fixtures.fleet import wait_until
from tests.integration.worker.conftest import ContextMaker, work
from tests.integration.worker.jobs.conftest import Interrupting, codes, states


class BrokenBucket:
    """A bucket whose reads fail; ``down`` says whether all of it is away."""

    def __init__(self, *, down: bool) -> None:
        self.down = down

    def get(self, key: str, *, at_most: int) -> bytes:
        raise TransientError(f"cannot read {at_most} bytes of {key}")

    def check(self) -> None:
        if self.down:
            raise TransientError("the object storage is not reachable")


class TestErrors:
    def test_one_bad_photo_leaves_its_neighbours_unharmed(
        self, make_context: ContextMaker, make_stored_job: JobMaker, rows: Rows
    ) -> None:
        kinds = [Kind.CORRUPT, Kind.HEALTHY, Kind.BUG, Kind.MEMORY, Kind.HEALTHY]
        job = make_stored_job([fake_photo(place, kind) for place, kind in enumerate(kinds)])
        assert work(make_context()) == 5
        assert codes(rows, job) == ["decode_failed", None, "internal", "out_of_memory", None]
        assert all(item.attempts == 1 for item in rows.items(job.id))

    def test_a_failed_photo_leaves_a_line_with_item_and_code(
        self, make_context: ContextMaker, make_stored_job: JobMaker, rows: Rows
    ) -> None:
        job = make_stored_job([fake_photo(0, Kind.CORRUPT), fake_photo(1, Kind.HEALTHY)])
        with capture_logs() as lines:
            work(make_context())
        [line] = [line for line in lines if line["event"] == "photo.failed"]
        [failed, _] = rows.items(job.id)
        assert line["item"] == format_id(IdKind.ITEM, failed.public_id)
        assert line["job"] == format_id(IdKind.JOB, rows.job(job.id).public_id)
        assert line["code"] == "decode_failed"

    def test_altered_bytes_are_not_analysed(
        self,
        make_context: ContextMaker,
        make_stored_job: JobMaker,
        sessions: SessionFactory,
        rows: Rows,
    ) -> None:
        job = make_stored_job(1)
        with unit_of_work(sessions) as session:
            session.execute(update(Item).values(sha256=b"x" * 32))
        analyser = FakeAnalyser()
        work(make_context(analyser))
        assert codes(rows, job) == ["hash_mismatch"]
        assert analyser.calls == []
        assert rows.job(job.id).status == JobStatus.FAILED

    def test_a_missing_object_is_tried_three_times(
        self, make_context: ContextMaker, make_job: JobMaker, sessions: SessionFactory, rows: Rows
    ) -> None:
        job = make_job(1)  # rows without bytes
        context = make_context()
        for attempt in (1, 2):
            assert work(context) == 0
            (item,) = rows.items(job.id)
            assert (item.state, item.attempts) == (ItemState.READY, attempt)
            due_now(sessions)
        assert work(context) == 1
        assert codes(rows, job) == ["object_missing"]

    def test_trouble_with_one_object_is_retried_eight_times(
        self,
        make_context: ContextMaker,
        make_stored_job: JobMaker,
        sessions: SessionFactory,
        rows: Rows,
    ) -> None:
        job = make_stored_job(1)
        context = make_context(bucket=BrokenBucket(down=False))
        for _ in range(7):
            assert work(context) == 0
            due_now(sessions)
        assert work(context) == 1
        assert codes(rows, job) == ["retries_exhausted"]
        assert rows.item(job.items[0]).attempts == 8

    def test_an_outage_of_the_bucket_costs_no_attempt(
        self,
        make_context: ContextMaker,
        make_stored_job: JobMaker,
        sessions: SessionFactory,
        rows: Rows,
    ) -> None:
        job = make_stored_job(3)
        context = make_context(bucket=BrokenBucket(down=True))
        for _ in range(10):
            assert work(context) == 0
            due_now(sessions)
        assert [item.attempts for item in rows.items(job.id)] == [0, 0, 0]
        assert work(make_context()) == 3

    def test_a_device_without_memory_for_one_photo_is_tried_later(
        self, make_context: ContextMaker, make_stored_job: JobMaker, rows: Rows
    ) -> None:
        job = make_stored_job([fake_photo(0, Kind.DEVICE), fake_photo(1)])
        assert work(make_context()) == 1
        waiting = rows.item(job.items[0])
        assert (waiting.state, waiting.last_error) == (0, "the device is out of memory")


class TestCrashes:
    def test_the_soft_time_limit_makes_the_chunk_suspect(
        self, make_context: ContextMaker, make_stored_job: JobMaker, rows: Rows
    ) -> None:
        def hang() -> None:
            raise SoftTimeLimitExceeded

        job = make_stored_job(2)
        with pytest.raises(SoftTimeLimitExceeded):
            work(make_context(Interrupting(hang)))
        for item in rows.items(job.id):
            assert (item.state, item.last_error) == (ItemState.LEASED, "time_limit")
            assert item.lease_until is not None
            assert item.lease_until <= rows.now()

    def test_a_fault_of_ours_does_not_wait_for_the_lease(
        self, make_context: ContextMaker, make_stored_job: JobMaker, rows: Rows
    ) -> None:
        class Short(FakeAnalyser):
            def analyse(
                self, _photos: Sequence[bytes], _options: AnalysisOptions
            ) -> list[PhotoAnalysis | ItemError]:
                return []

        job = make_stored_job(2)
        with pytest.raises(RuntimeError, match="0 answers for 2 photos"):
            work(make_context(Short()))
        assert {item.last_error for item in rows.items(job.id)} == {"internal"}

    def test_a_lost_lease_writes_nothing(
        self,
        make_context: ContextMaker,
        make_stored_job: JobMaker,
        sessions: SessionFactory,
        rows: Rows,
    ) -> None:
        job = make_stored_job(2)
        context = make_context(Interrupting(lambda: take_over(sessions, job)))
        assert work(context) == 0
        assert rows.outcomes(job.id) == {}
        assert context.metrics.value("hfer_lost_leases_total") == 2

    def test_a_suspect_is_alone_in_its_process(
        self,
        make_context: ContextMaker,
        make_stored_job: JobMaker,
        sessions: SessionFactory,
        rows: Rows,
    ) -> None:
        """Nothing else may be under this task's lease while it runs: a crash would count there."""
        seen: list[int] = []

        class Counting(FakeAnalyser):
            def analyse(
                self, photos: Sequence[bytes], options: AnalysisOptions
            ) -> list[PhotoAnalysis | ItemError]:
                seen.append(states(rows, job)[ItemState.LEASED])
                return super().analyse(photos, options)

        job = make_stored_job(4)
        with unit_of_work(sessions) as session:
            session.execute(update(Item).where(Item.id.in_(job.items[:2])).values(solo=True))
        assert work(make_context(Counting())) == 4
        assert seen[:2] == [1, 1]

    def test_no_suspect_is_claimed_ahead(
        self,
        make_context: ContextMaker,
        make_stored_job: JobMaker,
        sessions: SessionFactory,
        rows: Rows,
    ) -> None:
        """A crash of the chunk in hand would count as one of the suspect's own."""
        company: list[int] = []

        class Counting(FakeAnalyser):
            def analyse(
                self, photos: Sequence[bytes], options: AnalysisOptions
            ) -> list[PhotoAnalysis | ItemError]:
                if rows.item(job.items[-1]).state == ItemState.LEASED:
                    company.append(states(rows, job)[ItemState.LEASED])
                return super().analyse(photos, options)

        job = make_stored_job(9)
        with unit_of_work(sessions) as session:
            session.execute(update(Item).where(Item.id == job.items[-1]).values(solo=True))
        assert work(make_context(Counting())) == 9
        assert company == [1]

    def test_a_suspect_that_is_not_claimed_ahead_keeps_its_turn(
        self,
        make_context: ContextMaker,
        make_stored_job: JobMaker,
        sessions: SessionFactory,
    ) -> None:
        analyser = FakeAnalyser()
        make_stored_job(8)
        suspect = make_stored_job(1)
        make_stored_job(8)
        with unit_of_work(sessions) as session:
            session.execute(update(Item).where(Item.id.in_(suspect.items)).values(solo=True))
        assert work(make_context(analyser)) == 17
        assert analyser.calls == [4, 4, 1, 8]

    def test_the_next_chunk_is_claimed_during_the_last_batch(
        self, make_context: ContextMaker, make_stored_job: JobMaker, rows: Rows
    ) -> None:
        # Two batches of a chunk of 8, and its second one with the other 8 behind it: a thread
        # settles the first and claims while the model is at work.
        expected, met = iter([8, 12, 8]), list[int]()

        class Waiting(FakeAnalyser):
            def analyse(
                self, photos: Sequence[bytes], options: AnalysisOptions
            ) -> list[PhotoAnalysis | ItemError]:
                leased = next(expected)
                wait_until(
                    lambda: states(rows, job)[ItemState.LEASED] == leased,
                    timeout_s=120,
                    what="lease",
                )
                met.append(leased)
                return super().analyse(photos, options)

        job = make_stored_job(16)
        assert work(make_context(Waiting())) == 16
        assert met == [8, 12, 8]


def due_now(sessions: SessionFactory) -> None:
    with unit_of_work(sessions) as session:
        session.execute(update(Item).values(next_at=text("now()")))


def take_over(sessions: SessionFactory, job: MadeJob) -> None:
    """What sweeper and another worker do when a lease ran out."""
    with unit_of_work(sessions) as session:
        session.execute(update(Item).where(Item.job_id == job.id).values(lease_token=uuid.uuid4()))
