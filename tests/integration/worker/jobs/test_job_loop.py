"""The use case of the worker, on a real database and a real bucket."""

import uuid
from collections import Counter
from collections.abc import Callable, Sequence

import pytest
from celery.exceptions import SoftTimeLimitExceeded
from sqlalchemy import text, update

from services.common.db.session import SessionFactory, unit_of_work
from services.common.db.tables import Item, Job
from services.common.domain.errors import ItemError, TransientError
from services.common.domain.faces import AnalysisOptions, PhotoAnalysis
from services.common.domain.jobs import ItemState, JobStatus
from services.common.domain.queues import Lane
from services.common.jobs.queue.outcomes import from_payload
from services.common.storage import ObjectStorage
from services.common.storage_keys import annotated_prefix
from tests.fixtures.analysers import (
    MODEL_VERSION,
    FakeAnalyser,
    Kind,
    expected_analysis,
    fake_photo,
)
from tests.fixtures.factories import JobMaker, MadeJob, Rows
from tests.fixtures.fleet import wait_until
from tests.integration.worker.conftest import ContextMaker, World, work

FACES = next(number for number in range(20) if expected_analysis(fake_photo(number)).faces)


class Interrupting(FakeAnalyser):
    """A model that does something to the world after a number of calls."""

    def __init__(self, event: Callable[[], object], *, after: int = 1) -> None:
        super().__init__()
        self._event = event
        self._after = after

    def analyse(
        self, photos: Sequence[bytes], options: AnalysisOptions
    ) -> list[PhotoAnalysis | ItemError]:
        answers = super().analyse(photos, options)
        if len(self.calls) == self._after:
            self._event()
        return answers


class BrokenBucket:
    """A bucket whose reads fail; ``down`` says whether all of it is away."""

    def __init__(self, *, down: bool) -> None:
        self.down = down

    def get(self, key: str, *, at_most: int) -> bytes:
        raise TransientError(f"cannot read {at_most} bytes of {key}")

    def check(self) -> None:
        if self.down:
            raise TransientError("the object storage is not reachable")


def states(rows: Rows, job: MadeJob) -> Counter[ItemState]:
    return Counter(ItemState(item.state) for item in rows.items(job.id))


def codes(rows: Rows, job: MadeJob) -> list[str | None]:
    outcomes = rows.outcomes(job.id)
    return [outcomes[item].error_code for item in job.items]


class TestHappyPath:
    def test_every_photo_gets_its_outcome_and_the_job_is_closed(
        self, make_context: ContextMaker, make_stored_job: JobMaker, rows: Rows
    ) -> None:
        job = make_stored_job(20)
        context = make_context()
        assert work(context, job) == 20
        outcomes = rows.outcomes(job.id)
        for number, item in enumerate(job.items):
            payload = outcomes[item].payload
            assert payload is not None
            assert from_payload(payload) == expected_analysis(fake_photo(number))
            assert outcomes[item].model_version == MODEL_VERSION
        assert rows.job(job.id).status == JobStatus.SUCCEEDED
        counted = sum(
            context.metrics.value("hfer_items_total", outcome=one)
            for one in ("succeeded", "no_face")
        )
        assert counted == 20

    def test_a_hint_for_a_finished_job_is_a_claim_of_nothing(
        self, make_context: ContextMaker, make_stored_job: JobMaker, world: World
    ) -> None:
        job = make_stored_job(2)
        context = make_context()
        assert [work(context, job) for _ in range(3)] == [2, 0, 0]
        assert world.claims == 1

    def test_a_hint_for_a_job_that_is_gone_is_a_claim_of_nothing(
        self, make_context: ContextMaker
    ) -> None:
        assert work(make_context(), MadeJob(404, [])) == 0

    def test_small_jobs_spread_over_the_workers(
        self, make_context: ContextMaker, make_stored_job: JobMaker, world: World
    ) -> None:
        world.workers = 4
        analyser = FakeAnalyser()
        work(make_context(analyser), make_stored_job(8))
        assert max(analyser.calls) == 1

    def test_leaves_the_rest_when_the_loop_budget_is_spent(
        self, make_context: ContextMaker, make_stored_job: JobMaker, world: World, rows: Rows
    ) -> None:
        def hours_pass() -> None:
            world.clock.now += 20

        job = make_stored_job(40)
        context = make_context(Interrupting(hours_pass, after=2), loop_budget_s=10, chunk_max=8)
        written = work(context, job)
        assert written == 16  # the chunk in hand and the one claimed before the time was up
        assert states(rows, job)[ItemState.READY] == 40 - written
        assert all(item.attempts <= 1 for item in rows.items(job.id))

    def test_gives_back_what_a_slow_chunk_leaves(
        self, make_context: ContextMaker, make_stored_job: JobMaker, world: World, rows: Rows
    ) -> None:
        def a_minute_passes() -> None:
            world.clock.now += 60

        job = make_stored_job(8)
        written = work(make_context(Interrupting(a_minute_passes), task_time_limit_s=90), job)
        assert written == 4
        assert states(rows, job) == {ItemState.FINISHED: 4, ItemState.READY: 4}
        assert [item.attempts for item in rows.items(job.id)] == [1] * 4 + [0] * 4


