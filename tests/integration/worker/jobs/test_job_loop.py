"""The use case of the worker, on a real database and a real bucket."""

from sqlalchemy import update

from services.common.db.session import SessionFactory, unit_of_work
from services.common.db.tables import Job
from services.common.domain.faces import AnalysisOptions
from services.common.domain.jobs import ItemState, JobStatus
from services.common.domain.queues import Lane
from services.common.jobs.queue.outcomes import from_payload
from services.common.storage import ObjectStorage
from services.common.storage_keys import annotated_prefix
from tests.fixtures.analysers import (
    MODEL_VERSION,
    FakeAnalyser,
    expected_analysis,
    fake_photo,
)
from tests.fixtures.factories import JobMaker, MadeJob, Rows
from tests.integration.worker.conftest import ContextMaker, World, work
from tests.integration.worker.jobs.conftest import Interrupting, states

FACES = next(number for number in range(20) if expected_analysis(fake_photo(number)).faces)


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


def cancel(sessions: SessionFactory, job: MadeJob) -> None:
    with unit_of_work(sessions) as session:
        session.execute(update(Job).where(Job.id == job.id).values(status=JobStatus.CANCELLING))
