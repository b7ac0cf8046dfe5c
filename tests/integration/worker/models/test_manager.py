"""A worker's models follow the registry: published, activated, damaged, tried as a canary."""

import io
import uuid
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from services.common.config import ModelSettings
from services.common.db.retrying import RetryingDatabase
from services.common.db.session import SessionFactory, unit_of_work
from services.common.db.tables import Model
from services.common.domain.faces import AnalysisOptions
from services.common.jobs.options import JobModel, to_stored
from services.common.registry.activation import activate, roll_back
from services.common.registry.bundles import read_identity, register_bundle
from services.common.registry.canary import canary_report, start_canary
from services.common.registry.publishing import publish_bundle
from services.common.registry.repository import ModelRepository
from services.common.registry.trial_load_repository import TrialLoadRepository
from services.common.storage import ObjectStorage
from services.common.storage_keys import bundle_key
from services.vision.bundle import Bundle
from services.worker.models.canary import CanaryAnalyser
from services.worker.models.job_models import JobModels
from services.worker.models.manager import ModelManager, describe
from services.worker.models.published import PublishedModels, Shipped
from tests.fixtures.analysers import FakeAnalyser
from tests.fixtures.bundles import tiny_card, write_tiny_bundle
from tests.fixtures.factories import JobMaker, Rows
from tests.integration.worker.conftest import ContextMaker, work


class Registry:
    """The shipped bundle is registered and active; others are published."""

    def __init__(self, sessions: SessionFactory, storage: ObjectStorage, folder: Path) -> None:
        self.sessions = sessions
        self.storage = storage
        self._folder = folder
        self.now = 0.0
        self.shipped = write_tiny_bundle(folder / "shipped")
        with unit_of_work(sessions) as session:
            register_bundle(session, read_identity(self.shipped.directory))

    def publish(self, version: str) -> Bundle:
        bundle = write_tiny_bundle(self._folder / version, card=tiny_card(version=version))
        publish_bundle(self.sessions, self.storage, bundle.directory)
        return bundle

    def activate(self, bundle: Bundle) -> None:
        with unit_of_work(self.sessions) as session:
            row = self.row(bundle)
            activate(session, session.merge(row), max_f1_drop=0, force=True, actor="test")

    def damage(self, bundle: Bundle) -> tuple[str, bytes]:
        """Overwrite the network in the bucket; its key and what was there."""
        key = bundle_key(bytes.fromhex(bundle.identity), "model.onnx")
        whole = self.storage.get(key)
        self.storage.put(key, io.BytesIO(b"x"), size=1, content_type="a/b")
        return key, whole

    def row(self, bundle: Bundle) -> Model:
        with unit_of_work(self.sessions) as session:
            manifest = bundle.manifest
            row = ModelRepository(session).by_version(name="tiny", version=manifest.version)
            assert row is not None
            return row

    def manager(self, analyser: FakeAnalyser | None = None) -> ModelManager:
        settings = ModelSettings(cache_dir=self._folder / "cache")
        shipped = Shipped(self.shipped.directory, read_identity(self.shipped.directory))
        return ModelManager(
            analyser or FakeAnalyser(version=self.shipped.version),
            source=PublishedModels(
                RetryingDatabase(self.sessions),
                self.storage,
                settings=settings,
                shipped=shipped,
                clock=lambda: self.now,
            ),
            sha256=shipped.identity.sha256,
            settings=settings,
            clock=lambda: self.now,
        )


def sync(manager: ModelManager) -> None:
    while manager.sync():
        pass


@pytest.fixture
def registry(sessions: SessionFactory, storage: ObjectStorage, tmp_path: Path) -> Registry:
    return Registry(sessions, storage, tmp_path)


