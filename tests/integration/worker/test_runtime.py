"""One worker child: built, seen, at work, closed; and its signals."""

import signal
import uuid
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from billiard.exceptions import TimeLimitExceeded, WorkerLostError
from celery import Celery
from sqlalchemy import select, update
from structlog.testing import capture_logs

from services.common.config import Settings
from services.common.db.session import (
    SessionFactory,
    build_engine,
    build_session_factory,
    ping,
    unit_of_work,
)
from services.common.db.tables import Item, Model, Worker
from services.common.domain.errors import BundleError
from services.common.domain.jobs import JobStatus
from services.common.domain.queues import Device, Task
from services.common.processes.repositories import WorkerIdentity
from services.common.pulse import Pulse
from services.common.registry.bundles import MANIFEST_NAME
from services.worker import signals
from services.worker.app import create_app
from services.worker.process.heartbeat import Heartbeat
from services.worker.process.shutdown import FLAG_VARIABLE, DrainFlag
from services.worker.runtime import WorkerRuntime
from services.worker.tasks import RuntimeTask, analyse
from tests.fixtures.analysers import FIVE_MS, MODEL_VERSION
from tests.fixtures.factories import JobMaker, Rows
from tests.fixtures.fleet import wait_until
from tests.fixtures.settings import SettingsMaker

LEASE = timedelta(minutes=5)


@pytest.fixture
def worker_settings(make_settings: SettingsMaker) -> Settings:
    return make_settings(worker={"analyser": FIVE_MS})


@pytest.fixture
def runtime(worker_settings: Settings, tmp_path: Path) -> Iterator[WorkerRuntime]:
    runtime = WorkerRuntime.build(worker_settings, draining=DrainFlag(tmp_path / "draining"))
    yield runtime
    runtime.close()


def workers(sessions: SessionFactory) -> list[Worker]:
    with unit_of_work(sessions) as session:
        return list(session.scalars(select(Worker)))


class TestRuntime:
    def test_is_seen_as_soon_as_its_model_is_warm(
        self, runtime: WorkerRuntime, sessions: SessionFactory
    ) -> None:
        wait_until(lambda: bool(workers(sessions)), timeout_s=20, what="a sign of life")
        (row,) = workers(sessions)
        assert (row.kind, row.model_version, row.claimed_at) == ("cpu", MODEL_VERSION, None)
        assert runtime is not None

    def test_serves_a_hint(
        self, runtime: WorkerRuntime, make_stored_job: JobMaker, rows: Rows
    ) -> None:
        job = make_stored_job(5)
        assert runtime.analyse(job.id, task=uuid.uuid4()) == 5
        assert rows.job(job.id).status == JobStatus.SUCCEEDED

    def test_signs_off_when_it_closes(
        self, worker_settings: Settings, sessions: SessionFactory, tmp_path: Path
    ) -> None:
        runtime = WorkerRuntime.build(worker_settings, draining=DrainFlag(tmp_path / "draining"))
        wait_until(lambda: bool(workers(sessions)), timeout_s=20, what="a sign of life")
        runtime.close()
        assert workers(sessions) == []

    def test_refuses_a_bundle_that_must_not_be_used(
        self, make_settings: SettingsMaker, sessions: SessionFactory, tmp_path: Path
    ) -> None:
        settings = make_settings(worker={"analyser": "tests.fixtures.analysers:refused"})
        with pytest.raises(BundleError):
            WorkerRuntime.build(settings, draining=DrainFlag(tmp_path / "draining"))
        assert workers(sessions) == []

    def test_registers_only_the_bundle_that_it_uses(
        self, make_settings: SettingsMaker, sessions: SessionFactory, tmp_path: Path
    ) -> None:
        (tmp_path / MANIFEST_NAME).write_text('{"name": "other", "version": "1.0.0"}')
        settings = make_settings(worker={"analyser": FIVE_MS, "bundle_dir": tmp_path})
        WorkerRuntime.build(settings, draining=DrainFlag(tmp_path / "draining")).close()
        with unit_of_work(sessions) as session:
            assert session.scalars(select(Model)).all() == []


