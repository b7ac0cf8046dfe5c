"""Photos by URL from their rows to their results: a real database and bucket, a fake network."""

from typing import BinaryIO

import pytest
from sqlalchemy import select, update

from services.common.db.session import SessionFactory, unit_of_work
from services.common.db.tables import UrlFetch
from services.common.domain.errors import TransientError
from services.common.domain.jobs import ItemState, JobStatus, Verdict
from services.common.domain.webhooks import EventType
from services.common.jobs.queue.repositories.fetches import FetchRepository
from services.common.storage import ObjectStorage
from services.common.storage_keys import photo_key
from services.common.telemetry import Metrics
from tests.fixtures.factories import Rows
from tests.fixtures.network import FakeNetwork, redirect, reply
from tests.fixtures.webhooks import Hooks
from tests.fixtures.working import HandWorker
from tests.integration.ingest.conftest import (
    PHOTO,
    PRIVATE,
    PUBLIC,
    SHA256,
    SLOW,
    TENANT,
    UrlJobMaker,
    codes,
    due_now,
    fetch_all,
)
from tests.integration.worker.conftest import ContextMaker, work

BLOCKED, FAILED = "fetch_blocked", "fetch_failed"


class BrokenBucket:
    def put(self, key: str, _stream: BinaryIO, *, size: int, content_type: str) -> None:
        assert (key, size) == (photo_key(TENANT, SHA256), len(PHOTO)), content_type
        raise TransientError("the object storage is not reachable")


def test_a_fetched_photo_is_stored_like_an_uploaded_one_and_analysed(
    sessions: SessionFactory,
    storage: ObjectStorage,
    make_url_job: UrlJobMaker,
    make_context: ContextMaker,
    rows: Rows,
) -> None:
    job = make_url_job("https://photos.example.com/a.jpg", "https://photos.example.com/b.jpg")
    assert work(make_context()) == 0  # nothing to claim before they are fetched

    fetch_all(sessions, storage, FakeNetwork({PUBLIC: [reply(200, PHOTO)]}))

    for item in rows.items(job.id):
        assert (item.sha256, item.byte_count) == (SHA256, len(PHOTO))
        assert item.object_key == photo_key(TENANT, SHA256)
        assert storage.get(item.object_key) == PHOTO
        assert (item.state, item.attempts) == (ItemState.READY, 0)
    assert rows.job(job.id).status == JobStatus.RUNNING
    with sessions() as session:
        assert session.scalars(select(UrlFetch)).all() == []
    assert work(make_context()) == 2
    assert rows.job(job.id).status in {JobStatus.SUCCEEDED, JobStatus.FAILED}


@pytest.mark.parametrize(
    ("url", "answer", "code"),
    [
        ("https://inside.example.com/a.jpg", b"", FAILED),
        ("https://mixed.example.com/a.jpg", reply(200, PHOTO), FAILED),
        ("https://rebinding.example.com/a.jpg", redirect("/b.jpg"), FAILED),
        ("https://photos.example.com/a.jpg", redirect("https://127.0.0.1/"), BLOCKED),
        (
            "https://photos.example.com/a.jpg",
            redirect("https://169.254.169.254/latest/"),
            BLOCKED,
        ),
        (
            "https://photos.example.com/a.jpg",
            redirect("https://[fd00:ec2::254]/latest/"),
            BLOCKED,
        ),
        (
            "https://photos.example.com/a.jpg",
            redirect("https://inside.example.com/"),
            FAILED,
        ),
        (
            "https://photos.example.com/a.jpg",
            redirect("http://photos.example.com/"),
            BLOCKED,
        ),
    ],
)
def test_no_connection_is_made_to_what_leads_inside(  # noqa: PLR0917 - fixtures
    url: str,
    answer: bytes,
    code: str,
    sessions: SessionFactory,
    storage: ObjectStorage,
    make_url_job: UrlJobMaker,
    rows: Rows,
) -> None:
    job = make_url_job(url)
    network = FakeNetwork({PUBLIC: [answer], PRIVATE: [reply(200, PHOTO)]})
    fetch_all(sessions, storage, network, tries=1)
    assert codes(rows, job) == [code]
    assert rows.job(job.id).status == JobStatus.FAILED
    assert {address for address, _ in network.connected} <= {PUBLIC}
    assert list(storage.list("photos/")) == []