class TestSwitch:
    def test_follows_an_activation_and_a_rollback(self, registry: Registry) -> None:
        manager = registry.manager()
        manager.begin()
        assert manager.model_version == registry.shipped.version
        new = registry.publish("0.2.0")
        registry.activate(new)
        sync(manager)
        assert manager.model_version == new.version
        with unit_of_work(registry.sessions) as session:
            roll_back(session, actor="test")
        sync(manager)
        assert manager.model_version == registry.shipped.version

    def test_the_next_chunk_of_the_same_task_gets_the_new_model(
        self, registry: Registry, make_context: ContextMaker, make_stored_job: JobMaker, rows: Rows
    ) -> None:
        new = registry.publish("0.2.0")

        class Activates(FakeAnalyser):
            """While it analyses its first photos, another model is activated and loaded."""

            def analyse(self, photos: Any, options: Any) -> Any:
                if not self.calls:
                    registry.activate(new)
                    sync(manager)
                return super().analyse(photos, options)

        manager = registry.manager(Activates(version=registry.shipped.version))
        manager.begin()
        job = make_stored_job(24)
        assert work(make_context(models=manager, chunk_max=8, chunk_min=8)) == 24
        versions = [outcome.model_version for outcome in rows.outcomes(job.id).values()]
        assert Counter(versions) == {registry.shipped.version: 8, new.version: 16}

    def test_a_rollback_reaches_the_task_that_began_with_the_former_model(
        self, registry: Registry, make_context: ContextMaker, make_stored_job: JobMaker
    ) -> None:
        new = registry.publish("0.2.0")

        class RollsBack(FakeAnalyser):
            def analyse(self, photos: Any, options: Any) -> Any:
                if not self.calls:
                    with unit_of_work(registry.sessions) as session:
                        roll_back(session, actor="test")
                sync(manager)
                return super().analyse(photos, options)

        class Activates(FakeAnalyser):
            def analyse(self, photos: Any, options: Any) -> Any:
                if not self.calls:
                    registry.activate(new)
                    sync(manager)
                return super().analyse(photos, options)

            def with_bundle(self, directory: Path) -> FakeAnalyser:
                return RollsBack(version=read_identity(directory).model_version)

        manager = registry.manager(Activates(version=registry.shipped.version))
        manager.begin()
        make_stored_job(40)
        assert work(make_context(models=manager, chunk_max=8, chunk_min=8)) == 40
        assert manager.model_version == registry.shipped.version

    def test_a_new_worker_begins_with_the_active_model(self, registry: Registry) -> None:
        new = registry.publish("0.2.0")
        registry.activate(new)
        manager = registry.manager()
        manager.begin()
        assert manager.model_version == new.version

    def test_a_new_worker_falls_back_to_the_model_before_a_broken_one(
        self, registry: Registry
    ) -> None:
        good = registry.publish("0.2.0")
        registry.activate(good)
        broken = registry.publish("0.3.0")
        registry.damage(broken)
        registry.activate(broken)
        manager = registry.manager()
        manager.begin()
        assert manager.model_version == good.version
        assert list(manager.refusals) == [bytes.fromhex(broken.identity)]

    def test_publishes_what_it_was_shipped_with(self, registry: Registry) -> None:
        registry.manager().begin()
        key = bundle_key(bytes.fromhex(registry.shipped.identity), "model.onnx")
        assert registry.storage.exists(key)

    def test_a_damaged_bundle_is_refused_and_tried_again(self, registry: Registry) -> None:
        new = registry.publish("0.2.0")
        key, whole = registry.damage(new)
        registry.activate(new)
        manager = registry.manager()
        sync(manager)
        assert manager.model_version == registry.shipped.version
        assert describe(manager)["model_trouble"] == "bundle-refused"
        registry.storage.put(key, io.BytesIO(whole), size=len(whole), content_type="a/b")
        registry.now += 2
        sync(manager)
        assert manager.model_version == registry.shipped.version  # rests before it tries again
        assert describe(manager)["model_trouble"] == "bundle-refused"
        registry.now += 60
        sync(manager)
        assert manager.model_version == new.version
        assert describe(manager) == {
            "precision": "fp32",
            "detector": "openvino",
            "shipped": registry.shipped.identity,
        }