class TestErrors:
    def test_one_bad_photo_leaves_its_neighbours_unharmed(
        self, make_context: ContextMaker, make_stored_job: JobMaker, rows: Rows
    ) -> None:
        kinds = [Kind.CORRUPT, Kind.HEALTHY, Kind.BUG, Kind.MEMORY, Kind.HEALTHY]
        job = make_stored_job([fake_photo(place, kind) for place, kind in enumerate(kinds)])
        assert work(make_context(), job) == 5
        assert codes(rows, job) == ["decode_failed", None, "internal", "out_of_memory", None]
        assert all(item.attempts == 1 for item in rows.items(job.id))

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
        work(make_context(analyser), job)
        assert codes(rows, job) == ["hash_mismatch"]
        assert analyser.calls == []
        assert rows.job(job.id).status == JobStatus.FAILED

    def test_a_missing_object_is_tried_three_times(
        self, make_context: ContextMaker, make_job: JobMaker, sessions: SessionFactory, rows: Rows
    ) -> None:
        job = make_job(1)  # rows without bytes
        context = make_context()
        for attempt in (1, 2):
            assert work(context, job) == 0
            (item,) = rows.items(job.id)
            assert (item.state, item.attempts) == (ItemState.READY, attempt)
            due_now(sessions)
        assert work(context, job) == 1
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
            assert work(context, job) == 0
            due_now(sessions)
        assert work(context, job) == 1
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
            assert work(context, job) == 0
            due_now(sessions)
        assert [item.attempts for item in rows.items(job.id)] == [0, 0, 0]
        assert work(make_context(), job) == 3

    def test_a_device_without_memory_for_one_photo_is_tried_later(
        self, make_context: ContextMaker, make_stored_job: JobMaker, rows: Rows
    ) -> None:
        job = make_stored_job([fake_photo(0, Kind.DEVICE), fake_photo(1)])
        assert work(make_context(), job) == 1
        waiting = rows.item(job.items[0])
        assert (waiting.state, waiting.last_error) == (0, "the device is out of memory")


class TestStopping:
    def test_a_drain_settles_the_micro_batch_and_gives_back_the_rest(
        self, make_context: ContextMaker, make_stored_job: JobMaker, world: World, rows: Rows
    ) -> None:
        def drain() -> None:
            world.draining = True

        job = make_stored_job(8)
        assert work(make_context(Interrupting(drain)), job) == 4
        assert states(rows, job) == {ItemState.FINISHED: 4, ItemState.READY: 4}
        assert [item.attempts for item in rows.items(job.id)] == [1] * 4 + [0] * 4

    def test_a_draining_worker_claims_nothing(
        self, make_context: ContextMaker, make_stored_job: JobMaker, world: World, rows: Rows
    ) -> None:
        world.draining = True
        job = make_stored_job(2)
        assert work(make_context(), job) == 0
        assert rows.job(job.id).status == JobStatus.QUEUED

    def test_a_cancel_writes_nothing_more(
        self,
        make_context: ContextMaker,
        make_stored_job: JobMaker,
        sessions: SessionFactory,
        rows: Rows,
    ) -> None:
        job = make_stored_job(8)
        context = make_context(Interrupting(lambda: cancel(sessions, job)))
        assert work(context, job) == 0
        assert states(rows, job) == {ItemState.CANCELLED: 4, ItemState.READY: 4}
        assert rows.outcomes(job.id) == {}
        assert context.metrics.value("hfer_lost_leases_total") == 0

    def test_interactive_photos_overtake_a_batch(
        self, make_context: ContextMaker, make_stored_job: JobMaker, rows: Rows
    ) -> None:
        batch = make_stored_job(8)
        context = make_context(Interrupting(lambda: make_stored_job(1, lane=Lane.INTERACTIVE)))
        assert work(context, batch) == 4
        assert states(rows, batch) == {ItemState.FINISHED: 4, ItemState.READY: 4}

    def test_interactive_photos_do_not_overtake_each_other(
        self, make_context: ContextMaker, make_stored_job: JobMaker
    ) -> None:
        first = make_stored_job(8, lane=Lane.INTERACTIVE)
        context = make_context(Interrupting(lambda: make_stored_job(1, lane=Lane.INTERACTIVE)))
        assert work(context, first) == 8


class TestCrashes:
    def test_the_soft_time_limit_makes_the_chunk_suspect(
        self, make_context: ContextMaker, make_stored_job: JobMaker, rows: Rows
    ) -> None:
        def hang() -> None:
            raise SoftTimeLimitExceeded

        job = make_stored_job(2)
        with pytest.raises(SoftTimeLimitExceeded):
            work(make_context(Interrupting(hang)), job)
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
            work(make_context(Short()), job)
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
        assert work(context, job) == 0
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
        assert work(make_context(Counting()), job) == 4
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
        assert work(make_context(Counting()), job) == 9
        assert company == [1]

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
                    timeout_s=20,
                    what="lease",
                )
                met.append(leased)
                return super().analyse(photos, options)

        job = make_stored_job(16)
        assert work(make_context(Waiting()), job) == 16
        assert met == [8, 12, 8]


class TestPictures:
    def test_are_drawn_while_the_bytes_are_at_hand(
        self,
        make_context: ContextMaker,
        make_stored_job: JobMaker,
        storage: ObjectStorage,
        rows: Rows,
    ) -> None:
        job = make_stored_job([fake_photo(FACES)], options=AnalysisOptions(annotated=True))
        assert work(make_context(), job) == 1  # fake bytes cannot be drawn on: no picture, a result
        assert list(storage.list(annotated_prefix(rows.job(job.id).public_id))) == []


def due_now(sessions: SessionFactory) -> None:
    with unit_of_work(sessions) as session:
        session.execute(update(Item).values(next_at=text("now()")))


def cancel(sessions: SessionFactory, job: MadeJob) -> None:
    with unit_of_work(sessions) as session:
        session.execute(update(Job).where(Job.id == job.id).values(status=JobStatus.CANCELLING))


def take_over(sessions: SessionFactory, job: MadeJob) -> None:
    """What sweeper and another worker do when a lease ran out."""
    with unit_of_work(sessions) as session:
        session.execute(update(Item).where(Item.job_id == job.id).values(lease_token=uuid.uuid4()))
