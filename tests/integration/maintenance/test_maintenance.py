"""Feeder, sweeper and retention on real servers, one step at a time."""

import io
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import func, select, text, update
from structlog.testing import capture_logs

from services.common.broker.notifier import QueueNotifier, build_notifier
from services.common.config import Settings
from services.common.db.erasure_tables import Erasure
from services.common.db.grants import Role
from services.common.db.session import SessionFactory, unit_of_work
from services.common.db.tables import Item, Job
from services.common.domain.jobs import ItemState, JobStatus
from services.common.domain.queues import Device, Lane, Queue
from services.common.processes.repositories import WorkerIdentity, WorkerRepository
from services.common.retention_settings import RetentionSettings
from services.common.storage import ObjectStorage
from services.common.storage_keys import PHOTOS, annotated_key
from services.common.telemetry import Metrics
from services.maintenance import retention as module
from services.maintenance.__main__ import build_loops
from services.maintenance.feeder import Feeder
from services.maintenance.retention import Retention
from services.maintenance.sweeper import Sweeper
from tests.fixtures.as_role import sessions_as
from tests.fixtures.factories import JobMaker, Rows

DAYS_AGO = text("now() - interval '3 days'")


@pytest.fixture
def hints(settings: Settings) -> Iterator[QueueNotifier]:
    sender = build_notifier(settings, Metrics())
    yield sender
    sender.close()


@pytest.fixture
def feeder(sessions: SessionFactory, hints: QueueNotifier, settings: Settings) -> Feeder:
    return Feeder(sessions_as(sessions, Role.MAINTENANCE), hints, settings=settings.queue)


def add_worker(sessions: SessionFactory, kind: Device) -> None:
    worker = WorkerIdentity(uuid.uuid4(), kind, "here", 1, 1, "m")
    with unit_of_work(sessions) as session:
        WorkerRepository(session).beat(worker, claim_age_s=None, current={"rss_bytes": 350_000_000})


class TestFeeder:
    def test_notifies_as_often_as_a_job_needs(
        self, feeder: Feeder, hints: QueueNotifier, make_job: JobMaker
    ) -> None:
        make_job(20)
        make_job(1, lane=Lane.INTERACTIVE)
        feeder.step()
        assert hints.depth(Queue.CPU_BATCH) == 3  # 20 photos in chunks of at least 8
        assert hints.depth(Queue.CPU_INTERACTIVE) == 1

    def test_never_fills_beyond_the_window(
        self, feeder: Feeder, hints: QueueNotifier, make_job: JobMaker
    ) -> None:
        make_job(300)
        for _ in range(3):
            feeder.step()
        assert hints.depth(Queue.CPU_BATCH) == 16

    def test_the_window_grows_with_the_workers(
        self, feeder: Feeder, hints: QueueNotifier, make_job: JobMaker, sessions: SessionFactory
    ) -> None:
        for _ in range(10):
            add_worker(sessions, Device.CPU)
        make_job(300)
        feeder.step()
        assert hints.depth(Queue.CPU_BATCH) == 20

    def test_notifies_the_kinds_of_worker_that_live(
        self, feeder: Feeder, hints: QueueNotifier, make_job: JobMaker, sessions: SessionFactory
    ) -> None:
        add_worker(sessions, Device.GPU)
        make_job(1)
        feeder.step()
        assert (hints.depth(Queue.GPU_BATCH), hints.depth(Queue.CPU_BATCH)) == (1, 0)

    def test_is_silent_when_nothing_is_ready(self, feeder: Feeder, hints: QueueNotifier) -> None:
        feeder.step()
        assert hints.depth(Queue.CPU_BATCH) == 0


class TestSweeper:
    @pytest.fixture
    def metrics(self) -> Metrics:
        return Metrics()

    @pytest.fixture
    def sweeper(self, sessions: SessionFactory, settings: Settings, metrics: Metrics) -> Sweeper:
        return Sweeper(
            sessions_as(sessions, Role.MAINTENANCE), settings=settings.queue, metrics=metrics
        )

    def test_one_step_brings_a_cancelled_job_to_its_end(
        self, sweeper: Sweeper, make_job: JobMaker, rows: Rows
    ) -> None:
        job = make_job(3, status=JobStatus.CANCELLING)
        assert sweeper.step() is False
        assert rows.job(job.id).status == JobStatus.CANCELLED
        assert {item.state for item in rows.items(job.id)} == {ItemState.CANCELLED}

    def test_takes_back_dead_leases_and_counts_them(
        self, sweeper: Sweeper, make_job: JobMaker, metrics: Metrics, rows: Rows
    ) -> None:
        leased = {"state": 1, "lease_token": uuid.uuid4(), "lease_until": DAYS_AGO}
        job = make_job(2, item=leased)
        sweeper.step()
        assert {item.state for item in rows.items(job.id)} == {ItemState.READY}
        assert metrics.value("hfer_lease_expiries_total", result="ready") == 2

    def test_shows_the_state_of_the_queue(
        self, sweeper: Sweeper, make_job: JobMaker, metrics: Metrics, sessions: SessionFactory
    ) -> None:
        add_worker(sessions, Device.CPU)
        make_job(3)
        sweeper.step()
        assert metrics.value("hfer_queue_depth", lane="batch") == 3
        assert metrics.value("hfer_live_workers") == 1
        assert metrics.value("hfer_queue_oldest_ready_seconds", lane="interactive") == 0

    @pytest.mark.parametrize(
        ("change", "event"),
        [
            ("state = 2, verdict = 0", "alert.finished_without_outcome"),
            ("next_at = now() - interval '2 minutes'", "alert.old_ready"),
        ],
    )
    def test_raises_the_alarm(
        self, sweeper: Sweeper, troubled: SessionFactory, change: str, event: str
    ) -> None:
        with unit_of_work(troubled) as session:
            session.execute(text(f"UPDATE item SET {change} WHERE seq = 0"))  # noqa: S608 - ours
        with capture_logs() as logs:
            sweeper.step()
        assert event in {line["event"] for line in logs}

    @pytest.fixture
    def troubled(self, sessions: SessionFactory, make_job: JobMaker) -> SessionFactory:
        """A live worker and a running job."""
        add_worker(sessions, Device.CPU)
        make_job(2, status=JobStatus.RUNNING)
        return sessions