def test_counts_what_became_of_the_urls(
    sessions: SessionFactory, storage: ObjectStorage, make_url_job: UrlJobMaker
) -> None:
    make_url_job("https://photos.example.com/a.jpg", "https://photos.example.com:444/b.jpg")
    metrics = Metrics()
    with unit_of_work(sessions) as session:
        assert FetchRepository(session).waiting()[0] == 2
    answers = [reply(503, b""), reply(200, PHOTO)]
    fetch_all(sessions, storage, FakeNetwork({PUBLIC: answers[:1]}), metrics=metrics)
    due_now(sessions)
    with unit_of_work(sessions) as session:
        assert FetchRepository(session).waiting()[0] == 1
    fetch_all(sessions, storage, FakeNetwork({PUBLIC: answers[1:]}), metrics=metrics)
    for result in ("fetched", "later", "fetch_blocked"):
        assert metrics.value("hfer_fetches_total", result=result) == 1
    assert metrics.value("hfer_fetch_bytes_total") == len(PHOTO)
    assert metrics.value("hfer_fetch_seconds_count") == 3
    with unit_of_work(sessions) as session:
        assert FetchRepository(session).waiting() == (0, 0.0)


def test_one_bad_url_does_not_harm_the_others(
    sessions: SessionFactory, storage: ObjectStorage, make_url_job: UrlJobMaker, rows: Rows
) -> None:
    job = make_url_job("https://photos.example.com/a.jpg", "https://photos.example.com:444/b.jpg")
    fetch_all(sessions, storage, FakeNetwork({PUBLIC: [reply(200, PHOTO)]}))
    good, bad = rows.items(job.id)
    assert (good.state, bad.state) == (ItemState.READY, ItemState.FINISHED)
    assert (bad.verdict, bad.attempts) == (Verdict.FAILED, 1)
    assert rows.job(job.id).status == JobStatus.RUNNING


def test_a_server_in_trouble_is_asked_again_until_it_answers(
    sessions: SessionFactory, storage: ObjectStorage, make_url_job: UrlJobMaker, rows: Rows
) -> None:
    job = make_url_job("https://photos.example.com/a.jpg")
    network = FakeNetwork({PUBLIC: [reply(503), reply(500), reply(200, PHOTO)]})
    for _ in range(3):
        fetch_all(sessions, storage, network)
        due_now(sessions)
    assert rows.item(job.items[0]).sha256 == SHA256
    assert len(network.connected) == 3


def test_retry_after_is_honoured_in_the_database(
    sessions: SessionFactory, storage: ObjectStorage, make_url_job: UrlJobMaker, rows: Rows
) -> None:
    make_url_job("https://photos.example.com/a.jpg")
    network = FakeNetwork({PUBLIC: [reply(429, retry_after="300")]})
    fetch_all(sessions, storage, network, rounds=2)
    with sessions() as session:
        waiting = session.scalars(select(UrlFetch)).one()
    assert 290 < (waiting.next_at - rows.now()).total_seconds() <= 300
    assert (waiting.attempts, waiting.token) == (1, None)
    assert len(network.connected) == 1


