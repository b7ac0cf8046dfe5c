"""What a revoked key had under way: streams, waits, downloads, uploads, webhooks and jobs."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from services.api.downloads import LOOK_EVERY_S, StreamCutError, while_live
from services.api.errors import ApiError
from services.api.models.activation import Wish, activate_checked
from services.common.audit.repository import AuditRepository
from services.common.config import Settings
from services.common.db.key_tables import ApiKey
from services.common.db.session import SessionFactory, unit_of_work
from services.common.domain.ids import IdKind, format_id, parse_id
from services.common.domain.jobs import ItemStatus
from services.common.domain.queues import Lane
from services.common.keys.secrets import hash_secret
from services.common.keys.service import Principal, Scope, authenticate, revoke_key
from services.common.tenants.repositories.usage import UsageRepository
from tests.fixtures.fleet import wait_until
from tests.fixtures.jobs import make_key, seed_job
from tests.fixtures.paper_bundles import bundle_parts, paper_bundle
from tests.fixtures.serving import Api, RecordingNotifier, StartApi, assert_problem, files
from tests.fixtures.settings import SettingsMaker
from tests.fixtures.streams import listening
from tests.fixtures.uploading import begin, put_all, seal
from tests.fixtures.webhooks import KEY

PHOTO = b"a photo"


def principal_of(sessions: SessionFactory, client: httpx.Client) -> Principal:
    with unit_of_work(sessions) as session:
        principal = authenticate(session, secret_of(client))
    assert principal is not None
    return principal


def secret_of(client: httpx.Client) -> str:
    return client.headers["Authorization"].removeprefix("Bearer ")


def revoke(sessions: SessionFactory, client: httpx.Client) -> None:
    """Revoke the key of a client, as an operator elsewhere would."""
    revoke_key_of(sessions, principal_of(sessions, client))


def revoke_key_of(sessions: SessionFactory, principal: Principal) -> None:
    key_id = parse_id(IdKind.KEY, principal.key_id)
    assert key_id is not None
    with unit_of_work(sessions) as session:
        revoke_key(session, key_id)


def post_revoked(
    sessions: SessionFactory, client: httpx.Client, path: str, **body: Any
) -> httpx.Response:
    """Send a body whose last byte follows the revocation of the key that began it."""
    request = client.build_request("POST", path, **body)
    whole = request.read()

    def is_known() -> bool:
        with sessions() as session:
            used = select(ApiKey.last_used_at).where(
                ApiKey.secret_hash == hash_secret(secret_of(client))
            )
            return session.scalar(used) is not None

    def content() -> Iterator[bytes]:
        yield whole[:-1]
        wait_until(is_known, timeout_s=60, what="the service knows the key")
        revoke(sessions, client)
        yield whole[-1:]

    kind = {"Content-Type": request.headers["Content-Type"]}
    return client.post(path, content=content(), headers=kind)


@dataclass
class RevokingNotifier(RecordingNotifier):
    """Revokes a key in the moment between the job's commit and the wait for its end."""

    sessions: SessionFactory | None = None
    clients: list[httpx.Client] = field(default_factory=list)

    def notify(self, job_id: int, lane: Lane) -> bool:
        assert self.sessions is not None
        for client in self.clients:
            revoke(self.sessions, client)
        return super().notify(job_id, lane)


class TestStreams:
    def test_a_stream_ends_with_its_key_and_not_with_another(
        self, api: Api, sessions: SessionFactory
    ) -> None:
        with unit_of_work(sessions) as session:
            seeded = seed_job(session, [ItemStatus.SUCCEEDED, ItemStatus.QUEUED])
        job_id = format_id(IdKind.JOB, seeded.job.public_id)
        revoked, other = api.client(), api.client()
        with listening(revoked, job_id) as stream, listening(other, job_id) as going_on:
            assert next(stream).kind == "item.finished"
            assert next(going_on).kind == "item.finished"
            revoke(sessions, revoked)
            assert [event.kind for event in stream if event.kind == "job.finished"] == []
            assert_problem(revoked.get(f"/v1/jobs/{job_id}/events"), 401, "unauthenticated")
            assert api.state.watch.listeners == 1


