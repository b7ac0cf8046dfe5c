"""Photos by URL of jobs that are cancelled, erased or retried meanwhile."""

from datetime import timedelta
from typing import BinaryIO

from sqlalchemy import select

from services.common.db.session import SessionFactory, unit_of_work
from services.common.db.tables import DoomedObject, Job, UrlFetch
from services.common.domain.jobs import JobStatus
from services.common.jobs.lifecycle import cancel, erase, retry
from services.common.jobs.queue.closing import close_jobs
from services.common.jobs.queue.repositories.fetches import FetchRepository
from services.common.jobs.queue.repositories.sweeps import SweepRepository
from services.common.storage import ObjectStorage
from services.common.storage_keys import photo_key
from tests.fixtures.factories import Rows
from tests.fixtures.jobs import RULES
from tests.fixtures.network import FakeNetwork, reply
from tests.integration.ingest.conftest import (
    PHOTO,
    PUBLIC,
    SHA256,
    TENANT,
    UrlJobMaker,
    codes,
    fetch_all,
)


def test_a_photo_of_a_job_cancelled_meanwhile_is_not_kept(
    sessions: SessionFactory, storage: ObjectStorage, make_url_job: UrlJobMaker, rows: Rows
) -> None:
    job = make_url_job("https://photos.example.com/a.jpg")
    public_id = rows.job(job.id).public_id

    class Cancelling:
        def put(self, key: str, stream: BinaryIO, *, size: int, content_type: str) -> None:
            storage.put(key, stream, size=size, content_type=content_type)
            with unit_of_work(sessions) as session:
                cancel(session, TENANT, public_id)
            with unit_of_work(sessions) as session:
                SweepRepository(session).cancel_slice(limit=10)
                close_jobs(session, job_id=job.id)

    fetch_all(sessions, Cancelling(), FakeNetwork({PUBLIC: [reply(200, PHOTO)]}))
    assert rows.job(job.id).status == JobStatus.CANCELLED
    assert rows.item(job.items[0]).object_key == ""
    with sessions() as session:
        assert session.scalars(select(DoomedObject.object_key)).all() == [photo_key(TENANT, SHA256)]
    with unit_of_work(sessions) as session:
        assert FetchRepository(session).forget(limit=10) == 1


def test_a_photo_of_a_job_erased_meanwhile_is_not_kept(
    sessions: SessionFactory, storage: ObjectStorage, make_url_job: UrlJobMaker, rows: Rows
) -> None:
    job = make_url_job("https://photos.example.com/a.jpg")
    public_id = rows.job(job.id).public_id

    class Erasing:
        def put(self, key: str, stream: BinaryIO, *, size: int, content_type: str) -> None:
            storage.put(key, stream, size=size, content_type=content_type)
            with unit_of_work(sessions) as session:
                erase(session, TENANT, public_id, urls_hold=timedelta(0))

    fetch_all(sessions, Erasing(), FakeNetwork({PUBLIC: [reply(200, PHOTO)]}))
    with sessions() as session:
        assert session.scalars(select(DoomedObject.object_key)).all() == [photo_key(TENANT, SHA256)]
        assert session.scalars(select(UrlFetch)).all() == []


def test_failed_fetches_can_be_retried_as_a_new_job(
    sessions: SessionFactory, storage: ObjectStorage, make_url_job: UrlJobMaker, rows: Rows
) -> None:
    job = make_url_job("https://photos.example.com/a.jpg")
    fetch_all(sessions, storage, FakeNetwork({PUBLIC: [reply(404)]}))
    assert codes(rows, job) == ["fetch_failed"]
    with unit_of_work(sessions) as session:
        public_id = session.get_one(Job, job.id).public_id
        again = retry(session, TENANT, public_id, idempotency_key=None, rules=RULES).job.id
    fetch_all(sessions, storage, FakeNetwork({PUBLIC: [reply(200, PHOTO)]}))
    [item] = rows.items(again)
    assert (item.sha256, item.source_url) == (SHA256, "https://photos.example.com/a.jpg")
