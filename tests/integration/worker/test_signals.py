"""What Celery's signals do, in this process."""

import signal
import uuid
from collections.abc import Iterator
from datetime import timedelta

import pytest
from billiard.exceptions import TimeLimitExceeded, WorkerLostError
from celery import Celery
from sqlalchemy import update
from structlog.testing import capture_logs

from services.common.config import Settings
from services.common.db.session import (
    SessionFactory,
    unit_of_work,
)
from services.common.db.tables import Item
from services.common.domain.queues import Task
from services.worker import signals
from services.worker.app import create_app
from services.worker.process.shutdown import FLAG_VARIABLE, DrainFlag
from services.worker.runtime import WorkerRuntime
from tests.fixtures.factories import JobMaker, Rows
from tests.fixtures.fleet import wait_until
from tests.fixtures.settings import SettingsMaker
from tests.integration.worker.conftest import workers

LEASE = timedelta(minutes=5)


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
        wait_until(lambda: bool(workers(sessions)), timeout_s=120, what="a sign of life")
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
        yield app
        # The class has none; another test's fake there must not stay hidden.
        vars(app.tasks[Task.ANALYSE.value]).pop("runtime", None)