class TestWaits:
    def test_a_wait_ends_without_results_and_the_job_goes_on(
        self, start_api: StartApi, settings: Settings, sessions: SessionFactory
    ) -> None:
        notifier = RevokingNotifier(sessions=sessions)
        api = start_api(settings, notifier=notifier)
        client, other = api.client(), api.client()
        notifier.clients.append(client)
        response = client.post("/v1/jobs", files=files(PHOTO), headers={"Prefer": "wait=30"})
        assert_problem(response, 401, "unauthenticated")
        [job] = other.get("/v1/jobs").json()["data"]
        assert job["status"] == "queued"
        assert job["created_by"]["name"] == "a test's"


class TestUploads:
    def test_a_body_under_way_makes_no_job(self, api: Api, sessions: SessionFactory) -> None:
        response = post_revoked(sessions, api.client(), "/v1/jobs", files=files(PHOTO))
        assert_problem(response, 401, "unauthenticated")
        assert api.client().get("/v1/jobs").json()["data"] == []

    def test_nor_does_one_that_begins_adds_to_or_seals_an_upload(
        self, api: Api, sessions: SessionFactory
    ) -> None:
        owner = api.client()
        upload = begin(owner, PHOTO)
        file = {"filename": "a", "size": 1, "sha256": "0" * 64}
        for path, body in (
            ("/v1/uploads", {"files": [file]}),
            (f"/v1/uploads/{upload['id']}/files", {"start": 1, "files": [file]}),
            ("/v1/jobs", {"upload_id": upload["id"]}),
        ):
            response = post_revoked(sessions, api.client(), path, json=body)
            assert_problem(response, 401, "unauthenticated")
        shown = owner.get(f"/v1/uploads/{upload['id']}").json()
        assert (shown["files"], shown["job_id"]) == (1, None)

    def test_what_was_put_by_url_is_never_sealed_by_any_key(
        self, api: Api, sessions: SessionFactory
    ) -> None:
        client, other = api.client(), api.client()
        upload, kept = begin(client, PHOTO), begin(other, PHOTO)
        put_all(upload, [PHOTO])
        revoke(sessions, client)
        assert_problem(seal(client, upload), 401, "unauthenticated")
        problem = assert_problem(seal(other, upload), 410, "gone")
        assert "revoked" in problem["detail"]
        more = {"start": 0, "files": [{"filename": "a", "size": 1, "sha256": "0" * 64}]}
        answer = other.post(f"/v1/uploads/{upload['id']}/files", json=more)
        assert_problem(answer, 410, "gone")
        assert seal(other, kept).status_code == 202


class TestModels:
    def test_a_bundle_under_way_is_not_published(self, api: Api, sessions: SessionFactory) -> None:
        admin = api.client(Scope.MODELS_ADMIN)
        parts = bundle_parts(paper_bundle())
        response = post_revoked(sessions, admin, "/v1/models", files=parts)
        assert_problem(response, 401, "unauthenticated")
        assert api.client().get("/v1/models").json()["data"] == []

    def test_none_is_activated_after_the_wait_for_a_worker(
        self, api: Api, sessions: SessionFactory
    ) -> None:
        admin = api.client(Scope.MODELS_ADMIN)
        model = admin.post("/v1/models", files=bundle_parts(paper_bundle())).json()["id"]
        wish = Wish(model, force=False, caller=principal_of(sessions, admin))
        revoke(sessions, admin)
        with pytest.raises(ApiError, match="revoked"):
            asyncio.run(activate_checked(api.state, wish))
        assert not api.client().get(f"/v1/models/{model}").json()["active"]


class TestDownloads:
    def test_is_cut_off_at_the_next_look(self, api: Api, sessions: SessionFactory) -> None:
        with unit_of_work(sessions) as session:
            secret = make_key(session)
            caller = authenticate(session, secret)
        assert caller is not None
        times = iter([0.0, 0.0, LOOK_EVERY_S, LOOK_EVERY_S, 2 * LOOK_EVERY_S])
        seen = []

        async def read() -> None:
            pieces = iter([b"1", b"2", b"3"])
            async for piece in while_live(api.state, caller, pieces, clock=lambda: next(times)):
                seen.append(piece)
                if piece == b"2":
                    revoke_key_of(sessions, caller)

        with pytest.raises(StreamCutError, match="revoked"):
            asyncio.run(read())
        assert seen == [b"1", b"2"]

    @pytest.mark.parametrize(
        ("repository", "path"),
        [(AuditRepository, "/v1/audit?format=jsonl"), (UsageRepository, "/v1/usage?format=csv")],
    )
    def test_so_are_an_operators_exports(
        self,
        api: Api,
        sessions: SessionFactory,
        monkeypatch: pytest.MonkeyPatch,
        repository: Any,
        path: str,
    ) -> None:
        monkeypatch.setattr("services.api.downloads.LOOK_EVERY_S", 0.0)
        assert api.client().post("/v1/jobs", files=files(PHOTO)).is_success
        operator, read = api.client(Scope.ADMIN), repository.page

        def read_and_revoke(self: Any, **asked: Any) -> Any:
            rows = read(self, **asked)
            assert rows
            revoke(sessions, operator)
            return rows

        monkeypatch.setattr(repository, "page", read_and_revoke)
        with operator.stream("GET", path) as stream, pytest.raises(httpx.RemoteProtocolError):
            stream.read()


