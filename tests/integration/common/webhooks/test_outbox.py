"""Messages stand or fall with the change that they tell of."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import delete, func

from services.common.db.session import SessionFactory, unit_of_work
from services.common.db.webhook_tables import WebhookEndpoint
from services.common.domain.errors import ItemError, ItemErrorCode
from services.common.domain.jobs import JobStatus
from services.common.domain.webhooks import EventType
from services.common.jobs.queue.closing import close_jobs
from services.common.registry.activation import activate, roll_back
from services.common.registry.repository import ModelRepository
from services.common.webhooks.repositories.outbox import NewEvent, OutboxRepository
from tests.fixtures.factories import JobMaker
from tests.fixtures.webhooks import Hooks
from tests.fixtures.working import HandWorker

URL = "https://example.org/hook"
BAD = ItemError(ItemErrorCode.DECODE_FAILED, "not a photo")


class TestAnnounce:
    def test_writes_one_message_and_a_delivery_per_endpoint_that_wants_it(
        self, hooks: Hooks
    ) -> None:
        all_of_it = hooks.endpoint(URL)
        some = hooks.endpoint(URL, events=(EventType.JOB_FAILED,))
        hooks.endpoint(URL, tenant="other")
        assert hooks.announce(kind=EventType.JOB_SUCCEEDED) == 1
        assert hooks.announce(kind=EventType.JOB_FAILED) == 2
        assert len(hooks.events()) == 2
        assert [row.endpoint_id for row in hooks.deliveries()] == [
            all_of_it.id,
            all_of_it.id,
            some.id,
        ]

    def test_writes_nothing_that_nobody_wants(self, hooks: Hooks) -> None:
        hooks.endpoint(URL, tenant="other")
        assert hooks.announce(3) == 0
        assert hooks.events() == []

    def test_tells_all_tenants_of_what_belongs_to_none(self, hooks: Hooks) -> None:
        hooks.endpoint(URL)
        hooks.endpoint(URL, tenant="other")
        assert hooks.announce(tenant=None, kind=EventType.MODEL_ACTIVATED) == 2
        assert len(hooks.events()) == 1

    def test_leaves_out_disabled_endpoints(self, sessions: SessionFactory, hooks: Hooks) -> None:
        endpoint = hooks.endpoint(URL)
        with unit_of_work(sessions) as session:
            row = session.get_one(WebhookEndpoint, endpoint.id)
            row.enabled, row.disabled_reason = False, "user"
        assert hooks.announce() == 0

    def test_vanishes_with_a_rollback(self, sessions: SessionFactory, hooks: Hooks) -> None:
        hooks.endpoint(URL)
        with sessions() as session:
            event = NewEvent(EventType.JOB_FAILED, {"id": "job_1"}, tenant="acme")
            assert OutboxRepository(session).announce([event]) == 1
            session.rollback()
        assert (hooks.events(), hooks.deliveries()) == ([], [])

    def test_outlives_the_deletion_of_an_endpoint_at_the_same_moment(
        self, sessions: SessionFactory, hooks: Hooks
    ) -> None:
        endpoint = hooks.endpoint(URL)
        started = threading.Event()

        def announce() -> int:
            started.set()
            return hooks.announce()

        with ThreadPoolExecutor(1) as pool:
            with unit_of_work(sessions) as session:
                session.execute(delete(WebhookEndpoint).where(WebhookEndpoint.id == endpoint.id))
                told = pool.submit(announce)
                started.wait(20)
            assert told.result(40) == 0


class TestCloseJobs:
    @pytest.mark.parametrize(
        ("photos", "status"),
        [([None, BAD], JobStatus.SUCCEEDED), ([BAD, BAD], JobStatus.FAILED)],
    )
    def test_tells_how_a_job_ended(
        self,
        sessions: SessionFactory,
        hooks: Hooks,
        make_job: JobMaker,
        photos: list[ItemError | None],
        status: JobStatus,
    ) -> None:
        hooks.endpoint(URL)
        job = make_job(2, client_ref="mine")
        worker = HandWorker(sessions)
        worker.claim(job.id)
        for item, result in zip(job.items, photos, strict=True):
            worker.finish(item, result=result)
        for _ in range(2):  # the second one finds nothing to close
            with unit_of_work(sessions) as session:
                close_jobs(session, job_id=job.id)
        (event,) = hooks.events()
        assert event.type == f"job.{status}"
        assert event.data["status"] == status
        assert event.data["client_ref"] == "mine"
        assert event.data["counts"]["total"] == 2
        assert event.data["counts"]["failed"] == photos.count(BAD)

    def test_tells_of_cancelled_and_expired_jobs(
        self, sessions: SessionFactory, hooks: Hooks, make_job: JobMaker
    ) -> None:
        hooks.endpoint(URL)
        make_job(1, status=JobStatus.CANCELLING, item={"state": 3})
        make_job(1, item={"state": 3}, expires_at=func.now())
        with unit_of_work(sessions) as session:
            close_jobs(session, limit=10)
        kinds = [event.type for event in hooks.events()]
        assert kinds == [EventType.JOB_CANCELLED, EventType.JOB_EXPIRED]

    def test_closes_jobs_of_tenants_without_endpoints(
        self, sessions: SessionFactory, hooks: Hooks, make_job: JobMaker
    ) -> None:
        hooks.endpoint(URL, tenant="other")
        make_job(1, status=JobStatus.CANCELLING, item={"state": 3})
        with unit_of_work(sessions) as session:
            assert len(close_jobs(session, limit=10)) == 1
        assert hooks.events() == []


class TestModels:
    def test_tells_of_activations_and_rollbacks(
        self, sessions: SessionFactory, hooks: Hooks
    ) -> None:
        hooks.endpoint(URL)
        with unit_of_work(sessions) as session:
            models = ModelRepository(session)
            for number in (1, 2):
                sha256 = bytes([number]) * 32
                models.upsert(name="m", version=f"{number}", sha256=sha256, manifest="{}")
            for version in ("1", "2", "2"):
                model = models.by_version(name="m", version=version)
                assert model is not None
                activate(session, model, max_f1_drop=0, force=True, actor="me")
            roll_back(session, actor="me")
        told = [
            (event.data["model_version"], event.data["former_model_version"])
            for event in hooks.events()
        ]
        one, two = "m-1+01010101", "m-2+02020202"
        assert told == [(one, None), (two, one), (one, two)]