def test_retry_after_is_honoured_for_the_other_photos_of_the_host_at_no_try(
    sessions: SessionFactory, storage: ObjectStorage, make_url_job: UrlJobMaker, rows: Rows
) -> None:
    urls = [f"https://photos.example.com/{n}.jpg" for n in range(50)]
    make_url_job(*urls, "https://slow.example.com/a.jpg")
    answers: dict[str, list[bytes | Exception]] = {
        PUBLIC: [reply(429, retry_after="300")],
        SLOW: [reply(200, PHOTO)],
    }
    network = FakeNetwork(answers)
    fetch_all(sessions, storage, network)
    asked = sum(address == PUBLIC for address, _ in network.connected)
    assert asked <= 4
    with sessions() as session:
        waiting = session.scalars(select(UrlFetch)).all()
    assert len(waiting) == 50
    assert sum(fetch.attempts for fetch in waiting) == asked
    assert all((fetch.next_at - rows.now()).total_seconds() > 290 for fetch in waiting)


def test_a_server_that_never_answers_is_given_up(
    sessions: SessionFactory, storage: ObjectStorage, make_url_job: UrlJobMaker, rows: Rows
) -> None:
    job = make_url_job("https://slow.example.com/a.jpg")
    for _ in range(3):
        fetch_all(sessions, storage, FakeNetwork({SLOW: [reply(504)]}), tries=3)
        due_now(sessions)
    assert codes(rows, job) == ["fetch_failed"]
    assert rows.item(job.items[0]).attempts == 3
    assert rows.job(job.id).status == JobStatus.FAILED


def test_a_job_whose_last_photo_cannot_be_fetched_tells_its_receivers(
    sessions: SessionFactory,
    storage: ObjectStorage,
    make_url_job: UrlJobMaker,
    rows: Rows,
    hooks: Hooks,
) -> None:
    hooks.endpoint("https://example.org/hook", tenant=TENANT)
    job = make_url_job("https://photos.example.com/a.jpg", "https://slow.example.com/b.jpg")
    answers: dict[str, list[bytes | Exception]] = {PUBLIC: [reply(200, PHOTO)], SLOW: [reply(503)]}
    fetch_all(sessions, storage, FakeNetwork(answers), tries=2)
    worker = HandWorker(sessions)
    worker.finish(*worker.claim(job.id))
    worker.close(job.id)
    assert hooks.events() == []
    due_now(sessions)
    fetch_all(sessions, storage, FakeNetwork({SLOW: [reply(503)]}), tries=2)
    assert rows.job(job.id).status == JobStatus.SUCCEEDED
    (event,) = hooks.events()
    assert event.type == EventType.JOB_SUCCEEDED
    assert (event.data["counts"]["succeeded"], event.data["counts"]["failed"]) == (1, 1)


def test_a_server_that_wants_too_much_patience_is_given_up_at_once(
    sessions: SessionFactory, storage: ObjectStorage, make_url_job: UrlJobMaker, rows: Rows
) -> None:
    job = make_url_job("https://photos.example.com/a.jpg")
    fetch_all(sessions, storage, FakeNetwork({PUBLIC: [reply(503, retry_after="86400")]}))
    assert codes(rows, job) == ["fetch_failed"]


def test_an_outage_of_the_bucket_costs_no_try(
    sessions: SessionFactory, storage: ObjectStorage, make_url_job: UrlJobMaker, rows: Rows
) -> None:
    job = make_url_job("https://photos.example.com/a.jpg")
    network = FakeNetwork({PUBLIC: [reply(200, PHOTO)]})
    fetch_all(sessions, BrokenBucket(), network)
    with sessions() as session:
        assert session.scalars(select(UrlFetch.attempts)).one() == 0
    due_now(sessions)
    fetch_all(sessions, storage, network)
    assert rows.item(job.items[0]).sha256 == SHA256


def test_one_begun_too_often_is_given_up_without_another_fetch(
    sessions: SessionFactory,
    storage: ObjectStorage,
    make_url_job: UrlJobMaker,
    rows: Rows,
) -> None:
    job = make_url_job("https://photos.example.com/a.jpg")
    with unit_of_work(sessions) as session:
        session.execute(update(UrlFetch).values(attempts=6))
    network = FakeNetwork({PUBLIC: [reply(200, PHOTO)]})
    fetch_all(sessions, storage, network)
    assert codes(rows, job) == ["fetch_failed"]
    assert network.connected == []