class TestWebhooks:
    def test_what_the_key_set_up_is_switched_off_until_another_takes_it_over(
        self, start_api: StartApi, make_settings: SettingsMaker, sessions: SessionFactory
    ) -> None:
        api = start_api(make_settings(webhooks={"keys": KEY}))
        first, second = api.client(), api.client(Scope.WEBHOOKS_ADMIN)
        made, changed, others = (
            client.post("/v1/webhook-endpoints", json={"url": "https://example.org/"}).json()
            for client in (first, second, second)
        )
        path = "/v1/webhook-endpoints/{id}"
        first.patch(path.format(**changed), json={"description": "of the first by now"})
        revoke(sessions, first)
        for endpoint in (made, changed):
            off = second.get(path.format(**endpoint)).json()
            assert (off["enabled"], off["disabled_reason"]) == (False, "key_revoked")
            problem = second.post(f"{path.format(**endpoint)}/test")
            assert_problem(problem, 409, "endpoint-disabled")
        assert second.get(path.format(**others)).json()["enabled"]
        assert second.patch(path.format(**made), json={"enabled": True}).json()["enabled"]
        revoke(sessions, second)
        reader = api.client(Scope.JOBS_READ)
        assert not reader.get(path.format(**made)).json()["enabled"]


class TestKeysOverHttp:
    def test_a_key_is_rolled_and_shows_both_secrets_and_its_expiry(self, api: Api) -> None:
        operator = api.client(Scope.ADMIN)
        until = datetime.now(UTC) + timedelta(days=1)
        wanted = {"name": "n", "scopes": ["jobs:submit"], "expires_at": until.isoformat()}
        made = operator.post("/v1/api-keys", json=wanted).json()
        path = f"/v1/api-keys/{made['id']}"
        rolled = operator.post(f"{path}/roll", json={"overlap_s": 60}).json()
        assert (rolled["id"], rolled["former_prefix"]) == (made["id"], made["prefix"])
        assert rolled["expires_at"] == made["expires_at"]
        assert rolled["former_until"] is not None
        listed = operator.get("/v1/api-keys").json()["data"][0]
        assert listed == {name: rolled[name] for name in listed}
        for secret in (made["secret"], rolled["secret"]):
            current = api.client(key=secret).get("/v1/api-keys/current").json()
            assert (current["id"], current["expires_at"]) == (made["id"], made["expires_at"])
        assert operator.delete(path).status_code == 204
        for secret in (made["secret"], rolled["secret"]):
            assert_problem(
                api.client(key=secret).get("/v1/api-keys/current"), 401, "unauthenticated"
            )
        assert_problem(operator.post(f"{path}/roll", json={}), 409, "key-not-rollable")

    def test_to_revoke_twice_is_one_act(self, api: Api) -> None:
        operator = api.client(Scope.ADMIN)
        made = operator.post("/v1/api-keys", json={"name": "n", "scopes": ["jobs:read"]}).json()
        path = f"/v1/api-keys/{made['id']}"
        assert [operator.delete(path).status_code for _ in range(2)] == [204, 204]
        asked = {"object": made["id"], "action": "key.revoked"}
        assert len(operator.get("/v1/audit", params=asked).json()["data"]) == 1

    def test_without_the_scope_to_read_nobody_is_kept_waiting(self, api: Api) -> None:
        client = api.client(Scope.JOBS_SUBMIT)
        response = client.post("/v1/jobs", files=files(PHOTO), headers={"Prefer": "wait=30"})
        assert response.status_code == 202
        assert "results" not in response.json()
        assert "preference-applied" not in response.headers
