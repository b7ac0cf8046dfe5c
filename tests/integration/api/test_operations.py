"""Probes, metrics, limits, ids of requests, unknown paths."""

import re
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from services.common.config import Settings
from services.common.db import connections
from services.common.db.session import SessionFactory, unit_of_work
from services.common.db.tables import Worker
from services.common.domain.ids import new_uuid7
from services.common.jobs.repositories.items import NewItem
from services.common.jobs.submission import Submission, submit
from services.common.storage import build_storage
from tests.fixtures.jobs import RULES
from tests.fixtures.serving import Api, RecordingNotifier, StartApi, assert_problem
from tests.fixtures.settings import SettingsMaker


def add_worker(
    sessions: SessionFactory,
    *,
    kind: str = "cpu",
    age_s: float = 1,
    model: str | None = "m-1",
    **current: object,
) -> None:
    with unit_of_work(sessions) as session:
        session.add(
            Worker(
                id=new_uuid7(),
                kind=kind,
                host="h",
                pid=1,
                model_version=model,
                current=current,
                beat_at=datetime.now(UTC) - timedelta(seconds=age_s),
            )
        )


class TestReadiness:
    def test_is_ready_with_everything_and_needs_no_key(
        self, api: Api, sessions: SessionFactory
    ) -> None:
        add_worker(sessions)
        response = api.anonymous().get("/readyz")
        assert response.status_code == 200, response.text
        body = response.json()
        assert body["status"] == "ready"
        assert set(body["checks"]) == {"database", "broker", "bucket", "worker"}

    @pytest.mark.parametrize(
        ("age_s", "model"), [(60.0, "m-1"), (1.0, None)], ids=["silent", "without model"]
    )
    def test_wants_a_live_worker_with_a_model(
        self, api: Api, sessions: SessionFactory, age_s: float, model: str | None
    ) -> None:
        add_worker(sessions, age_s=age_s, model=model)
        response = api.anonymous().get("/readyz")
        assert response.status_code == 503
        red = {name for name, check in response.json()["checks"].items() if not check["ok"]}
        assert red == {"worker"}

    @pytest.mark.parametrize(
        ("kind", "age_s", "warned"),
        [("ingest", 1.0, False), ("ingest", 60.0, True), ("cpu", 1.0, True)],
        ids=["alive", "silent", "only workers"],
    )
    def test_warns_when_photos_by_url_wait_and_nobody_fetches(
        self, api: Api, sessions: SessionFactory, *, kind: str, age_s: float, warned: bool
    ) -> None:
        add_worker(sessions)
        add_worker(sessions, kind=kind, age_s=age_s, model=None)
        assert api.anonymous().get("/readyz").json()["warnings"] == []
        photo = NewItem(new_uuid7(), "a.jpg", None, 0, source_url="https://photos.example.com/a")
        with unit_of_work(sessions) as session:
            submit(session, Submission("acme", [photo]), rules=RULES)
        response = api.anonymous().get("/readyz")
        assert response.status_code == 200  # uploads work: no reason to take the API away
        assert ["ingest" in said for said in response.json()["warnings"]] == [True] * warned

    def test_tells_which_part_is_red(
        self, start_api: StartApi, make_settings: SettingsMaker, sessions: SessionFactory
    ) -> None:
        add_worker(sessions)
        settings = make_settings()
        lost = settings.storage.model_copy(update={"bucket": "not-there"})
        api = start_api(
            settings, notifier=RecordingNotifier(well=False), storage=build_storage(lost)
        )
        checks = api.anonymous().get("/readyz").json()["checks"]
        assert {name for name, check in checks.items() if not check["ok"]} == {"broker", "bucket"}

    def test_names_a_broker_that_is_too_old(
        self, start_api: StartApi, make_settings: SettingsMaker
    ) -> None:
        sentence = "Redis is too old: 6.2 is the oldest that is supported"
        api = start_api(make_settings(), notifier=RecordingNotifier(well=False, unfit=sentence))
        check = api.anonymous().get("/readyz").json()["checks"]["broker"]
        assert check == {"ok": False, "detail": sentence}

    def test_names_a_postgres_that_is_too_old(
        self,
        start_api: StartApi,
        make_settings: SettingsMaker,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        api = start_api(make_settings())
        monkeypatch.setattr(connections, "OLDEST_POSTGRES", 1_000)
        api.state.engine.dispose()
        check = api.anonymous().get("/readyz").json()["checks"]["database"]
        assert not check["ok"]
        assert "is too old: 1000 is the oldest that is supported" in check["detail"]

    def test_is_red_and_not_broken_without_a_database(
        self, start_api: StartApi, make_settings: SettingsMaker
    ) -> None:
        url = "postgresql+psycopg://hfer:secret@127.0.0.1:1/hfer"
        api = start_api(make_settings(database={"url": url}, api={"admin_key": "k" * 24}))
        response = api.anonymous().get("/readyz")
        assert response.status_code == 503
        assert not response.json()["checks"]["database"]["ok"]
        assert "secret" not in response.text
        assert api.anonymous().get("/healthz").json() == {"status": "ok"}


class TestRequestId:
    def test_is_minted_for_each_request(self, client: httpx.Client) -> None:
        ids = {client.get("/v1/limits").headers["x-request-id"] for _ in range(2)}
        assert len(ids) == 2

    def test_is_echoed_also_with_a_problem(self, client: httpx.Client) -> None:
        response = client.get("/nowhere", headers={"X-Request-Id": "my-id.1"})
        assert assert_problem(response, 404, "not-found")["request_id"] == "my-id.1"

    @pytest.mark.parametrize("bad", ["", "a b", "x" * 129, 'a"b', "\xe9"])
    def test_is_not_echoed_when_it_could_do_harm(self, client: httpx.Client, bad: str) -> None:
        headers = {b"X-Request-Id": bad.encode("latin-1")}
        response = client.get("/v1/limits", headers=headers)
        assert re.fullmatch("[0-9a-f]{32}", response.headers["x-request-id"])

    def test_is_the_trace_id_of_a_traceparent(self, client: httpx.Client) -> None:
        trace = "0af7651916cd43dd8448eb211c80319c"
        header = {"traceparent": f"00-{trace}-b7ad6b7169203331-01"}
        assert client.get("/v1/limits", headers=header).headers["x-request-id"] == trace
        void = {"traceparent": f"00-{'0' * 32}-b7ad6b7169203331-01"}
        assert client.get("/v1/limits", headers=void).headers["x-request-id"] != "0" * 32


class TestFrameworkErrors:
    @pytest.mark.parametrize("url", ["/", "/v1", "/v1/job", "/docs/x", "/v1/jobs/a/b/c/d"])
    def test_an_unknown_path_is_a_problem(self, client: httpx.Client, url: str) -> None:
        assert_problem(client.get(url), 404, "not-found")

    @pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
    def test_a_wrong_method_is_a_problem_with_the_right_ones(
        self, client: httpx.Client, method: str
    ) -> None:
        response = client.request(method, "/v1/limits")
        assert_problem(response, 405, "method-not-allowed")
        assert "GET" in response.headers["allow"]

    def test_a_problem_type_explains_itself(self, client: httpx.Client) -> None:
        problem = client.get("/v1/jobs/x").json()
        page = client.get(problem["type"]).json()
        assert (page["status"], page["title"]) == (404, problem["title"])
        assert_problem(client.get("/problems/nonsense"), 404, "not-found")


class TestMetrics:
    def test_count_requests_by_route_and_not_by_path(self, api: Api, client: httpx.Client) -> None:
        client.get("/v1/jobs/job_1")
        client.get("/v1/jobs/job_2")
        client.get("/nowhere/1")
        client.request("BREW", "/v1/jobs")
        text = api.anonymous().get("/metrics").text
        assert (
            'hfer_http_requests_total{method="GET",route="/v1/jobs/{job_id}",status="404"} 2.0'
            in text
        )
        assert 'route="unmatched"' in text
        assert "nowhere" not in text
        assert "BREW" not in text

    def test_count_photos_and_jobs(self, api: Api, client: httpx.Client) -> None:
        client.post("/v1/jobs", files={"files": ("a.jpg", b"12345")})
        assert api.state.metrics.value("hfer_upload_bytes_total") == 5
        assert api.state.metrics.value("hfer_jobs_total", event="submitted") == 1


class TestLimits:
    def test_list_the_formats_that_api_and_every_live_worker_read(
        self, start_api: StartApi, make_settings: SettingsMaker, sessions: SessionFactory
    ) -> None:
        settings = make_settings(photos={"formats": ["JPEG", "PNG", "HEIC", "GIF"]})
        client = start_api(settings).client()
        assert client.get("/v1/limits").json()["formats"] == ["JPEG", "PNG", "HEIC", "GIF"]
        for formats in (["JPEG", "PNG", "HEIC", "AVIF"], ["JPEG", "PNG", "AVIF", "GIF"]):
            add_worker(sessions, formats=formats)
        add_worker(sessions)  # of a version that does not tell
        assert client.get("/v1/limits").json()["formats"] == ["JPEG", "PNG"]

    def test_are_those_that_hold(self, client: httpx.Client) -> None:
        limits = client.get("/v1/limits").json()
        assert (limits["photo_bytes"], limits["request_files"]) == (40_000_000, 2_000)
        assert limits["request_bytes"] == 1_000_000_000
        assert (limits["bundle_bytes"], limits["bundle_files"]) == (1_000_000_000, 32)
        assert limits["emotions"][0] == "surprise"
        assert limits["default_config"]["top_n"] == 3


class TestVersion:
    def test_is_told_to_anyone(self, api: Api, settings: Settings) -> None:
        assert settings.environment == "dev"
        assert api.anonymous().get("/version").json()["api"] == "v1"
