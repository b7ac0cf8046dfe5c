"""Listening to a job over real HTTP: order, resume, limits, outages, and the end."""

import time
from collections.abc import Callable
from itertools import takewhile
from typing import Any

import httpx
import pytest
from redis import Redis
from sqlalchemy import Engine, select, text

from services.api.events.watch import JobWatch, build_watch
from services.common.config import Settings
from services.common.db.session import SessionFactory, unit_of_work
from services.common.db.tables import Job
from services.common.domain.errors import ItemError, ItemErrorCode
from services.common.domain.ids import IdKind, format_id, new_uuid7
from services.common.jobs.events import FINAL_EVENT
from tests.fixtures.factories import JobMaker, MadeJob
from tests.fixtures.serving import Api, StartApi, assert_problem
from tests.fixtures.streams import Event, Stream, listening
from tests.fixtures.working import HandWorker

BAD = ItemError(ItemErrorCode.DECODE_FAILED, "Save it again.")
FINAL = str(FINAL_EVENT)


@pytest.fixture
def worker(sessions: SessionFactory) -> HandWorker:
    return HandWorker(sessions)


@pytest.fixture
def make_ours(make_job: JobMaker) -> Callable[[int], MadeJob]:
    return lambda photos: make_job(photos, tenant="default")


def public_id(sessions: SessionFactory, job: MadeJob) -> str:
    with unit_of_work(sessions) as session:
        value = session.scalar(select(Job.public_id).where(Job.id == job.id))
    assert value is not None
    return format_id(IdKind.JOB, value)


def until(stream: Stream, kind: str) -> list[Event]:
    """Read up to and with the first event of a kind."""
    seen = []
    for event in stream:
        seen.append(event)
        if event.kind == kind:
            return seen
    raise AssertionError(f"the stream ended without {kind}: {seen}")


def names(events: list[Event]) -> list[str]:
    return [event.data["filename"] for event in events if event.kind == "item.finished"]


class TestStream:
    def test_tells_results_as_they_come_and_ends_with_the_job(
        self, sessions: SessionFactory, client: httpx.Client, make_ours: Any, worker: HandWorker
    ) -> None:
        job = make_ours(3)
        worker.claim(job.id)
        with listening(client, public_id(sessions, job)) as stream:
            headers = stream.response.headers
            assert headers["content-type"].startswith("text/event-stream")
            assert headers["x-accel-buffering"] == "no"
            assert headers["cache-control"] == "no-store"
            first = next(stream)
            assert (first.kind, first.id) == ("job.progress", None)
            assert first.data["counts"]["running"] == 3
            assert stream.retry == 3000
            worker.finish(job.items[2])
            photo = next(stream)
            assert (photo.kind, photo.data["index"]) == ("item.finished", 2)
            assert sum(photo.data["faces"][0]["emotions"].values()) == pytest.approx(1, abs=1e-5)
            worker.finish(job.items[0], job.items[1], result=BAD)
            worker.close(job.id)
            rest = list(stream)
        items = [event for event in rest if event.kind == "item.finished"]
        assert [event.data["error"]["code"] for event in items] == ["decode_failed"] * 2
        assert rest[-1].kind == "job.finished"
        assert rest[-1].data == client.get(f"/v1/jobs/{rest[-1].data['id']}").json()
        told = [photo, *items]
        assert [event.id for event in told] == [event.data["item_id"] for event in told]
        assert rest[-1].id == FINAL

    def test_goes_on_after_the_last_event_without_loss_or_repeats(
        self, sessions: SessionFactory, client: httpx.Client, make_ours: Any, worker: HandWorker
    ) -> None:
        job = make_ours(250)
        job_id = public_id(sessions, job)
        worker.claim(job.id)
        for start in range(0, 250, 50):
            worker.finish(*job.items[start : start + 50])
        worker.close(job.id)
        seen: list[str] = []
        after = None
        for stop in (1, 99, 100, 1, 1_000):
            with listening(client, job_id, after=after) as stream:
                for count, event in enumerate(stream, 1):
                    if event.id:
                        after = event.id
                    seen += names([event])
                    if count == stop:
                        break
        assert seen == [f"{seq}.jpg" for seq in range(250)]
        assert after == FINAL

    @pytest.mark.parametrize("number", ["1", str(9_000 << 20)])
    def test_begins_anew_for_a_number_of_earlier_events(
        self,
        sessions: SessionFactory,
        client: httpx.Client,
        make_ours: Any,
        worker: HandWorker,
        number: str,
    ) -> None:
        """Else whoever tries numbers learns how many transactions everybody has."""
        job = make_ours(2)
        worker.claim(job.id)
        worker.finish(*job.items)
        worker.close(job.id)
        with listening(client, public_id(sessions, job), after=number) as stream:
            assert names(list(stream)) == ["0.jpg", "1.jpg"]

    def test_answers_204_to_one_who_has_it_all(
        self, sessions: SessionFactory, client: httpx.Client, make_ours: Any
    ) -> None:
        job_id = public_id(sessions, make_ours(1))
        answer = client.get(f"/v1/jobs/{job_id}/events", headers={"Last-Event-ID": FINAL})
        assert (answer.status_code, answer.content) == (204, b"")

    def test_waits_for_an_older_transaction_and_skips_none(
        self, sessions: SessionFactory, client: httpx.Client, make_ours: Any, worker: HandWorker
    ) -> None:
        job = make_ours(2)
        worker.claim(job.id)
        with listening(client, public_id(sessions, job)) as stream:
            with worker.finishing(job.items[0]):
                worker.finish(job.items[1])
                seen = list(takewhile(lambda event: event.data["progress"] < 0.5, stream))
                assert not names(seen)
            worker.close(job.id)
            assert names(list(stream)) == ["0.jpg", "1.jpg"]

    def test_tells_of_cancellation_by_counts(
        self, sessions: SessionFactory, client: httpx.Client, make_ours: Any, worker: HandWorker
    ) -> None:
        job = make_ours(2)
        job_id = public_id(sessions, job)
        with listening(client, job_id) as stream:
            next(stream)
            client.post(f"/v1/jobs/{job_id}/cancel")
            with unit_of_work(sessions) as session:
                session.execute(text("UPDATE item SET state = 3"))
            worker.close(job.id)
            last = list(stream)[-1]
        assert (last.kind, last.data["status"]) == ("job.finished", "cancelled")

    def test_works_while_redis_is_wiped(
        self,
        sessions: SessionFactory,
        client: httpx.Client,
        make_ours: Any,
        worker: HandWorker,
        redis_admin_url: str,
    ) -> None:
        job = make_ours(1)
        worker.claim(job.id)
        with listening(client, public_id(sessions, job)) as stream:
            with Redis.from_url(redis_admin_url) as redis:
                redis.flushall()
            worker.finish(*job.items)
            worker.close(job.id)
            assert names(until(stream, "job.finished")) == ["0.jpg"]

    def test_ends_when_the_job_is_erased_and_says_gone_afterwards(
        self, sessions: SessionFactory, client: httpx.Client, make_ours: Any
    ) -> None:
        job_id = public_id(sessions, make_ours(1))
        with listening(client, job_id) as stream:
            next(stream)
            client.delete(f"/v1/jobs/{job_id}")
            assert list(stream) == []
        assert_problem(client.get(f"/v1/jobs/{job_id}/events"), 410, "gone")


