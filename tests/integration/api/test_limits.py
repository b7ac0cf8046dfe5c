"""Limits of keys and tenants over HTTP: two processes, and without Redis."""

import threading
import time
from collections.abc import Iterator

import httpx
import pytest

from services.api.state import build_counters
from services.common.db.session import SessionFactory, unit_of_work
from services.common.domain.jobs import ItemStatus
from services.common.domain.tenants import TenantLimits, TenantPolicy
from services.common.keys.service import Scope
from services.common.limiting.redis_counters import RedisCounters
from services.common.telemetry import Metrics
from services.common.tenants.repositories.policies import TenantPolicyRepository
from tests.fixtures.fleet import wait_until
from tests.fixtures.jobs import seed_job
from tests.fixtures.serving import Api, StartApi, assert_problem, files
from tests.fixtures.settings import SettingsMaker


def allow(sessions: SessionFactory, **limits: int) -> None:
    with unit_of_work(sessions) as session:
        policy = TenantPolicy("default", limits=TenantLimits(**limits))
        TenantPolicyRepository(session).put(policy)


class TestRequests:
    def test_of_two_processes_are_counted_together(
        self, start_api: StartApi, make_settings: SettingsMaker
    ) -> None:
        settings = make_settings(limits={"requests_per_second": 1})
        first, second = start_api(settings), start_api(settings)
        client = first.client()
        other = second.client(key=client.headers["Authorization"].removeprefix("Bearer "))
        begun = time.monotonic()
        answers = [one.get("/v1/jobs") for one in (client, other) * 10]
        refused = [answer for answer in answers if answer.status_code == 429]
        # Each for itself would serve one more; a slow test is allowed more, and still is refused.
        assert 1 <= len(answers) - len(refused) <= 1 + (time.monotonic() - begun)
        assert {answer.status_code for answer in answers} == {200, 429}
        body = assert_problem(refused[0], 429, "rate-limited")
        assert (body["limit_name"], body["limit"], body["used"]) == ("requests_per_second", 1, 1)
        assert refused[0].headers["retry-after"] == "1"
        for answer in answers:
            assert answer.headers["ratelimit-policy"] == '"requests_per_second";q=1;w=1'
            assert answer.headers["ratelimit"].startswith('"requests_per_second";r=0;t=')

    def test_without_a_limit_nothing_is_counted(self, api: Api) -> None:
        answer = api.client().get("/v1/jobs")
        assert "ratelimit" not in answer.headers

    def test_heads_of_answers_tell_it_too(
        self, start_api: StartApi, make_settings: SettingsMaker
    ) -> None:
        client = start_api(make_settings(limits={"requests_per_second": 9})).client()
        assert "ratelimit-policy" in client.head("/v1/jobs").headers

    def test_where_redis_is_away_everything_is_served(
        self, start_api: StartApi, make_settings: SettingsMaker
    ) -> None:
        settings = make_settings(limits={"requests_per_second": 1})
        broken = settings.model_copy(
            update={
                "broker": settings.broker.model_copy(
                    update={"url": type(settings.broker)(url="redis://127.0.0.1:1/0").url}
                )
            }
        )
        metrics = Metrics()
        api = start_api(settings, counters=build_counters(broken, metrics))
        client = api.client()
        assert [client.get("/v1/jobs").status_code for _ in range(3)] == [200, 200, 200]
        assert metrics.registry.get_sample_value("hfer_uncounted_requests_total") == 3


class TestUploads:
    @pytest.fixture
    def held(self, sessions: SessionFactory, api: Api) -> Iterator[httpx.Client]:
        """A client whose key sends one body, as it may, and ends it with the test."""
        allow(sessions, open_uploads=1)
        client, ended = api.client(), threading.Event()

        def body() -> Iterator[bytes]:
            yield b'--b\r\nContent-Disposition: form-data; name="files"; filename="a"\r\n\r\n'
            ended.wait(60)
            yield b"photo\r\n--b--\r\n"

        kind = {"Content-Type": "multipart/form-data; boundary=b"}
        answers: list[httpx.Response] = []
        thread = threading.Thread(
            target=lambda: answers.append(client.post("/v1/jobs", content=body(), headers=kind))
        )
        thread.start()
        counters = api.state.counters
        assert isinstance(counters, RedisCounters)
        wait_until(lambda: bool(counters._held), timeout_s=60, what="the body is being read")
        yield client
        ended.set()
        thread.join(60)
        assert [answer.status_code for answer in answers] == [202]

    def test_one_more_than_may_is_refused_at_once(self, held: httpx.Client, api: Api) -> None:
        answer = held.post("/v1/jobs", files=files(b"one"))
        body = assert_problem(answer, 429, "rate-limited")
        assert (body["limit_name"], body["limit"], body["used"]) == ("open_uploads", 1, 1)
        assert answer.headers["retry-after"]
        assert_problem(held.post("/v1/uploads", json={"files": []}), 429, "rate-limited")
        assert held.get("/v1/jobs").status_code == 200
        assert api.client().post("/v1/jobs", files=files(b"one")).status_code == 202


class TestStreams:
    def test_one_more_than_may_is_refused(self, sessions: SessionFactory, api: Api) -> None:
        allow(sessions, open_streams=1)
        with unit_of_work(sessions) as session:
            job = seed_job(session, [ItemStatus.QUEUED])
        client = api.client()
        path = f"/v1/jobs/job_{job.job.public_id.hex}/events"
        with client.stream("GET", path) as stream:
            assert stream.status_code == 200
            body = assert_problem(client.get(path), 429, "rate-limited")
            assert (body["limit_name"], body["used"]) == ("open_streams", 1)


class TestLimits:
    def test_tell_those_of_the_caller(self, sessions: SessionFactory, api: Api) -> None:
        before = api.client().get("/v1/limits").json()
        assert (before["open_photos"], before["open_uploads"]) == (200_000, 256)
        assert (before["requests_per_second"], before["photos_per_day"]) == (0, 0)
        allow(sessions, open_photos=7, open_uploads=0, stored_bytes=10**12)
        after = api.client().get("/v1/limits").json()
        assert (after["open_photos"], after["open_uploads"]) == (7, 0)
        assert after["stored_bytes"] == 10**12
        assert api.client(tenant="other").get("/v1/limits").json() == before

    def test_of_a_tenant_hold_at_every_door(self, sessions: SessionFactory, api: Api) -> None:
        allow(sessions, photos_per_day=1)
        client = api.client(Scope.JOBS_WRITE)
        two = client.post("/v1/jobs", files=files(b"one", b"two"))
        body = assert_problem(two, 429, "rate-limited")
        assert (body["limit_name"], body["limit"], body["used"]) == ("photos_per_day", 1, 0)
        assert 0 < int(two.headers["retry-after"]) <= 86_400
        assert client.post("/v1/jobs", files=files(b"one")).status_code == 202
        declared = {"files": [{"filename": "a.jpg", "sha256": "0" * 64, "size": 5}]}
        for path, sent in (
            ("/v1/uploads", declared),
            ("/v1/jobs", {"inputs": [{"url": "https://photos.example.com/a.jpg"}]}),
        ):
            assert_problem(client.post(path, json=sent), 429, "rate-limited")