class TestTrialLoad:
    def test_answers_what_an_activation_waits_for(self, registry: Registry) -> None:
        good, broken = registry.publish("0.2.0"), registry.publish("0.3.0")
        registry.damage(broken)
        with unit_of_work(registry.sessions) as session:
            loads = TrialLoadRepository(session)
            asked = [loads.request(registry.row(bundle).id) for bundle in (good, broken)]
        manager = registry.manager()
        sync(manager)
        with unit_of_work(registry.sessions) as session:
            states = [TrialLoadRepository(session).state(load) for load in asked]
        assert [state is not None and state.finished for state in states] == [True, True]
        assert [state and state.error_code for state in states] == [None, "bundle-refused"]
        assert states[1] is not None
        assert "model.onnx is not what its SHA-256 says" in str(states[1].error_detail)
        assert manager.model_version == registry.shipped.version


class TestCanary:
    def test_gets_its_share_of_the_chunks(self, registry: Registry) -> None:
        candidate = registry.publish("0.2.0")
        with unit_of_work(registry.sessions) as session:
            row = session.merge(registry.row(candidate))
            start_canary(session, row, share=0.3, actor="test")
        manager = registry.manager()
        sync(manager)
        tokens = [uuid.UUID(int=number, version=4) for number in range(1000)]
        canaries = [one for one in tokens if isinstance(manager.analyser_for(one), CanaryAnalyser)]
        assert 250 < len(canaries) < 350
        assert all(isinstance(manager.analyser_for(token), CanaryAnalyser) for token in canaries)
        assert manager.model_version == registry.shipped.version

    def test_its_outcomes_bear_its_name_and_agreement_is_reported(
        self, registry: Registry, make_context: ContextMaker, make_stored_job: JobMaker
    ) -> None:
        candidate = registry.publish("0.2.0")
        with unit_of_work(registry.sessions) as session:
            row = session.merge(registry.row(candidate))
            start_canary(session, row, share=1.0, actor="test")
        manager = registry.manager()
        manager.begin()
        context = make_context(models=manager)
        make_stored_job(6)
        assert work(context) == 6
        with unit_of_work(registry.sessions) as session:
            report = canary_report(session)
        assert report is not None
        assert (report.photos, report.agreement, report.mean_abs_dp) == (6, 1.0, 0.0)


class TestJobModels:
    def stored(self, bundle: Bundle) -> dict[str, Any]:
        return to_stored(
            AnalysisOptions(), JobModel(bundle.version, bytes.fromhex(bundle.identity))
        )

    def test_answer_jobs_that_ask_for_them_beside_the_active_one(
        self, registry: Registry, make_context: ContextMaker, make_stored_job: JobMaker, rows: Rows
    ) -> None:
        other = registry.publish("0.2.0")
        manager = registry.manager()
        manager.begin()
        job_models = JobModels(manager, manager.source, max_bytes=10**9)
        context = make_context(models=manager, job_models=job_models)
        plain = make_stored_job(4)
        asked = make_stored_job(4, raw_options=self.stored(other))
        assert work(context) == 4  # what is not loaded yet is nobody's
        assert job_models.sync()
        assert work(context) == 4
        versions = [
            {outcome.model_version for outcome in rows.outcomes(job.id).values()}
            for job in (plain, asked)
        ]
        assert versions == [{registry.shipped.version}, {other.version}]
        assert manager.model_version == registry.shipped.version

    def test_photos_fail_with_the_reason_where_a_bundle_is_damaged(
        self, registry: Registry, make_context: ContextMaker, make_stored_job: JobMaker, rows: Rows
    ) -> None:
        other = registry.publish("0.2.0")
        registry.damage(other)
        manager = registry.manager()
        manager.begin()
        job_models = JobModels(manager, manager.source, max_bytes=10**9)
        asked = make_stored_job(2, raw_options=self.stored(other))
        job_models.sync()
        assert work(make_context(models=manager, job_models=job_models)) == 2
        outcomes = list(rows.outcomes(asked.id).values())
        assert {outcome.error_code for outcome in outcomes} == {"model_refused"}
        assert {outcome.model_version for outcome in outcomes} == {other.version}
