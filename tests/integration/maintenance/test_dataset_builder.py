"""Faces are cut out of stored photos, versions become ready, and erasures thin them."""

import hashlib
import uuid
from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import func, select, text, update

from services.common.datasets import checks
from services.common.datasets.repositories.thinning import ThinningRepository
from services.common.db.dataset_tables import Dataset, DatasetFace, TrainingCrop
from services.common.db.erasure_tables import Erasure
from services.common.db.grants import Role
from services.common.db.review_tables import FaceReview
from services.common.db.session import SessionFactory, unit_of_work
from services.common.db.tables import DoomedPrefix, Job
from services.common.domain.limits import PhotoLimits
from services.common.jobs.lifecycle import erase
from services.common.jobs.repositories.erasures import ErasureRequest
from services.common.jobs.repositories.retention import RetentionRepository
from services.common.retention_settings import RetentionSettings
from services.common.storage import ObjectStorage
from services.common.storage_keys import TRAINING
from services.common.telemetry import Metrics
from services.maintenance import dataset_builder
from services.maintenance.dataset_builder import DatasetBuilder
from services.maintenance.retention import Retention
from tests.fixtures.as_role import sessions_as
from tests.fixtures.jobs import SeededJob
from tests.fixtures.taught import add_dataset, seed_photos

PHOTOS = 12
NOW = timedelta(0)


@pytest.fixture
def builder(sessions: SessionFactory, storage: ObjectStorage) -> Iterator[DatasetBuilder]:
    ours = sessions_as(sessions, Role.MAINTENANCE)
    made = DatasetBuilder(ours, storage, limits=PhotoLimits())
    yield made
    made.close()


@pytest.fixture
def few_are_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "LEAST_TO_TEST", 1)
    monkeypatch.setattr(checks, "LEAST_TO_CALIBRATE", 1)


@pytest.fixture
def retention(sessions: SessionFactory, storage: ObjectStorage) -> Retention:
    ours = sessions_as(sessions, Role.MAINTENANCE)
    return Retention(ours, storage, settings=RetentionSettings(grace_s=0), metrics=Metrics())


def seeded(
    sessions: SessionFactory, storage: ObjectStorage, photos: int = PHOTOS, *, keep: bool = False
) -> SeededJob:
    with unit_of_work(sessions) as session:
        return seed_photos(session, storage, photos, keep=keep)


def asked_for(sessions: SessionFactory, *jobs: SeededJob) -> Dataset:
    with unit_of_work(sessions) as session:
        return add_dataset(session, *jobs)


def build(builder: DatasetBuilder) -> None:
    while builder.step():
        pass


def looked_up(sessions: SessionFactory, dataset: Dataset) -> Dataset:
    with sessions() as session:
        return session.get_one(Dataset, dataset.id)


def crops(sessions: SessionFactory) -> int:
    with sessions() as session:
        return session.scalar(select(func.count()).select_from(TrainingCrop)) or 0


def in_bucket(storage: ObjectStorage) -> list[str]:
    return [stored.key for stored in storage.list(TRAINING)]


def photos_go(sessions: SessionFactory, made: SeededJob) -> None:
    with unit_of_work(sessions) as session:
        RetentionRepository(session).erase_inputs(session.get_one(Job, made.job.id))


