"""Photos by URL from their rows to their results: a real database and bucket, a fake network."""

import hashlib
import random
import uuid
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any, BinaryIO

import pytest
from sqlalchemy import select, text, update

from services.common.config import FetchSettings
from services.common.db.retrying import PatientDatabase
from services.common.db.session import SessionFactory, unit_of_work
from services.common.db.tables import DoomedObject, Item, Job, UrlFetch
from services.common.domain.errors import TransientError
from services.common.domain.faces import AnalysisOptions
from services.common.domain.ids import new_uuid7
from services.common.domain.jobs import ItemState, JobStatus, Verdict
from services.common.domain.limits import PhotoLimits
from services.common.domain.webhooks import EventType
from services.common.jobs.lifecycle import cancel, erase, retry
from services.common.jobs.queue.closing import close_jobs
from services.common.jobs.queue.repositories.fetches import ClaimedFetch, FetchRepository
from services.common.jobs.queue.repositories.sweeps import SweepRepository
from services.common.jobs.repositories.items import NewItem
from services.common.jobs.submission import Submission, submit
from services.common.storage import ObjectStorage
from services.common.storage_keys import photo_key
from services.common.telemetry import Metrics
from services.ingest.download import Downloader
from services.ingest.fetch_loop import FetchLoop
from services.ingest.fetcher import PhotoBucket, UrlFetcher
from tests.fixtures.factories import MadeJob, Rows
from tests.fixtures.jobs import RULES
from tests.fixtures.network import FakeNames, FakeNetwork, redirect, reply
from tests.fixtures.webhooks import Hooks
from tests.fixtures.working import HandWorker
from tests.integration.worker.conftest import ContextMaker, work

TENANT = "acme"
PUBLIC, SLOW, PRIVATE = "93.184.216.34", "93.184.216.35", "10.0.0.5"
HOSTS = {
    "photos.example.com": [[PUBLIC]],
    "slow.example.com": [[SLOW]],
    "inside.example.com": [[PRIVATE]],
    "mixed.example.com": [[PUBLIC, "127.0.0.1"]],
    "rebinding.example.com": [[PUBLIC], ["127.0.0.1"]],
}
# What the decoder takes for a JPEG is enough for a fake model.
PHOTO = b"\xff\xd8\xff\xe0 a photo of nobody"
SHA256 = hashlib.sha256(PHOTO).digest()


class BrokenBucket:
    def put(self, key: str, _stream: BinaryIO, *, size: int, content_type: str) -> None:
        assert (key, size) == (photo_key(TENANT, SHA256), len(PHOTO)), content_type
        raise TransientError("the object storage is not reachable")


@pytest.fixture
def make_url_job(sessions: SessionFactory) -> Callable[..., MadeJob]:
    def make(*urls: str, tenant: str = TENANT) -> MadeJob:
        items = [
            NewItem(new_uuid7(), url.rpartition("/")[2], None, 0, source_url=url) for url in urls
        ]
        with unit_of_work(sessions) as session:
            job = submit(session, Submission(tenant, items, AnalysisOptions()), rules=RULES).job
            ids = session.scalars(
                select(Item.id).where(Item.job_id == job.id).order_by(Item.seq)
            ).all()
            return MadeJob(job.id, list(ids))

    return make


def fetch_all(
    sessions: SessionFactory,
    bucket: PhotoBucket,
    network: FakeNetwork,
    *,
    rounds: int = 1,
    metrics: Metrics | None = None,
    **settings: Any,
) -> None:
    """Claim and fetch until nothing is due, while this thread waits."""
    chosen = FetchSettings.model_validate({"threads": 2, "interval_s": 0.01, **settings})
    database = PatientDatabase(sessions)
    names = FakeNames({host: list(answers) for host, answers in HOSTS.items()})
    downloader = Downloader(chosen, limits=PhotoLimits(), resolver=names, connector=network)
    fetcher = UrlFetcher(
        database,
        bucket,
        downloader,
        settings=chosen,
        metrics=metrics or Metrics(),
        rng=random.Random(0),
    )
    for _ in range(rounds):
        one = FetchLoop(database, fetcher, settings=chosen)
        while one.step():
            pass
        one.wait()


def due_now(sessions: SessionFactory) -> None:
    """Let the time of every postponed fetch come."""
    with unit_of_work(sessions) as session:
        session.execute(update(UrlFetch).values(next_at=text("now()")))


def claim(
    sessions: SessionFactory, *, limit: int, per_host: int, reserve: int = 0
) -> list[ClaimedFetch]:
    with unit_of_work(sessions) as session:
        return FetchRepository(session).claim(
            limit=limit, token=uuid.uuid4(), lease_s=60, per_host=per_host, reserve=reserve
        )


def codes(rows: Rows, job: MadeJob) -> list[str | None]:
    outcomes = rows.outcomes(job.id)
    return [outcomes[item].error_code if item in outcomes else None for item in job.items]