def set_environment(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> None:
    """Lay the settings that differ from their defaults into the environment."""
    storage = settings.storage
    for name, value in {
        "DATABASE__URL": settings.database.url.get_secret_value(),
        "BROKER__URL": settings.broker.url.get_secret_value(),
        "STORAGE__ENDPOINT": storage.endpoint,
        "STORAGE__ACCESS_KEY": storage.access_key.get_secret_value(),
        "STORAGE__SECRET_KEY": storage.secret_key.get_secret_value(),
        "STORAGE__BUCKET": storage.bucket,
        "STORAGE__SECURE": str(storage.secure),
        "WORKER__ANALYSER": settings.worker.analyser,
    }.items():
        monkeypatch.setenv(f"HFER_{name}", value)


class FakeRuntime:
    """Remembers what it was asked."""

    def __init__(self) -> None:
        self.served: list[tuple[int, uuid.UUID]] = []
        self.closed = False

    def analyse(self, job_id: int, *, task: uuid.UUID) -> int:
        self.served.append((job_id, task))
        return 1

    def close(self) -> None:
        self.closed = True


class TestTask:
    @pytest.fixture
    def runtime(self, monkeypatch: pytest.MonkeyPatch) -> FakeRuntime:
        runtime = FakeRuntime()
        monkeypatch.setattr(RuntimeTask, "runtime", runtime)
        return runtime

    def test_passes_the_hint_on_with_its_own_id(self, runtime: FakeRuntime) -> None:
        task = uuid.uuid4()
        analyse.apply(args=(7,), kwargs={"v": 1}, task_id=str(task))
        assert runtime.served == [(7, task)]

    def test_leaves_a_hint_of_a_newer_sender_to_newer_workers(self, runtime: FakeRuntime) -> None:
        with capture_logs() as logs:
            analyse.apply(args=(7,), kwargs={"v": 2}, task_id=str(uuid.uuid4()))
        assert runtime.served == []
        assert [line["event"] for line in logs] == ["hint.too_new"]


class TestSignals:
    @pytest.fixture(autouse=True)
    def _environment(self, worker_settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
        """Receivers read their settings from the environment, as processes do."""
        set_environment(monkeypatch, worker_settings)
        monkeypatch.setenv(FLAG_VARIABLE, "set by the main process")

    @pytest.fixture
    def task(self, sessions: SessionFactory, make_job: JobMaker) -> uuid.UUID:
        """A task with a lease of minutes on one photo."""
        task = uuid.uuid4()
        make_job(1)
        with unit_of_work(sessions) as session:
            session.execute(
                update(Item).values(
                    state=1,
                    lease_task=task,
                    lease_token=uuid.uuid4(),
                    lease_until=Item.next_at + LEASE,
                )
            )
        return task

    @pytest.mark.parametrize(
        ("exception", "reason"),
        [
            (WorkerLostError("signal 11"), "crashed_worker"),
            (TimeLimitExceeded(90), "time_limit"),
        ],
    )
    def test_a_lost_child_ends_its_leases(
        self, task: uuid.UUID, rows: Rows, exception: Exception, reason: str
    ) -> None:
        signals.expire_leases(task_id=str(task), exception=exception)
        (item,) = rows.items(1)
        assert item.lease_until is not None
        assert item.lease_until <= rows.now()
        assert item.last_error == reason

    def test_an_error_that_the_child_survived_is_its_own_business(
        self, task: uuid.UUID, rows: Rows
    ) -> None:
        signals.expire_leases(task_id=str(task), exception=ValueError())
        assert rows.items(1)[0].last_error is None

    def test_a_database_that_is_away_leaves_it_to_the_lease(
        self, make_unit_settings: SettingsMaker, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        set_environment(monkeypatch, make_unit_settings())
        with capture_logs() as logs:
            signals.expire_leases(task_id=str(uuid.uuid4()), exception=WorkerLostError())
        assert [line["error"] for line in logs] == ["OperationalError"]

    def test_the_main_process_prepares_raises_and_removes_the_flag(self) -> None:
        signals.prepare_main()
        flag = DrainFlag.inherited()
        assert not flag()
        signals.drain()
        seconds_to_a_forced_exit = signal.alarm(0)
        assert flag()
        assert 15 < seconds_to_a_forced_exit <= 20
        signals.clean_up()
        assert not flag()

    def test_a_child_loads_its_runtime_and_signs_off_when_it_leaves(
        self, app: Celery, sessions: SessionFactory
    ) -> None:
        before = signal.getsignal(signal.SIGTERM)
        try:
            signals.load_child()
            assert signal.getsignal(signal.SIGTERM) is signal.SIG_IGN
        finally:
            signal.signal(signal.SIGTERM, before)
        runtime = app.tasks[Task.ANALYSE.value].runtime
        assert isinstance(runtime, WorkerRuntime)
        wait_until(lambda: bool(workers(sessions)), timeout_s=20, what="a sign of life")
        signals.close_child()
        assert workers(sessions) == []

    def test_a_child_that_never_loaded_leaves_in_silence(self, app: Celery) -> None:
        assert app.tasks[Task.ANALYSE.value].runtime is None
        signals.close_child()

    @pytest.fixture
    def app(self, worker_settings: Settings) -> Iterator[Celery]:
        """The worker's application as the current one, its task without a runtime."""
        app = create_app(worker_settings)
        app.loader.import_default_modules()
        app.tasks[Task.ANALYSE.value].runtime = None
        yield app
        app.tasks[Task.ANALYSE.value].runtime = None


class TestHeartbeat:
    def test_counts_the_workers_that_share_the_queue(
        self, runtime: WorkerRuntime, worker_settings: Settings, tmp_path: Path
    ) -> None:
        second = WorkerRuntime.build(worker_settings, draining=DrainFlag(tmp_path / "draining"))
        heartbeat = runtime._heartbeat
        wait_until(lambda: _beat(heartbeat) == 2, timeout_s=20, what="both seen")
        second.close()
        assert _beat(heartbeat) == 1

    def test_reports_when_it_last_claimed(
        self, runtime: WorkerRuntime, sessions: SessionFactory, make_stored_job: JobMaker
    ) -> None:
        runtime.analyse(make_stored_job(1).id, task=uuid.uuid4())
        runtime._heartbeat.beat()
        (row,) = workers(sessions)
        assert row.claimed_at is not None
        assert row.current is not None
        assert row.current["seconds_per_photo"] > 0
        assert 20_000_000 < row.current["rss_bytes"] < 2_000_000_000

    def test_reports_another_model_at_once_if_it_is_woken(self, sessions: SessionFactory) -> None:
        version = "first"
        heartbeat = Heartbeat(
            sessions,
            WorkerIdentity(uuid.uuid4(), Device.CPU, "here", 1, 1, "m"),
            report=dict,
            model_version=lambda: version,
            check=bool,
            every_s=30.0,
        )

        def reported() -> list[str | None]:
            return [row.model_version for row in workers(sessions)]

        heartbeat.start()
        wait_until(lambda: reported() == ["first"], timeout_s=20, what="the first beat")
        version = "second"
        heartbeat.wake()
        wait_until(lambda: reported() == ["second"], timeout_s=20, what="a beat before its time")
        heartbeat.stop()
        assert reported() == []

    def test_outlives_a_database_that_is_away(
        self, make_unit_settings: SettingsMaker, tmp_path: Path
    ) -> None:
        engine = build_engine(make_unit_settings().database)
        nobody = WorkerIdentity(uuid.uuid4(), Device.CPU, "here", 1, 1, "m")

        def blind() -> None:
            with unit_of_work(build_session_factory(engine)) as session:
                ping(session)

        heartbeat = Heartbeat(
            build_session_factory(engine),
            nobody,
            report=dict,
            model_version=str,
            check=blind,
            pulse=Pulse(tmp_path / "pulse"),
        )
        with capture_logs() as logs:
            heartbeat.beat()
        assert (tmp_path / "pulse").exists()
        assert [line["event"] for line in logs] == ["heartbeat.missed", "watchdog.blind"]
        assert heartbeat.workers() == 1
        engine.dispose()


def _beat(heartbeat: Any) -> int:
    heartbeat.beat()
    return int(heartbeat.workers())