class TestBuild:
    @pytest.mark.usefixtures("few_are_enough")
    def test_a_version_becomes_ready(
        self, sessions: SessionFactory, storage: ObjectStorage, builder: DatasetBuilder
    ) -> None:
        dataset = asked_for(sessions, seeded(sessions, storage, PHOTOS))
        build(builder)
        found = looked_up(sessions, dataset)
        assert (found.state, found.failure, found.faces) == ("ready", None, PHOTOS)
        with sessions() as session:
            kept = session.scalars(select(TrainingCrop)).all()
            sides = set(session.scalars(select(DatasetFace.side)))
        assert sides == {"train", "validation", "test"}
        stored = {key.partition("/")[2]: storage.get(key) for key in in_bucket(storage)}
        assert {hashlib.sha256(crop).digest() for crop in stored.values()} == {
            crop.sha256 for crop in kept
        }
        assert not any(crop.kept for crop in kept)

    def test_a_photo_that_is_gone_costs_its_face_alone(
        self, sessions: SessionFactory, storage: ObjectStorage, builder: DatasetBuilder
    ) -> None:
        made = seeded(sessions, storage)
        dataset = asked_for(sessions, made)
        storage.delete([made.items[0].object_key])
        build(builder)
        found = looked_up(sessions, dataset)
        assert (found.state, found.faces) == ("failed", PHOTOS - 1)
        assert found.left_out == {"unreadable": 1}

    def test_one_that_became_too_small_says_so(
        self, sessions: SessionFactory, storage: ObjectStorage, builder: DatasetBuilder
    ) -> None:
        dataset = asked_for(sessions, seeded(sessions, storage))
        build(builder)
        found = looked_up(sessions, dataset)
        assert found.state == "failed"
        assert found.failure is not None
        assert "30 are needed" in found.failure

    def test_a_face_is_cut_once_for_all_versions(
        self, sessions: SessionFactory, storage: ObjectStorage, builder: DatasetBuilder
    ) -> None:
        made = seeded(sessions, storage)
        asked_for(sessions, made)
        build(builder)
        with unit_of_work(sessions) as session:
            before = session.scalars(select(TrainingCrop.created_at)).all()
        second = asked_for(sessions, made)
        build(builder)
        assert looked_up(sessions, second).version == 2
        with unit_of_work(sessions) as session:
            assert session.scalars(select(TrainingCrop.created_at)).all() == before


class TestKeep:
    def test_reviewed_faces_of_a_job_that_keeps_them_outlive_the_photos(
        self,
        sessions: SessionFactory,
        storage: ObjectStorage,
        builder: DatasetBuilder,
        retention: Retention,
    ) -> None:
        made = seeded(sessions, storage, 3, keep=True)
        with unit_of_work(sessions) as session:
            for item in made.items[:2]:
                session.add(
                    FaceReview(
                        item_id=item.id,
                        face_index=0,
                        reviewer="ada",
                        version=1,
                        answer="fear",
                        blind=True,
                    )
                )
        build(builder)
        photos_go(sessions, made)
        retention.step()
        assert crops(sessions) == len(in_bucket(storage)) == 2

    def test_the_others_go_with_them_and_the_version_says_so(
        self,
        sessions: SessionFactory,
        storage: ObjectStorage,
        builder: DatasetBuilder,
        retention: Retention,
    ) -> None:
        going, staying = seeded(sessions, storage, 8), seeded(sessions, storage, 8, keep=True)
        dataset = asked_for(sessions, going, staying)
        build(builder)
        photos_go(sessions, going)
        photos_go(sessions, staying)
        retention.step()
        found = looked_up(sessions, dataset)
        assert found.erased == 8
        assert found.thinned_at is not None
        prefix = f"{TRAINING}{staying.job.public_id.hex}/"
        left = in_bucket(storage)
        assert len(left) == crops(sessions) == 8
        assert all(key.startswith(prefix) for key in left)

    def test_their_own_time_ends_too(
        self, sessions: SessionFactory, storage: ObjectStorage, builder: DatasetBuilder
    ) -> None:
        dataset = asked_for(sessions, seeded(sessions, storage, keep=True))
        build(builder)
        with unit_of_work(sessions_as(sessions, Role.MAINTENANCE)) as session:
            thinning = ThinningRepository(session)
            assert thinning.expire(keep=timedelta(days=1), limit=1_000) == 0
            assert thinning.expire(keep=NOW, limit=1_000) == PHOTOS
        assert looked_up(sessions, dataset).erased == PHOTOS