class TestRefusals:
    def test_another_tenants_job_is_not_found(
        self, sessions: SessionFactory, api: Api, make_ours: Any
    ) -> None:
        path = f"/v1/jobs/{public_id(sessions, make_ours(1))}/events"
        assert_problem(api.client(tenant="other").get(path), 404, "not-found")
        assert_problem(api.anonymous().get(path), 401, "unauthenticated")

    @pytest.mark.parametrize("wrong", ["x", "-1", "1.5", "9" * 19, "1" * 400, "itm_" + "0" * 32])
    def test_refuses_an_id_of_nobody(
        self, sessions: SessionFactory, client: httpx.Client, make_ours: Any, wrong: str
    ) -> None:
        path = f"/v1/jobs/{public_id(sessions, make_ours(1))}/events"
        body = assert_problem(client.get(path, headers={"Last-Event-ID": wrong}), 422, "validation")
        assert body["errors"][0]["pointer"] == "#/header/last-event-id"

    def test_bounds_the_listeners_of_a_tenant_and_frees_places(
        self, sessions: SessionFactory, start_api: StartApi, settings: Settings, make_ours: Any
    ) -> None:
        api = start_api(settings, watch=build_watch(sessions, per_tenant=2))
        client, job_id = api.client(), public_id(sessions, make_ours(1))
        path = f"/v1/jobs/{job_id}/events"
        with listening(client, job_id) as one, listening(client, job_id) as two:
            next(one)
            next(two)
            answer = client.get(path)
            assert_problem(answer, 429, "rate-limited")
            assert answer.headers["retry-after"]
            missing = f"/v1/jobs/{format_id(IdKind.JOB, new_uuid7())}/events"
            assert api.client(tenant="other").get(missing).status_code == 404
        wait_for(lambda: api.state.watch.listeners == 0)
        with listening(client, job_id) as stream:
            next(stream)


class TestResources:
    def test_idle_listeners_hold_no_connection(
        self, sessions: SessionFactory, start_api: StartApi, settings: Settings, make_ours: Any
    ) -> None:
        looks: list[float] = []
        watch = counted(build_watch(sessions, per_tenant=50), looks)
        api = start_api(settings, watch=watch)
        client, job_id = api.client(), public_id(sessions, make_ours(1))
        streams = [listening(client, job_id) for _ in range(12)]  # more than connections
        opened = [stream.__enter__() for stream in streams]
        for stream in opened:
            next(stream)
        before = len(looks)
        wait_for(lambda: len(looks) >= before + 2)
        # Only the look itself takes one, for a moment.
        wait_for(lambda: api.state.engine.pool.checkedout() == 0)  # type: ignore[attr-defined]
        assert client.get(f"/v1/jobs/{job_id}").status_code == 200
        for stream in streams:
            stream.__exit__(None, None, None)

    def test_stays_open_while_the_database_is_away(
        self,
        sessions: SessionFactory,
        engine: Engine,
        api: Api,
        make_ours: Any,
        worker: HandWorker,
    ) -> None:
        job = make_ours(2)
        worker.claim(job.id)
        with listening(api.client(), public_id(sessions, job)) as stream:
            next(stream)
            with engine.begin() as connection:
                connection.execute(
                    text(
                        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
                    )
                )
            worker.finish(*job.items)
            worker.close(job.id)
            assert names(list(stream)) == ["0.jpg", "1.jpg"]


def counted(watch: JobWatch, looks: list[float]) -> JobWatch:
    """Note the time of each look."""
    inner = watch._look

    def look(jobs: Any) -> Any:
        looks.append(time.monotonic())
        return inner(jobs)

    watch._look = look
    return watch


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 40
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)
