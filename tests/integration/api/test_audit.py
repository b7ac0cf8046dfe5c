"""Who did what, told back by `GET /v1/audit`."""

import csv
import io
import json
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
import structlog
from cryptography.fernet import Fernet
from sqlalchemy import select

from services.common.audit.actions import Action
from services.common.audit.service import record
from services.common.db.audit_tables import AuditEntry
from services.common.db.session import SessionFactory, unit_of_work
from services.common.domain.ids import IdKind, format_id
from services.common.domain.jobs import ItemStatus
from services.common.keys.service import Principal, Scope
from tests.fixtures.jobs import SeededJob, make_key, seed_job
from tests.fixtures.paper_bundles import bundle_parts, paper_bundle
from tests.fixtures.serving import Api, StartApi, assert_problem, files
from tests.fixtures.settings import SettingsMaker

DONE, FAILED, READY = ItemStatus.SUCCEEDED, ItemStatus.FAILED, ItemStatus.QUEUED
NO_JOB = f"job_{'0' * 32}"

Told = tuple[str, str | None, str | None]


def seed(sessions: SessionFactory, *statuses: ItemStatus, **columns: Any) -> str:
    with unit_of_work(sessions) as session:
        seeded: SeededJob = seed_job(session, statuses, **columns)
        return format_id(IdKind.JOB, seeded.job.public_id)


def told(admin: httpx.Client, key: httpx.Client | None = None, **query: str) -> list[Told]:
    """Action, object and problem of entries, of a key's or of all, oldest first; no first use."""
    if key is not None:
        query["key"] = key.get("/v1/api-keys/current").json()["id"]
    page = admin.get("/v1/audit", params={"limit": "200", **query}).json()["data"]
    entries = [(entry["action"], entry["object"], entry["code"]) for entry in page]
    return [entry for entry in reversed(entries) if entry[0] != Action.KEY_FIRST_USED]


@pytest.fixture
def admin(api: Api) -> httpx.Client:
    return api.client(Scope.ADMIN, tenant="operators")


class TestActs:
    def test_what_is_done_to_jobs(
        self, client: httpx.Client, admin: httpx.Client, sessions: SessionFactory
    ) -> None:
        photo = {"files": ("a.jpg", b"\xff\xd8 no photo")}
        made = client.post("/v1/jobs", files=photo, headers={"Idempotency-Key": "k"}).json()["id"]
        again = client.post("/v1/jobs", files=photo, headers={"Idempotency-Key": "k"})
        assert again.headers["Idempotency-Replayed"] == "true"
        failed = seed(sessions, DONE, FAILED)
        running = seed(sessions, READY)
        assert client.post(f"/v1/jobs/{running}/cancel").status_code == 202
        assert client.get(f"/v1/jobs/{failed}/results", params={"format": "csv"}).is_success
        assert client.get(f"/v1/jobs/{failed}/artifacts").is_success
        assert client.get(f"/v1/jobs/{failed}/items").is_success
        assert client.delete(f"/v1/jobs/{failed}").status_code == 204
        assert client.delete(f"/v1/jobs/{failed}").status_code == 204
        file = {"filename": "a.jpg", "size": 5, "sha256": "0" * 64}
        upload = client.post("/v1/uploads", json={"files": [file]}).json()["id"]
        given_up = client.post("/v1/uploads", json={"files": [file]}).json()["id"]
        sealed = client.post("/v1/jobs", json={"upload_id": upload}).json()["id"]
        for _ in range(2):
            assert client.delete(f"/v1/uploads/{given_up}").status_code == 204
        assert told(admin, client) == [
            ("job.submitted", made, None),
            ("job.cancelled", running, None),
            ("results.downloaded", failed, None),
            ("pictures.downloaded", failed, None),
            ("job.erased", failed, None),
            ("upload.begun", upload, None),
            ("upload.begun", given_up, None),
            ("job.submitted", sealed, None),
            ("upload.erased", given_up, None),
        ]

    def test_what_is_done_to_keys(self, api: Api, admin: httpx.Client) -> None:
        made = admin.post("/v1/api-keys", json={"name": "batch", "scopes": ["jobs:read"]}).json()
        user = api.client(key=made["secret"])
        for _ in range(2):
            assert user.get("/v1/jobs").is_success
        assert admin.delete(f"/v1/api-keys/{made['id']}").status_code == 204
        about = admin.get("/v1/audit", params={"object": made["id"]}).json()["data"]
        assert [(entry["action"], entry["key_name"]) for entry in reversed(about)] == [
            ("key.made", "a test's"),
            ("key.first_used", "batch"),
            ("key.revoked", "a test's"),
        ]

    def test_what_is_done_to_models(self, admin: httpx.Client) -> None:
        parts = bundle_parts(paper_bundle())
        model = admin.post("/v1/models", files=parts).json()["id"]
        assert admin.post(f"/v1/models/{model}/activate").is_success
        refused = admin.put("/v1/models/canary", json={"model": model, "share": 0.5})
        assert_problem(refused, 409, "canary-is-active")
        assert admin.delete("/v1/models/canary").status_code == 204
        assert_problem(admin.post("/v1/models/rollback"), 409, "nothing-to-roll-back")
        assert told(admin, admin) == [
            ("model.published", model, None),
            ("model.activated", model, None),
            ("canary.started", None, "canary-is-active"),
            ("canary.stopped", None, None),
            ("model.rolled_back", None, "nothing-to-roll-back"),
        ]

    def test_what_is_done_to_webhooks(
        self, start_api: StartApi, make_settings: SettingsMaker
    ) -> None:
        api = start_api(make_settings(webhooks={"keys": Fernet.generate_key().decode()}))
        client, admin = api.client(), api.client(Scope.ADMIN)
        wanted = {"url": "https://example.com/hook", "events": ["job.succeeded"]}
        made = client.post("/v1/webhook-endpoints", json=wanted).json()["id"]
        path = f"/v1/webhook-endpoints/{made}"
        assert client.patch(path, json={"description": "mine"}).is_success
        assert client.post(f"{path}/rotate-secret").is_success
        assert client.delete(path).status_code == 204
        assert_problem(client.delete(path), 404, "not-found")
        assert told(admin, client) == [
            ("webhook.made", made, None),
            ("webhook.changed", made, None),
            ("webhook.secret_rotated", made, None),
            ("webhook.deleted", made, None),
            ("webhook.deleted", made, "not-found"),
        ]


