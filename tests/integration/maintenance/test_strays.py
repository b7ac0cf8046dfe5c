"""Objects that no job came to name: each goes after its time, and none that is in use."""

import io
import uuid
from collections.abc import Iterator
from datetime import timedelta
from functools import partial

import pytest
from sqlalchemy import func, select, text, update

from services.common.db.grants import Role
from services.common.db.session import SessionFactory, run_step, unit_of_work
from services.common.db.tables import DoomedObject, DoomedPrefix, Job
from services.common.domain.errors import TransientError
from services.common.domain.jobs import JobStatus
from services.common.jobs.lifecycle import erase
from services.common.jobs.photo_store import PhotoStore
from services.common.jobs.repositories.erasures import ErasureRepository
from services.common.retention_settings import RetentionSettings
from services.common.storage import ObjectStorage, StoredObject
from services.common.storage_keys import ANNOTATED, PHOTOS, annotated_key, photo_key, uploads_prefix
from services.common.telemetry import Metrics
from services.maintenance import retention as module
from services.maintenance.retention import Retention
from tests.fixtures.as_role import sessions_as
from tests.fixtures.factories import TENANT, JobMaker, Rows

DAYS_AGO = text("now() - interval '3 days'")
DAY = timedelta(days=1)
KEY = photo_key(TENANT, b"\x07" * 32)


class ListedStorage:
    """The real bucket; notes what is listed."""

    def __init__(self, storage: ObjectStorage) -> None:
        self._storage = storage
        self.delete = storage.delete
        self.listed: list[str] = []

    def list(self, prefix: str, *, after: str | None = None) -> Iterator[StoredObject]:
        self.listed.append(prefix)
        return self._storage.list(prefix, after=after)


@pytest.fixture
def bucket(storage: ObjectStorage) -> ListedStorage:
    return ListedStorage(storage)


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


@pytest.fixture
def retention(sessions: SessionFactory, bucket: ListedStorage, metrics: Metrics) -> Retention:
    ours = sessions_as(sessions, Role.MAINTENANCE)
    return Retention(ours, bucket, settings=RetentionSettings(grace_s=60), metrics=metrics)


def put(sessions: SessionFactory, storage: ObjectStorage, key: str = KEY) -> None:
    """Put a photo as API and ingest do."""
    store = PhotoStore(storage, run=partial(run_step, sessions), wait=DAY)
    store.put(key, io.BytesIO(b"photo"), size=5)


def put_unseen(storage: ObjectStorage, *keys: str) -> None:
    """Put objects of which the database knows nothing."""
    for key in keys:
        storage.put(key, io.BytesIO(b"x"), size=1, content_type="image/jpeg")


def pass_time(sessions: SessionFactory, by: timedelta) -> None:
    """Let everything that is listed become older."""
    with unit_of_work(sessions) as session:
        for table in (DoomedObject, DoomedPrefix):
            session.execute(update(table).values(doomed_at=table.doomed_at - by))


def schedule_prefix(sessions: SessionFactory, *prefixes: str) -> None:
    with unit_of_work(sessions) as session:
        session.add_all(DoomedPrefix(prefix=prefix, doomed_at=func.now()) for prefix in prefixes)


class TestPhotosWithoutJob:
    def test_go_after_their_time_and_nothing_is_listed_for_it(
        self,
        sessions: SessionFactory,
        storage: ObjectStorage,
        bucket: ListedStorage,
        retention: Retention,
        make_stored_job: JobMaker,
    ) -> None:
        make_stored_job(3)  # in use: a sweep that reads the bucket reads these
        put(sessions, storage)
        retention.step()
        pass_time(sessions, DAY)
        retention.step()
        assert storage.exists(KEY)
        pass_time(sessions, timedelta(minutes=2))
        retention.step()
        assert not storage.exists(KEY)
        assert len(list(storage.list(PHOTOS))) == 3
        assert bucket.listed == []

    def test_stay_when_their_job_is_committed(
        self,
        sessions: SessionFactory,
        storage: ObjectStorage,
        retention: Retention,
        make_job: JobMaker,
    ) -> None:
        put(sessions, storage)
        with unit_of_work(sessions) as session:
            ErasureRepository(session).keep([KEY])
        make_job(1, item={"object_key": KEY, "sha256": b"\x07" * 32})
        pass_time(sessions, 9 * DAY)
        retention.step()
        assert storage.exists(KEY)

    def test_stay_when_another_job_names_them(
        self,
        sessions: SessionFactory,
        storage: ObjectStorage,
        retention: Retention,
        make_job: JobMaker,
    ) -> None:
        make_job(1, item={"object_key": KEY, "sha256": b"\x07" * 32})
        put(sessions, storage)  # sent again by a request that ends without a job
        pass_time(sessions, 9 * DAY)
        retention.step()
        assert storage.exists(KEY)

    def test_a_job_that_comes_after_their_deletion_is_refused(
        self, sessions: SessionFactory, storage: ObjectStorage, retention: Retention
    ) -> None:
        put(sessions, storage)
        pass_time(sessions, 2 * DAY)
        retention.step()
        with pytest.raises(TransientError, match="send them again"), unit_of_work(sessions) as job:
            ErasureRepository(job).keep([KEY])

    def test_two_requests_with_the_same_photo_both_keep_it(
        self, sessions: SessionFactory, storage: ObjectStorage, make_job: JobMaker
    ) -> None:
        put(sessions, storage)
        put(sessions, storage)
        with unit_of_work(sessions) as session:
            ErasureRepository(session).keep([KEY])
        make_job(1, item={"object_key": KEY, "sha256": b"\x07" * 32})
        with unit_of_work(sessions) as session:
            ErasureRepository(session).keep([KEY])

    def test_an_erasure_does_not_wait_for_the_photos_time(
        self,
        sessions: SessionFactory,
        storage: ObjectStorage,
        retention: Retention,
        make_job: JobMaker,
    ) -> None:
        named = {"object_key": KEY, "sha256": b"\x07" * 32}
        make_job(1, item=named, status=JobStatus.SUCCEEDED, finished_at=DAYS_AGO)
        put(sessions, storage)
        retention.step()  # its inputs are due
        pass_time(sessions, timedelta(minutes=2))
        retention.step()
        assert not storage.exists(KEY)