class TestRetention:
    @pytest.fixture
    def metrics(self) -> Metrics:
        return Metrics()

    @pytest.fixture
    def retention(
        self, sessions: SessionFactory, storage: ObjectStorage, metrics: Metrics
    ) -> Retention:
        settings = RetentionSettings(inputs_s=86_400, grace_s=0)
        return Retention(
            sessions_as(sessions, Role.MAINTENANCE), storage, settings=settings, metrics=metrics
        )

    def photos(self, storage: ObjectStorage) -> int:
        return len(list(storage.list(PHOTOS)))

    def test_deletes_photos_and_pictures_when_their_time_is_up(
        self, retention: Retention, make_stored_job: JobMaker, storage: ObjectStorage, rows: Rows
    ) -> None:
        job = make_stored_job(3, status=JobStatus.SUCCEEDED, finished_at=DAYS_AGO)
        picture = annotated_key(rows.job(job.id).public_id, rows.item(job.items[0]).public_id)
        storage.put(picture, io.BytesIO(b"x"), size=1, content_type="image/jpeg")
        retention.step()
        assert self.photos(storage) == 0
        assert not storage.exists(picture)
        assert len(rows.items(job.id)) == 3  # results stay

    def test_keeps_a_photo_that_another_job_names(
        self, retention: Retention, make_stored_job: JobMaker, storage: ObjectStorage
    ) -> None:
        make_stored_job(3, status=JobStatus.SUCCEEDED, finished_at=DAYS_AGO)
        make_stored_job(1)
        retention.step()
        assert self.photos(storage) == 1

    def test_deletes_jobs_when_their_results_expire_and_leaves_a_tombstone(
        self,
        retention: Retention,
        make_stored_job: JobMaker,
        storage: ObjectStorage,
        sessions: SessionFactory,
    ) -> None:
        old: dict[str, Any] = {"finished_at": DAYS_AGO, "expires_at": DAYS_AGO}
        make_stored_job(2, status=JobStatus.SUCCEEDED, **old)
        retention.step()
        assert self.photos(storage) == 0
        with unit_of_work(sessions) as session:
            assert session.scalar(select(func.count()).select_from(Job)) == 0
            (tombstone,) = session.scalars(select(Erasure)).all()
        assert (tombstone.reason, tombstone.photos) == ("retention", 2)

    def test_waits_for_the_grace_before_it_deletes(
        self, sessions: SessionFactory, storage: ObjectStorage, make_stored_job: JobMaker
    ) -> None:
        retention = Retention(
            sessions_as(sessions, Role.MAINTENANCE),
            storage,
            settings=RetentionSettings(grace_s=3600),
            metrics=Metrics(),
        )
        make_stored_job(1, status=JobStatus.SUCCEEDED, finished_at=DAYS_AGO)
        retention.step()
        assert self.photos(storage) == 1

    def test_tells_how_late_it_is_and_what_it_forgot(
        self, retention: Retention, make_stored_job: JobMaker, metrics: Metrics
    ) -> None:
        old: dict[str, Any] = {"finished_at": DAYS_AGO, "expires_at": DAYS_AGO}
        make_stored_job(2, status=JobStatus.SUCCEEDED, **old)
        retention.step()
        for kind in ("inputs", "results"):
            assert metrics.value("hfer_retention_late_seconds", kind=kind) > 86_400
        assert metrics.value("hfer_erased_jobs_total", reason="age") == 1
        assert metrics.value("hfer_deleted_objects_total", kind="photo") == 2
        retention.step()
        for kind in ("inputs", "results", "objects"):
            assert metrics.value("hfer_retention_late_seconds", kind=kind) == 0

    def test_takes_no_more_photos_into_a_transaction_than_its_share(
        self,
        retention: Retention,
        make_job: JobMaker,
        metrics: Metrics,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(module, "PHOTO_SLICE", 5)
        old: dict[str, Any] = {"finished_at": DAYS_AGO, "expires_at": DAYS_AGO}
        for photos in (9, 2, 3, 1):
            make_job(photos, status=JobStatus.SUCCEEDED, **old)
        seen = []
        for _ in range(4):
            more = retention.step()
            seen.append((metrics.value("hfer_erased_jobs_total", reason="age"), more))
        assert seen == [(1, True), (3, True), (4, False), (4, False)]

    def test_is_done_when_nothing_is_due(
        self, retention: Retention, make_stored_job: JobMaker
    ) -> None:
        make_stored_job(1)
        assert retention.step() is False


def test_every_loop_runs_on_the_settings_of_a_deployment(
    settings: Settings,
    sessions: SessionFactory,
    hints: QueueNotifier,
    make_job: JobMaker,
    rows: Rows,
) -> None:
    job = make_job(1, status=JobStatus.CANCELLING)
    with unit_of_work(sessions) as session:
        session.execute(update(Item).values(object_key=""))
    ours = sessions_as(sessions, Role.MAINTENANCE)
    loops = build_loops(settings, sessions=ours, hints=hints, metrics=Metrics())
    assert [loop.name for loop in loops] == ["feeder", "sweeper", "retention", "receipts"]
    assert [loop.tick() for loop in loops] == [False, False, False, False]
    assert rows.job(job.id).status == JobStatus.CANCELLED