class TestRefusals:
    def test_what_is_refused_is_told_with_its_problem(
        self, api: Api, admin: httpx.Client, sessions: SessionFactory
    ) -> None:
        reader = api.client(Scope.JOBS_READ)
        final = seed(sessions, DONE)
        assert_problem(reader.delete(f"/v1/jobs/{final}"), 403, "insufficient-scope")
        assert_problem(reader.get(f"/v1/jobs/{NO_JOB}/results"), 404, "not-found")
        assert told(admin, reader) == [
            ("job.erased", final, "insufficient-scope"),
            ("results.downloaded", NO_JOB, "not-found"),
        ]

    def test_a_change_that_fails_leaves_only_its_refusal(
        self, client: httpx.Client, admin: httpx.Client, sessions: SessionFactory
    ) -> None:
        final = seed(sessions, DONE)
        assert_problem(client.post(f"/v1/jobs/{final}/cancel"), 409, "job-final")
        assert told(admin, client) == [("job.cancelled", final, "job-final")]

    def test_what_strangers_write_into_a_path_is_not_kept(
        self, client: httpx.Client, admin: httpx.Client
    ) -> None:
        assert_problem(client.delete("/v1/jobs/holiday.jpg"), 404, "not-found")
        assert told(admin, client) == [("job.erased", None, "not-found")]

    def test_nobody_without_a_key_writes_a_row(self, api: Api, admin: httpx.Client) -> None:
        with structlog.testing.capture_logs() as lines:
            assert_problem(api.anonymous().delete(f"/v1/jobs/{NO_JOB}"), 401, "unauthenticated")
        assert told(admin) == []
        [line] = [line for line in lines if line["event"] == "audit"]
        assert (line["action"], line["outcome"], line["code"]) == (
            "job.erased", "refused", "unauthenticated",
        )  # fmt: skip

    def test_what_is_sent_again_and_again_writes_no_row(
        self, start_api: StartApi, make_settings: SettingsMaker
    ) -> None:
        api = start_api(make_settings(api={"queue_cap_photos": 1}))
        client, admin = api.client(), api.client(Scope.ADMIN)
        assert client.post("/v1/jobs", files=files(b"\xff\xd8 a")).status_code == 202
        assert_problem(client.post("/v1/jobs", files=files(b"\xff\xd8 b")), 429, "rate-limited")
        assert [action for action, *_ in told(admin, client)] == ["job.submitted"]


