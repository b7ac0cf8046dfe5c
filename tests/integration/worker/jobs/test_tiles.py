"""Tiles of analysed photos in the bucket, and that none outlives its photo."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import BinaryIO

import pytest
from sqlalchemy import func, select, update

from services.common.db.grants import Role
from services.common.db.session import SessionFactory, unit_of_work
from services.common.db.tables import DoomedPrefix, Item, Job
from services.common.domain.errors import ItemError, TransientError
from services.common.domain.faces import AnalysisOptions, PhotoAnalysis
from services.common.domain.jobs import ItemState, JobStatus
from services.common.jobs.lifecycle import erase
from services.common.jobs.repositories.retention import RetentionRepository
from services.common.retention_settings import RetentionSettings
from services.common.storage import ObjectStorage
from services.common.storage_keys import annotated_prefix
from services.common.telemetry import Metrics
from services.maintenance.retention import Retention
from tests.fixtures.analysers import Kind, fake_photo
from tests.fixtures.as_role import sessions_as
from tests.fixtures.factories import TENANT, JobMaker, MadeJob, Rows
from tests.integration.worker.conftest import ContextMaker, work
from tests.integration.worker.jobs.conftest import Interrupting, states


class Drawing(Interrupting):
    """A model that draws tiles, and may do something to the world meanwhile."""

    def __init__(self, event: Callable[[], object] = lambda: None) -> None:
        super().__init__(event)

    def analyse(
        self, photos: Sequence[bytes], options: AnalysisOptions
    ) -> list[PhotoAnalysis | ItemError]:
        return [
            answer if isinstance(answer, ItemError) else replace(answer, tiles=b"of " + photo)
            for photo, answer in zip(photos, super().analyse(photos, options), strict=True)
        ]


class Refusing:
    """A bucket that is away."""

    def put(self, _key: str, _stream: BinaryIO, **_facts: object) -> None:
        raise TransientError("the object storage is not reachable")


@dataclass(frozen=True)
class Scene:
    """Jobs, their bucket, and a retention that waits for nothing."""

    sessions: SessionFactory
    storage: ObjectStorage
    retention: Retention
    rows: Rows

    def prefix(self, job: MadeJob) -> str:
        return annotated_prefix(self.rows.job(job.id).public_id)

    def tiles(self, job: MadeJob) -> dict[int, bytes]:
        """What lies in the bucket, by place in the job."""
        keys = {item.public_id.hex: item.seq for item in self.rows.items(job.id)}
        return {
            keys[found.key.rpartition("/")[2].removesuffix(".tiles")]: self.storage.get(found.key)
            for found in self.storage.list(self.prefix(job))
        }

    def listed(self, prefix: str) -> int:
        return len(list(self.storage.list(prefix)))

    def doomed(self) -> list[str]:
        with unit_of_work(self.sessions) as session:
            return list(session.scalars(select(DoomedPrefix.prefix)))

    def erase(self, job: MadeJob) -> None:
        public_id = self.rows.job(job.id).public_id
        with unit_of_work(self.sessions) as session:
            erase(session, TENANT, public_id, urls_hold=timedelta(0))

    def erase_inputs(self, job: MadeJob) -> None:
        with unit_of_work(self.sessions) as session:
            RetentionRepository(session).erase_inputs(session.get_one(Job, job.id))

    def lose_leases(self, job: MadeJob) -> None:
        """What the sweeper does when they run out."""
        free = {"state": ItemState.READY, "lease_token": None, "lease_until": None}
        with unit_of_work(self.sessions) as session:
            session.execute(
                update(Item).where(Item.job_id == job.id).values(next_at=func.now(), **free)
            )

    def cancel(self, job: MadeJob) -> None:
        with unit_of_work(self.sessions) as session:
            cancelling = update(Job).where(Job.id == job.id)
            session.execute(cancelling.values(status=JobStatus.CANCELLING))


@pytest.fixture
def scene(sessions: SessionFactory, storage: ObjectStorage, rows: Rows) -> Scene:
    ours = sessions_as(sessions, Role.MAINTENANCE)
    settings = RetentionSettings(grace_s=0)
    retention = Retention(ours, storage, settings=settings, metrics=Metrics())
    return Scene(sessions, storage, retention, rows)


class TestWritten:
    def test_of_each_photo_with_a_result_and_of_no_other(
        self, make_context: ContextMaker, make_stored_job: JobMaker, scene: Scene
    ) -> None:
        photos = [fake_photo(0), fake_photo(1, Kind.CORRUPT), fake_photo(2)]
        job = make_stored_job(photos)
        context = make_context(Drawing())
        assert work(context) == 3
        assert scene.tiles(job) == {0: b"of " + photos[0], 2: b"of " + photos[2]}
        assert context.metrics.value("hfer_tiles_total", result="written") == 2

    def test_of_a_photo_that_was_sent_twice_for_each_time(
        self, make_context: ContextMaker, make_stored_job: JobMaker, scene: Scene
    ) -> None:
        photo = fake_photo(7)
        jobs = [make_stored_job([photo, photo]), make_stored_job([photo])]
        work(make_context(Drawing()))
        found = [scene.tiles(job) for job in jobs]
        assert found == [{0: b"of " + photo, 1: b"of " + photo}, {0: b"of " + photo}]

    def test_a_bucket_that_takes_none_costs_no_result(
        self, make_context: ContextMaker, make_stored_job: JobMaker, rows: Rows
    ) -> None:
        job = make_stored_job(6)
        context = make_context(Drawing(), tile_bucket=Refusing())
        assert work(context) == 6
        assert states(rows, job) == {ItemState.FINISHED: 6}
        assert rows.job(job.id).status == JobStatus.SUCCEEDED
        counted = [
            context.metrics.value("hfer_tiles_total", result=result)
            for result in ("written", "failed", "skipped")
        ]
        assert counted[0] == 0
        assert counted[1] >= 1
        assert sum(counted) == 6

    def test_are_there_before_the_photo_is_shown_as_finished(
        self, make_context: ContextMaker, make_stored_job: JobMaker, scene: Scene
    ) -> None:
        """Else the first to look would have a child draw them once more."""
        job = make_stored_job(8)
        early: list[str] = []

        class Noting:
            def put(self, key: str, stream: BinaryIO, *, size: int, content_type: str) -> None:
                scene.storage.put(key, stream, size=size, content_type=content_type)
                early.extend(
                    key
                    for item in scene.rows.items(job.id)
                    if item.public_id.hex in key and item.state == ItemState.FINISHED
                )

        assert work(make_context(Drawing(), tile_bucket=Noting())) == 8
        assert len(scene.tiles(job)) == 8
        assert early == []


class TestErased:
    def test_with_the_photos_by_age_and_with_the_job(
        self, make_context: ContextMaker, make_stored_job: JobMaker, scene: Scene
    ) -> None:
        by_age, by_hand, kept = (make_stored_job(2) for _ in range(3))
        work(make_context(Drawing()))
        prefix = scene.prefix(by_hand)
        assert scene.listed(prefix) == 2
        scene.erase_inputs(by_age)
        scene.erase(by_hand)
        scene.retention.step()
        assert scene.tiles(by_age) == {}
        assert scene.listed(prefix) == 0
        assert len(scene.tiles(kept)) == 2

    @pytest.mark.parametrize("whole", [True, False])
    def test_when_they_come_after_their_prefix_was_cleared(
        self, make_context: ContextMaker, make_stored_job: JobMaker, scene: Scene, *, whole: bool
    ) -> None:
        """A worker that slept for longer than the grace wakes up, and has no lease any more."""
        job = make_stored_job(3)
        prefix = scene.prefix(job)

        def erased_meanwhile() -> None:
            if whole:
                scene.erase(job)
            else:
                scene.lose_leases(job)
                scene.erase_inputs(job)
            scene.retention.step()
            assert scene.doomed() == []

        assert work(make_context(Drawing(erased_meanwhile), chunk_max=64)) == 0
        assert scene.listed(prefix) > 0
        assert scene.doomed() == [prefix]
        scene.retention.step()
        assert scene.listed(prefix) == 0
        assert scene.doomed() == []

    def test_not_when_another_worker_has_the_photo(
        self, make_context: ContextMaker, make_stored_job: JobMaker, scene: Scene
    ) -> None:
        """Both write the same object, whoever comes last."""
        job = make_stored_job(2)
        other = make_context(Drawing())

        def overtaken() -> None:
            scene.lose_leases(job)
            assert work(other) == 2

        context = make_context(Drawing(overtaken), chunk_max=64)
        assert work(context) == 0
        assert context.metrics.value("hfer_lost_leases_total") > 0
        assert scene.doomed() == []
        scene.retention.step()
        assert sorted(scene.tiles(job)) == [0, 1]

    def test_not_of_a_cancelled_job_before_its_photos_are(
        self, make_context: ContextMaker, make_stored_job: JobMaker, scene: Scene
    ) -> None:
        job = make_stored_job(8)
        work(make_context(Drawing(lambda: scene.cancel(job))))
        scene.retention.step()
        assert scene.tiles(job) != {}
        assert scene.doomed() == []
        scene.erase_inputs(job)
        scene.retention.step()
        assert scene.tiles(job) == {}
