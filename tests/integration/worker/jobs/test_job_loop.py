"""The use case of the worker, on a real database and a real bucket."""

from collections.abc import Sequence

import pytest
from sqlalchemy import func, select, update
from structlog.testing import capture_logs

from services.common.db.session import SessionFactory, unit_of_work
from services.common.db.tables import Item, Job
from services.common.domain.errors import ItemError
from services.common.domain.faces import AnalysisOptions, PhotoAnalysis
from services.common.domain.jobs import ItemState, JobStatus
from services.common.domain.queues import Lane
from services.common.jobs.queue.outcomes import from_payload
from services.common.storage import ObjectStorage
from services.common.storage_keys import annotated_prefix
from services.worker.jobs.batch_sizer import MICRO_BATCH_MAX
from tests.fixtures.analysers import (
    MODEL_VERSION,
    FakeAnalyser,
    expected_analysis,
    fake_photo,
)
from tests.fixtures.factories import TENANT, JobMaker, MadeJob, Rows
from tests.integration.worker.conftest import ContextMaker, World, work
from tests.integration.worker.jobs.conftest import Interrupting, states

FACES = next(number for number in range(20) if expected_analysis(fake_photo(number)).faces)


class TestHappyPath:
    def test_every_photo_gets_its_outcome_and_the_job_is_closed(
        self, make_context: ContextMaker, make_stored_job: JobMaker, rows: Rows
    ) -> None:
        job = make_stored_job(20)
        context = make_context()
        assert work(context) == 20
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
        make_stored_job(2)
        context = make_context()
        assert [work(context) for _ in range(3)] == [2, 0, 0]
        assert world.claims == 1

    def test_a_hint_without_any_work_is_a_claim_of_nothing(
        self, make_context: ContextMaker
    ) -> None:
        assert work(make_context()) == 0

    def test_small_jobs_spread_over_the_workers(
        self, make_context: ContextMaker, make_stored_job: JobMaker, world: World
    ) -> None:
        world.workers = 4
        analyser = FakeAnalyser()
        make_stored_job(8)
        work(make_context(analyser))
        assert max(analyser.calls) == 1

    def test_leaves_the_rest_when_the_loop_budget_is_spent(
        self, make_context: ContextMaker, make_stored_job: JobMaker, world: World, rows: Rows
    ) -> None:
        def hours_pass() -> None:
            world.clock.now += 20

        job = make_stored_job(40)
        context = make_context(Interrupting(hours_pass, after=2), loop_budget_s=10, chunk_max=8)
        written = work(context)
        assert written == 16  # the chunk in hand and the one claimed before the time was up
        assert states(rows, job)[ItemState.READY] == 40 - written
        assert all(item.attempts <= 1 for item in rows.items(job.id))

    def test_gives_back_what_a_slow_chunk_leaves(
        self, make_context: ContextMaker, make_stored_job: JobMaker, world: World, rows: Rows
    ) -> None:
        def a_minute_passes() -> None:
            world.clock.now += 60

        job = make_stored_job(8)
        written = work(make_context(Interrupting(a_minute_passes), task_time_limit_s=90))
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
        assert work(make_context(Interrupting(drain))) == 4
        assert states(rows, job) == {ItemState.FINISHED: 4, ItemState.READY: 4}
        assert [item.attempts for item in rows.items(job.id)] == [1] * 4 + [0] * 4

    def test_a_draining_worker_claims_nothing(
        self, make_context: ContextMaker, make_stored_job: JobMaker, world: World, rows: Rows
    ) -> None:
        world.draining = True
        job = make_stored_job(2)
        assert work(make_context()) == 0
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
        assert work(context) == 0
        assert states(rows, job) == {ItemState.CANCELLED: 4, ItemState.READY: 4}
        assert rows.outcomes(job.id) == {}
        assert context.metrics.value("hfer_lost_leases_total") == 0