UrlJobMaker = Callable[..., MadeJob]


def test_a_fetched_photo_is_stored_like_an_uploaded_one_and_analysed(
    sessions: SessionFactory,
    storage: ObjectStorage,
    make_url_job: UrlJobMaker,
    make_context: ContextMaker,
    rows: Rows,
) -> None:
    job = make_url_job("https://photos.example.com/a.jpg", "https://photos.example.com/b.jpg")
    assert work(make_context(), job) == 0  # nothing to claim before they are fetched

    fetch_all(sessions, storage, FakeNetwork({PUBLIC: [reply(200, PHOTO)]}))

    for item in rows.items(job.id):
        assert (item.sha256, item.byte_count) == (SHA256, len(PHOTO))
        assert item.object_key == photo_key(TENANT, SHA256)
        assert storage.get(item.object_key) == PHOTO
        assert (item.state, item.attempts) == (ItemState.READY, 0)
    assert rows.job(job.id).status == JobStatus.RUNNING
    with sessions() as session:
        assert session.scalars(select(UrlFetch)).all() == []
    assert work(make_context(), job) == 2
    assert rows.job(job.id).status in {JobStatus.SUCCEEDED, JobStatus.FAILED}


@pytest.mark.parametrize(
    ("url", "answer"),
    [
        ("https://inside.example.com/a.jpg", b""),
        ("https://mixed.example.com/a.jpg", reply(200, PHOTO)),
        ("https://rebinding.example.com/a.jpg", redirect("/b.jpg")),
        ("https://photos.example.com/a.jpg", redirect("https://127.0.0.1/")),
        ("https://photos.example.com/a.jpg", redirect("https://169.254.169.254/latest/")),
        ("https://photos.example.com/a.jpg", redirect("https://[fd00:ec2::254]/latest/")),
        ("https://photos.example.com/a.jpg", redirect("https://inside.example.com/")),
        ("https://photos.example.com/a.jpg", redirect("http://photos.example.com/")),
    ],
)
def test_what_leads_inside_is_blocked_and_no_connection_is_made(  # noqa: PLR0917 - fixtures
    url: str,
    answer: bytes,
    sessions: SessionFactory,
    storage: ObjectStorage,
    make_url_job: UrlJobMaker,
    rows: Rows,
) -> None:
    job = make_url_job(url)
    network = FakeNetwork({PUBLIC: [answer], PRIVATE: [reply(200, PHOTO)]})
    fetch_all(sessions, storage, network)
    assert codes(rows, job) == ["fetch_blocked"]
    assert rows.job(job.id).status == JobStatus.FAILED
    assert {address for address, _ in network.connected} <= {PUBLIC}
    assert list(storage.list("photos/")) == []


def test_counts_what_became_of_the_urls(
    sessions: SessionFactory, storage: ObjectStorage, make_url_job: UrlJobMaker
) -> None:
    make_url_job("https://photos.example.com/a.jpg", "https://inside.example.com/b.jpg")
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
    job = make_url_job("https://photos.example.com/a.jpg", "https://inside.example.com/b.jpg")
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
                erase(session, TENANT, public_id, annotated_keys=())

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