class TestErasure:
    def erased(self, sessions: SessionFactory, job: uuid.UUID) -> Erasure:
        asked = ErasureRequest("key_x", "batch", "as asked")
        with unit_of_work(sessions_as(sessions, Role.API)) as session:
            assert erase(session, "default", job, urls_hold=NOW, asked=asked)
        with sessions() as session:
            return session.get_one(Erasure, job)

    def test_takes_the_faces_out_of_every_version(
        self,
        sessions: SessionFactory,
        storage: ObjectStorage,
        builder: DatasetBuilder,
        retention: Retention,
    ) -> None:
        one, other = (seeded(sessions, storage, 8, keep=True) for _ in range(2))
        versions = [asked_for(sessions, one, other) for _ in range(2)]
        build(builder)
        receipt = self.erased(sessions, one.job.public_id)
        assert receipt.training_faces == 8
        assert [looked_up(sessions, each).erased for each in versions] == [8, 8]
        retention.step()
        assert len(in_bucket(storage)) == 8

    def test_also_where_the_job_itself_was_forgotten_by_age(
        self, sessions: SessionFactory, storage: ObjectStorage, builder: DatasetBuilder
    ) -> None:
        made = seeded(sessions, storage, keep=True)
        dataset = asked_for(sessions, made)
        build(builder)
        with unit_of_work(sessions) as session:
            session.execute(update(Job).values(expires_at=text("now()")))
        ours = sessions_as(sessions, Role.MAINTENANCE)
        Retention(ours, storage, settings=RetentionSettings(), metrics=Metrics()).step()
        assert crops(sessions) == PHOTOS
        receipt = self.erased(sessions, made.job.public_id)
        assert (receipt.reason, receipt.training_faces) == ("user", PHOTOS)
        assert receipt.check_at is not None
        assert looked_up(sessions, dataset).erased == PHOTOS
        assert crops(sessions) == 0

    def test_in_the_middle_of_building_leaves_nothing(
        self,
        monkeypatch: pytest.MonkeyPatch,
        sessions: SessionFactory,
        storage: ObjectStorage,
        builder: DatasetBuilder,
        retention: Retention,
    ) -> None:
        made = seeded(sessions, storage, 8)
        dataset = asked_for(sessions, made)
        monkeypatch.setattr(dataset_builder, "PHOTO_SLICE", 3)
        builder.step()
        assert crops(sessions) == 3
        self.erased(sessions, made.job.public_id)
        build(builder)
        found = looked_up(sessions, dataset)
        assert (found.state, found.faces, found.erased) == ("failed", 0, 8)
        assert crops(sessions) == 0
        retention.step()
        assert in_bucket(storage) == []

    def test_what_was_put_and_never_named_is_cleared(
        self,
        sessions: SessionFactory,
        storage: ObjectStorage,
        builder: DatasetBuilder,
        retention: Retention,
    ) -> None:
        made = seeded(sessions, storage, 1, keep=True)
        asked_for(sessions, made)
        build(builder)
        with unit_of_work(sessions) as session:
            session.execute(TrainingCrop.__table__.delete())
            session.execute(update(DoomedPrefix).values(doomed_at=text("now()")))
        retention.step()
        assert in_bucket(storage) == []


class TestDelete:
    def test_takes_the_faces_that_no_other_version_has(
        self,
        sessions: SessionFactory,
        storage: ObjectStorage,
        builder: DatasetBuilder,
        retention: Retention,
    ) -> None:
        one, other = seeded(sessions, storage, 8), seeded(sessions, storage, 8)
        both, second = asked_for(sessions, one, other), asked_for(sessions, other)
        build(builder)
        with unit_of_work(sessions_as(sessions, Role.API)) as session:
            ThinningRepository(session).delete(session.get_one(Dataset, both.id))
        retention.step()
        assert len(in_bucket(storage)) == crops(sessions) == 8
        assert looked_up(sessions, second).erased == 0