class TestLateObjects:
    def test_a_photo_put_by_a_url_that_outlives_its_upload_goes(
        self,
        sessions: SessionFactory,
        storage: ObjectStorage,
        retention: Retention,
        metrics: Metrics,
        make_job: JobMaker,
    ) -> None:
        job = Rows(sessions).job(make_job(1, upload_until=text("now()")).id)
        with unit_of_work(sessions) as session:
            erase(session, TENANT, job.public_id, urls_hold=timedelta(hours=1))
        late = uploads_prefix(TENANT, job.public_id) + "000/" + "ab" * 32
        retention.step()
        put_unseen(storage, late)
        pass_time(sessions, timedelta(minutes=5))
        retention.step()
        assert metrics.value("hfer_stray_objects_total") == 0  # the URL still holds
        pass_time(sessions, timedelta(hours=1))
        retention.step()
        assert metrics.value("hfer_stray_objects_total") == 1
        pass_time(sessions, timedelta(minutes=2))
        retention.step()
        assert not storage.exists(late)

    def test_a_picture_drawn_while_its_job_was_erased_goes(
        self,
        sessions: SessionFactory,
        storage: ObjectStorage,
        retention: Retention,
        make_job: JobMaker,
        rows: Rows,
    ) -> None:
        job, other = rows.job(make_job(1).id), rows.job(make_job(1).id)
        with unit_of_work(sessions) as session:
            erase(session, TENANT, job.public_id, urls_hold=timedelta(0))
        late, kept = (annotated_key(each.public_id, uuid.uuid4()) for each in (job, other))
        put_unseen(storage, late, kept)
        pass_time(sessions, timedelta(minutes=2))
        retention.step()
        assert (storage.exists(late), storage.exists(kept)) == (False, True)

    def test_each_erased_job_costs_one_listing_of_its_own(
        self,
        sessions: SessionFactory,
        bucket: ListedStorage,
        retention: Retention,
        make_stored_job: JobMaker,
        rows: Rows,
    ) -> None:
        job = rows.job(make_stored_job(2).id)
        with unit_of_work(sessions) as session:
            erase(session, TENANT, job.public_id, urls_hold=timedelta(0))
        pass_time(sessions, timedelta(minutes=2))
        for _ in range(3):
            retention.step()
        assert bucket.listed == [f"{ANNOTATED}{job.public_id.hex}/"]


class TestWholeBucket:
    """What lies there from before the upgrade, or after the database was set back."""

    @pytest.fixture(autouse=True)
    def _two_a_page(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(module, "LISTING_SLICE", 2)

    @pytest.fixture
    def living(self, make_stored_job: JobMaker, rows: Rows) -> Job:
        """A job whose three photos lie in the bucket."""
        return rows.job(make_stored_job(3).id)

    def test_is_looked_through_once_page_by_page(
        self,
        sessions: SessionFactory,
        storage: ObjectStorage,
        bucket: ListedStorage,
        retention: Retention,
        living: Job,
    ) -> None:
        strays = [photo_key(TENANT, bytes([n]) * 32) for n in range(4)] + ["photos/other shape"]
        pictures = [annotated_key(uuid.uuid4(), uuid.uuid4()), "annotated/no job/x.jpg"]
        kept = annotated_key(living.public_id, uuid.uuid4())
        put_unseen(storage, *strays, *pictures, kept)
        schedule_prefix(sessions, PHOTOS, ANNOTATED)
        for _ in range(3):
            pass_time(sessions, timedelta(minutes=2))
            retention.step()
        left = {stored.key for prefix in (PHOTOS, ANNOTATED) for stored in storage.list(prefix)}
        named = {item.object_key for item in Rows(sessions).items(living.id)}
        assert left == {*named, kept}
        assert bucket.listed.count(PHOTOS) == 5  # eight objects, two a page, and the empty end
        pages = len(bucket.listed)
        retention.step()
        assert len(bucket.listed) == pages

    def test_goes_on_where_another_process_stopped(
        self,
        sessions: SessionFactory,
        storage: ObjectStorage,
        retention: Retention,
        metrics: Metrics,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(module, "PAGES_SLICE", 1)
        put_unseen(storage, *(photo_key(TENANT, bytes([n]) * 32) for n in range(5)))
        schedule_prefix(sessions, PHOTOS)
        pass_time(sessions, timedelta(minutes=2))
        seen = []
        for _ in range(3):
            assert retention.step() is True  # at once again, there are more pages
            seen.append(metrics.value("hfer_stray_objects_total"))
        assert seen == [2, 4, 5]
        assert retention.step() is False

    def test_leaves_a_photo_that_is_on_its_way_its_time(
        self, sessions: SessionFactory, storage: ObjectStorage, retention: Retention
    ) -> None:
        put(sessions, storage)
        schedule_prefix(sessions, PHOTOS)
        with unit_of_work(sessions) as session:
            session.execute(update(DoomedPrefix).values(doomed_at=DAYS_AGO))
        retention.step()
        with sessions() as session:
            ahead = session.scalar(select(DoomedObject.doomed_at - func.now()))
        assert ahead is not None
        assert ahead > timedelta(hours=23)