class TestTurns:
    @pytest.mark.parametrize("lane", list(Lane))
    def test_another_tenants_photo_overtakes_between_micro_batches(
        self, make_context: ContextMaker, make_stored_job: JobMaker, rows: Rows, lane: Lane
    ) -> None:
        late: list[MadeJob] = []

        def comes() -> None:
            late.append(make_stored_job(1, lane=lane, tenant="another"))

        first = make_stored_job(8, lane=lane)
        analyser = Interrupting(comes)
        assert work(make_context(analyser)) == 9
        assert analyser.calls == [4, 1, 4]
        assert rows.job(late[0].id).status == JobStatus.SUCCEEDED
        assert [item.attempts for item in rows.items(first.id)] == [1] * 8

    def test_interactive_photos_overtake_a_batch(
        self, make_context: ContextMaker, make_stored_job: JobMaker
    ) -> None:
        make_stored_job(8)
        analyser = Interrupting(lambda: make_stored_job(1, lane=Lane.INTERACTIVE))
        assert work(make_context(analyser)) == 9
        assert analyser.calls == [4, 1, 4]

    def test_interactive_photos_of_a_tenant_do_not_overtake_each_other(
        self, make_context: ContextMaker, make_stored_job: JobMaker
    ) -> None:
        make_stored_job(8, lane=Lane.INTERACTIVE)
        analyser = Interrupting(lambda: make_stored_job(1, lane=Lane.INTERACTIVE))
        assert work(make_context(analyser)) == 9
        assert analyser.calls == [4, 4, 1]

    @pytest.mark.parametrize("tenant", ["another", TENANT])
    def test_a_batch_has_a_micro_batch_after_eight_interactive_claims(
        self, make_context: ContextMaker, make_stored_job: JobMaker, tenant: str
    ) -> None:
        """Whoever keeps the interactive lane full would keep everybody's batches waiting."""
        make_stored_job(40, tenant=tenant)
        for _ in range(20):
            make_stored_job(1, lane=Lane.INTERACTIVE)
        analyser = FakeAnalyser()
        assert work(make_context(analyser)) == 60
        batches = [place for place, photos in enumerate(analyser.calls) if photos > 1]
        assert batches[:2] == [8, 17]
        assert max(analyser.calls[:18]) <= MICRO_BATCH_MAX

    def test_one_task_serves_tenants_and_jobs_in_turn_and_closes_them(
        self, make_context: ContextMaker, make_stored_job: JobMaker, rows: Rows
    ) -> None:
        jobs = [make_stored_job(8, tenant=tenant) for tenant in ("a", "a", "b")]
        with capture_logs() as logs:
            assert work(make_context(chunk_max=8)) == 24
        assert {rows.job(job.id).status for job in jobs} == {JobStatus.SUCCEEDED}
        done = [line["outcomes"] for line in logs if line["event"] == "shift.done"]
        assert done == [8, 8, 8]

    def test_nothing_of_another_tenant_is_claimed_beside_a_chunk_in_hand(
        self, make_context: ContextMaker, make_stored_job: JobMaker, sessions: SessionFactory
    ) -> None:
        """A crash would make suspects of the photos of somebody who has nothing to do with it."""
        together: list[int] = []

        class Looking(FakeAnalyser):
            def analyse(
                self, photos: Sequence[bytes], options: AnalysisOptions
            ) -> list[PhotoAnalysis | ItemError]:
                with unit_of_work(sessions) as session:
                    held = select(func.count(Job.tenant.distinct())).join(
                        Item, Item.job_id == Job.id
                    )
                    together.append(
                        session.scalars(held.where(Item.state == ItemState.LEASED)).one()
                    )
                return super().analyse(photos, options)

        for tenant in ("a", "b"):
            make_stored_job(16, tenant=tenant)
        assert work(make_context(Looking(), chunk_max=8)) == 32
        assert set(together) == {1}


class TestPictures:
    def test_are_drawn_while_the_bytes_are_at_hand(
        self,
        make_context: ContextMaker,
        make_stored_job: JobMaker,
        storage: ObjectStorage,
        rows: Rows,
    ) -> None:
        job = make_stored_job([fake_photo(FACES)], options=AnalysisOptions(annotated=True))
        assert work(make_context()) == 1  # fake bytes cannot be drawn on: no picture, a result
        assert list(storage.list(annotated_prefix(rows.job(job.id).public_id))) == []


def cancel(sessions: SessionFactory, job: MadeJob) -> None:
    with unit_of_work(sessions) as session:
        session.execute(update(Job).where(Job.id == job.id).values(status=JobStatus.CANCELLING))
