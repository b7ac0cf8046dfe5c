"""What a revoked key had under way: streams, waits, downloads, uploads, webhooks and jobs."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from services.api.jobs.results.downloads import LOOK_EVERY_S, while_live
from services.api.jobs.results.formats import StreamCutError
from services.common.config import Settings
from services.common.db.session import SessionFactory, unit_of_work
from services.common.domain.ids import IdKind, format_id, parse_id
from services.common.domain.jobs import ItemStatus
from services.common.domain.queues import Lane
from services.common.keys.service import Principal, Scope, authenticate, revoke_key
from tests.fixtures.jobs import make_key, seed_job
from tests.fixtures.serving import Api, RecordingNotifier, StartApi, assert_problem, files
from tests.fixtures.settings import SettingsMaker
from tests.fixtures.streams import listening
from tests.fixtures.uploading import begin, put_all, seal
from tests.fixtures.webhooks import KEY

PHOTO = b"a photo"


def revoke(sessions: SessionFactory, client: httpx.Client) -> None:
    """Revoke the key of a client, as an operator elsewhere would."""
    with unit_of_work(sessions) as session:
        principal = authenticate(session, client.headers["Authorization"].removeprefix("Bearer "))
    assert principal is not None
    revoke_key_of(sessions, principal)


def revoke_key_of(sessions: SessionFactory, principal: Principal) -> None:
    key_id = parse_id(IdKind.KEY, principal.key_id)
    assert key_id is not None
    with unit_of_work(sessions) as session:
        revoke_key(session, key_id)


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
        client = api.client()
        head = b'--x\r\nContent-Disposition: form-data; name="files"; filename="a.jpg"\r\n\r\n'

        def body() -> Iterator[bytes]:
            yield head + PHOTO
            revoke(sessions, client)
            yield b"\r\n--x--\r\n"

        headers = {"Content-Type": "multipart/form-data; boundary=x"}
        response = client.post("/v1/jobs", content=body(), headers=headers)
        assert_problem(response, 401, "unauthenticated")
        assert api.client().get("/v1/jobs").json()["data"] == []

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