class TestListing:
    def test_is_for_operators(self, client: httpx.Client) -> None:
        assert_problem(client.get("/v1/audit"), 403, "insufficient-scope")

    def test_tells_who_when_and_from_where(
        self, start_api: StartApi, make_settings: SettingsMaker
    ) -> None:
        api = start_api(make_settings(api={"trusted_proxies": ["127.0.0.1"]}))
        before = datetime.now(UTC)
        client, admin = api.client(tenant="archive"), api.client(Scope.ADMIN)
        answer = client.post(
            "/v1/jobs",
            files=files(b"\xff\xd8"),
            headers={"X-Forwarded-For": "203.0.113.7", "X-Request-Id": "mine"},
        )
        query = {"tenant": "archive", "action": "job.submitted"}
        [entry] = admin.get("/v1/audit", params=query).json()["data"]
        assert entry | {"at": None, "key": None} == {
            "at": None,
            "action": "job.submitted",
            "outcome": "done",
            "code": None,
            "object": answer.json()["id"],
            "key": None,
            "key_name": "a test's",
            "tenant": "archive",
            "address": "203.0.113.7",
            "request_id": "mine",
        }
        assert entry["key"] == client.get("/v1/api-keys/current").json()["id"]
        assert abs((datetime.fromisoformat(entry["at"]) - before).total_seconds()) < 60

    def test_pages_and_filters(self, api: Api, admin: httpx.Client) -> None:
        client = api.client()
        jobs = [f"job_{number:032x}" for number in range(5)]
        for job in jobs:
            client.delete(f"/v1/jobs/{job}")
        query = {"action": "job.erased", "limit": "2"}
        first = admin.get("/v1/audit", params=query)
        assert [entry["object"] for entry in first.json()["data"]] == jobs[:2:-1]
        assert 'rel="next"' in first.headers["link"]
        second = admin.get("/v1/audit", params={**query, "cursor": first.json()["next_cursor"]})
        assert [entry["object"] for entry in second.json()["data"]] == jobs[2:0:-1]
        at = second.json()["data"][0]["at"]
        assert len(told(admin, action="job.erased", **{"from": at})) == 3
        assert len(told(admin, action="job.erased", to=at)) == 2
        assert told(admin, tenant="another") == []
        assert told(admin, object=jobs[3]) == [("job.erased", jobs[3], "not-found")]

    def test_streams_all_of_it_as_lines_and_as_csv(
        self, api: Api, admin: httpx.Client, sessions: SessionFactory, monkeypatch: Any
    ) -> None:
        monkeypatch.setattr("services.api.audit.endpoints._SLICE", 2)
        with unit_of_work(sessions) as session:
            secret = make_key(session, name="=1+1")
        client = api.client(key=secret)
        for _ in range(5):
            client.delete(f"/v1/jobs/{NO_JOB}")
        query = {"action": "job.erased"}
        lines = admin.get("/v1/audit", params={**query, "format": "jsonl"}).text.splitlines()
        page = admin.get("/v1/audit", params=query).json()["data"]
        assert [json.loads(line) for line in lines] == page
        answer = admin.get("/v1/audit", params=query, headers={"Accept": "text/csv"})
        rows = list(csv.DictReader(io.StringIO(answer.text)))
        assert [row["at"] for row in rows] == [entry["at"] for entry in page]
        assert {row["key_name"] for row in rows} == {"'=1+1"}


def test_a_look_at_the_headers_of_a_download_is_no_act(api: Api, admin: httpx.Client) -> None:
    client = api.client()
    job = client.post("/v1/jobs", files=files(b"\xff\xd8")).json()["id"]
    for path in ("results?partial=true", "results", "artifacts"):
        client.head(f"/v1/jobs/{job}/{path}")
    downloads = ("results.downloaded", "pictures.downloaded")
    told = {entry["action"] for entry in admin.get("/v1/audit").json()["data"]}
    assert "job.submitted" in told
    assert not told & set(downloads)
    assert client.get(f"/v1/jobs/{job}/results?partial=true").status_code == 200
    query = {"action": "results.downloaded"}
    assert len(admin.get("/v1/audit", params=query).json()["data"]) == 1


@pytest.mark.parametrize("path", ["/v1/audit?format=jsonl", "/v1/audit?format=csv"])
def test_an_export_is_packed_for_who_takes_gzip(admin: httpx.Client, path: str) -> None:
    whole = admin.get(path, headers={"Accept-Encoding": "identity"})
    packed = admin.get(path, headers={"Accept-Encoding": "gzip"})
    assert "content-encoding" not in whole.headers
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.text == whole.text != ""


class TestRequestLine:
    def test_names_key_tenant_and_job(self, api: Api) -> None:
        client = api.client(tenant="archive")
        key = client.get("/v1/api-keys/current").json()["id"]
        with structlog.testing.capture_logs() as lines:
            job = client.post("/v1/jobs", files=files(b"\xff\xd8")).json()["id"]
            client.head(f"/v1/jobs/{job}")
            client.get("/v1/jobs/holiday.jpg")
            api.anonymous().get("/v1/jobs")
        done = [line for line in lines if line["event"] == "request.done"]
        assert [(line.get("key"), line.get("tenant"), line.get("job")) for line in done] == [
            (key, "archive", job),
            (key, "archive", job),
            (key, "archive", None),
            (None, None, None),
        ]


def test_the_log_line_comes_with_the_commit(sessions: SessionFactory) -> None:
    who = Principal("default", frozenset(), "key_x", "n", key_row=1, secret_hash=b"")
    with structlog.testing.capture_logs() as lines:
        with sessions() as session:
            record(session, who, Action.JOB_ERASED, NO_JOB)
            session.rollback()
        assert lines == []
        with unit_of_work(sessions) as session:
            record(session, who, Action.JOB_ERASED, NO_JOB)
            assert lines == []
    assert [(line["event"], line["object"]) for line in lines] == [("audit", NO_JOB)]
    with sessions() as session:
        assert len(session.scalars(select(AuditEntry)).all()) == 1
