"""One worker child: built, seen, at work, closed."""

import uuid
from pathlib import Path

import pytest
from sqlalchemy import select

from services.common.config import Settings
from services.common.db.session import (
    SessionFactory,
    unit_of_work,
)
from services.common.db.tables import Model
from services.common.domain.bundles import MANIFEST_NAME
from services.common.domain.errors import BundleError
from services.common.domain.jobs import JobStatus
from services.worker.process.shutdown import DrainFlag
from services.worker.runtime import WorkerRuntime
from tests.fixtures.analysers import FIVE_MS, MODEL_VERSION
from tests.fixtures.factories import JobMaker, Rows
from tests.fixtures.fleet import wait_until
from tests.fixtures.settings import SettingsMaker
from tests.integration.worker.conftest import workers


class TestRuntime:
    def test_is_seen_as_soon_as_its_model_is_warm(
        self, runtime: WorkerRuntime, sessions: SessionFactory
    ) -> None:
        wait_until(lambda: bool(workers(sessions)), timeout_s=120, what="a sign of life")
        (row,) = workers(sessions)
        assert (row.kind, row.model_version, row.claimed_at) == ("cpu", MODEL_VERSION, None)
        assert runtime is not None

    def test_serves_a_hint(
        self, runtime: WorkerRuntime, make_stored_job: JobMaker, rows: Rows
    ) -> None:
        job = make_stored_job(5)
        assert runtime.analyse(task=uuid.uuid4()) == 5
        assert rows.job(job.id).status == JobStatus.SUCCEEDED

    def test_signs_off_when_it_closes(
        self, worker_settings: Settings, sessions: SessionFactory, tmp_path: Path
    ) -> None:
        runtime = WorkerRuntime.build(worker_settings, draining=DrainFlag(tmp_path / "draining"))
        wait_until(lambda: bool(workers(sessions)), timeout_s=120, what="a sign of life")
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