class TestClaims:
    def test_jobs_take_turns(self, sessions: SessionFactory, make_url_job: UrlJobMaker) -> None:
        large = make_url_job(*[f"https://slow.example.com/{n}.jpg" for n in range(10)])
        small = make_url_job("https://photos.example.com/a.jpg")
        claimed = claim(sessions, limit=4, per_host=8)
        assert sorted(one.job_id for one in claimed) == [large.id] * 3 + [small.id]

    def test_two_fetchers_never_hold_the_same_photo(
        self, sessions: SessionFactory, make_url_job: UrlJobMaker
    ) -> None:
        make_url_job(*[f"https://photos.example.com/{n}.jpg" for n in range(40)])
        with ThreadPoolExecutor(8) as pool:
            claims = list(pool.map(lambda _: claim(sessions, limit=5, per_host=40), range(8)))
        held = [one.item_id for claimed in claims for one in claimed]
        assert len(held) == len(set(held)) == 40

    def test_processes_that_claim_at_once_stay_below_what_a_host_may_take(
        self, sessions: SessionFactory, make_url_job: UrlJobMaker
    ) -> None:
        make_url_job(*[f"https://photos.example.com/{n}.jpg" for n in range(40)])
        with ThreadPoolExecutor(8) as pool:
            claims = list(pool.map(lambda _: claim(sessions, limit=3, per_host=4), range(8)))
        assert sum(map(len, claims)) == 4

    def test_a_host_that_has_enough_does_not_hide_the_others_of_its_job(
        self, sessions: SessionFactory, make_url_job: UrlJobMaker
    ) -> None:
        slow = [f"https://slow.example.com/{n}.jpg" for n in range(200)]
        make_url_job(*slow, "https://photos.example.com/a.jpg", "https://PHOTOS.example.com./b.jpg")
        hosts = Counter(one.host for one in claim(sessions, limit=16, per_host=4))
        assert hosts == {"slow.example.com": 4, "photos.example.com": 2}
        assert claim(sessions, limit=16, per_host=4) == []

    def test_two_jobs_on_one_host_share_what_it_may_take(
        self, sessions: SessionFactory, make_url_job: UrlJobMaker
    ) -> None:
        urls = [f"https://photos.example.com/{n}.jpg" for n in range(10)]
        first, second = make_url_job(*urls), make_url_job(*urls, tenant="other")
        held = Counter(one.job_id for one in claim(sessions, limit=16, per_host=4))
        assert held == {first.id: 2, second.id: 2}

    def test_one_tenants_slow_hosts_leave_threads_to_the_others(
        self, sessions: SessionFactory, make_url_job: UrlJobMaker
    ) -> None:
        """2,000 photos on 500 hosts, in three jobs, come first; another tenant's come later."""
        for part in range(3):
            make_url_job(*[f"https://h{n % 500}.example/{part}-{n}.jpg" for n in range(667)])
        greedy = claim(sessions, limit=16, per_host=4, reserve=2)
        assert len(greedy) == 14
        assert claim(sessions, limit=2, per_host=4, reserve=2) == []
        modest = make_url_job("https://photos.example.com/a.jpg", tenant="other")
        assert [one.job_id for one in claim(sessions, limit=2, per_host=4, reserve=2)] == [
            modest.id
        ]

    def test_who_holds_least_goes_first(
        self, sessions: SessionFactory, make_url_job: UrlJobMaker
    ) -> None:
        make_url_job(*[f"https://h{n}.example/a.jpg" for n in range(20)])
        assert len(claim(sessions, limit=6, per_host=4)) == 6
        modest = make_url_job(*[f"https://i{n}.example/a.jpg" for n in range(20)], tenant="other")
        assert {one.job_id for one in claim(sessions, limit=6, per_host=4)} == {modest.id}

    def test_a_lease_is_renewed(self, sessions: SessionFactory, make_url_job: UrlJobMaker) -> None:
        make_url_job("https://photos.example.com/a.jpg")
        token = uuid.uuid4()
        with unit_of_work(sessions) as session:
            FetchRepository(session).claim(limit=1, token=token, lease_s=0, per_host=4)
        with unit_of_work(sessions) as session:
            assert FetchRepository(session).renew([token], lease_s=60) == 1
        assert claim(sessions, limit=1, per_host=4) == []

    def test_a_lease_that_ran_out_is_claimed_again_and_the_late_one_writes_nothing(
        self, sessions: SessionFactory, make_url_job: UrlJobMaker, rows: Rows
    ) -> None:
        job = make_url_job("https://photos.example.com/a.jpg")
        late, new = uuid.uuid4(), uuid.uuid4()
        with unit_of_work(sessions) as session:
            FetchRepository(session).claim(limit=1, token=late, lease_s=0, per_host=8)
        with unit_of_work(sessions) as session:
            [again] = FetchRepository(session).claim(limit=1, token=new, lease_s=60, per_host=8)
        assert again.attempts == 2
        with unit_of_work(sessions) as session:
            assert not FetchRepository(session).postpone(job.items[0], token=late, delay_s=0)
        assert rows.item(job.items[0]).state == ItemState.READY

    def test_nothing_of_a_cancelled_or_expired_job_is_claimed(
        self, sessions: SessionFactory, make_url_job: UrlJobMaker, rows: Rows
    ) -> None:
        cancelled = make_url_job("https://photos.example.com/a.jpg")
        expired = make_url_job("https://photos.example.com/b.jpg")
        with unit_of_work(sessions) as session:
            cancel(session, TENANT, rows.job(cancelled.id).public_id)
            session.execute(
                update(Job)
                .where(Job.id == expired.id)
                .values(expires_at=datetime(2026, 1, 1, tzinfo=UTC))
            )
        assert claim(sessions, limit=9, per_host=8) == []

    def test_what_is_given_back_counts_no_try(
        self, sessions: SessionFactory, make_url_job: UrlJobMaker
    ) -> None:
        make_url_job("https://photos.example.com/a.jpg")
        token = uuid.uuid4()
        with unit_of_work(sessions) as session:
            FetchRepository(session).claim(limit=1, token=token, lease_s=60, per_host=8)
        with unit_of_work(sessions) as session:
            assert FetchRepository(session).release([token]) == 1
        with unit_of_work(sessions) as session:
            [again] = FetchRepository(session).claim(limit=1, token=token, lease_s=60, per_host=8)
        assert again.attempts == 1

    def test_one_begun_too_often_is_given_up_without_another_fetch(
        self,
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
