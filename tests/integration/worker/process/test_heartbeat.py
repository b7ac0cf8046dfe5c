import uuid
from datetime import datetime
from pathlib import Path
from typing import Any

from structlog.testing import capture_logs

from services.common.config import Settings
from services.common.db.session import SessionFactory, build_engine, build_session_factory
from services.common.domain.queues import Device
from services.common.processes.repositories import WorkerIdentity
from services.common.pulse import Pulse
from services.worker.process.heartbeat import Heartbeat
from services.worker.process.shutdown import DrainFlag
from services.worker.runtime import WorkerRuntime
from tests.fixtures.analysers import FIVE_MS
from tests.fixtures.factories import JobMaker
from tests.fixtures.fleet import wait_until
from tests.fixtures.settings import SettingsMaker
from tests.integration.worker.conftest import workers


class TestHeartbeat:
    def test_counts_the_workers_that_share_the_queue(
        self, runtime: WorkerRuntime, worker_settings: Settings, tmp_path: Path
    ) -> None:
        second = WorkerRuntime.build(worker_settings, draining=DrainFlag(tmp_path / "draining"))
        heartbeat = runtime._heartbeat
        wait_until(lambda: _beat(heartbeat) == 2, timeout_s=120, what="both seen")
        second.close()
        assert _beat(heartbeat) == 1

    def test_reports_when_it_last_claimed(
        self, runtime: WorkerRuntime, sessions: SessionFactory, make_stored_job: JobMaker
    ) -> None:
        make_stored_job(1)
        runtime.analyse(task=uuid.uuid4())
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
            every_s=600.0,
        )

        def reported() -> list[str | None]:
            return [row.model_version for row in workers(sessions)]

        heartbeat.start()
        wait_until(lambda: reported() == ["first"], timeout_s=120, what="the first beat")
        version = "second"
        heartbeat.wake()
        wait_until(lambda: reported() == ["second"], timeout_s=120, what="a beat before its time")
        heartbeat.stop()
        assert reported() == []

    def test_outlives_a_database_that_is_away(
        self, make_unit_settings: SettingsMaker, tmp_path: Path
    ) -> None:
        engine = build_engine(make_unit_settings().database)
        nobody = WorkerIdentity(uuid.uuid4(), Device.CPU, "here", 1, 1, "m")
        heartbeat = Heartbeat(
            build_session_factory(engine),
            nobody,
            report=dict,
            model_version=str,
            pulse=Pulse(tmp_path / "pulse"),
        )
        with capture_logs() as logs:
            heartbeat.beat()
        assert (tmp_path / "pulse").exists()
        assert [line["event"] for line in logs] == ["heartbeat.missed"]
        assert heartbeat.workers() == 1
        engine.dispose()


class TestBesideABrokerThatHangs:
    def test_it_goes_on(
        self,
        make_settings: SettingsMaker,
        sessions: SessionFactory,
        black_hole: int,
        tmp_path: Path,
    ) -> None:
        """The watchdog's question, how many hints wait, hangs here for good."""
        broker = {"url": f"redis://127.0.0.1:{black_hole}/0", "publish_timeout_s": 600}
        runtime = WorkerRuntime.build(
            make_settings(worker={"analyser": FIVE_MS}, broker=broker),
            draining=DrainFlag(tmp_path / "draining"),
        )

        def beaten_at() -> list[datetime]:
            return [row.beat_at for row in workers(sessions)]

        wait_until(lambda: bool(beaten_at()), timeout_s=120, what="the first beat")
        (first,) = beaten_at()
        runtime._heartbeat.wake()
        wait_until(lambda: beaten_at()[0] > first, timeout_s=120, what="another beat")
        runtime.close()
        assert beaten_at() == []


def _beat(heartbeat: Any) -> int:
    heartbeat.beat()
    return int(heartbeat.workers())
