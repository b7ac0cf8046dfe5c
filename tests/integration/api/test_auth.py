"""Keys, scopes and tenants, over every route of the OpenAPI document."""

import hashlib
from typing import Any

import httpx
import pytest
from sqlalchemy import select
from structlog.testing import capture_logs

from services.api.app import create_app
from services.common.db.key_tables import ApiKey
from services.common.db.session import SessionFactory, unit_of_work
from services.common.domain.ids import IdKind, format_id
from services.common.domain.jobs import ItemStatus
from services.common.keys.service import Scope, ensure_bootstrap_key
from tests.fixtures.jobs import seed_job
from tests.fixtures.serving import Api, StartApi, assert_problem
from tests.fixtures.settings import DEAD, SettingsMaker, build_settings

OPEN_PATHS = {"/healthz", "/readyz", "/metrics", "/version", "/problems", "/problems/{code}"}


def routes() -> list[tuple[str, str]]:
    """Every method and path that the service offers."""
    paths: dict[str, dict[str, Any]] = create_app(build_settings(DEAD)).openapi()["paths"]
    return [(method.upper(), path) for path, methods in paths.items() for method in methods]


# Whatever its scopes are.
OPEN_TO_ANY_KEY = (
    "/v1/models",
    "/v1/limits",
    "/v1/api-keys/current",
    "/v1/erasures/keys",
)
GUARDED = [route for route in routes() if route[1] not in OPEN_PATHS]
OF_JOBS = (Scope.JOBS_READ, Scope.JOBS_WRITE, Scope.REVIEW)
FACE_REVIEW = "/v1/jobs/{job_id}/items/{item_id}/faces/{face_index}/review"
OF_A_JOB = [route for route in GUARDED if route[1].startswith("/v1/jobs/{job_id}")]

VOTE = {"reviewer": "ada", "answer": "neutral"}
# Of operations that take JSON, without which they are refused for another reason.
BODIES: dict[tuple[str, str], Any] = {
    ("POST", "/v1/api-keys"): {"name": "n", "scopes": ["jobs:read"]},
    ("PUT", FACE_REVIEW): VOTE,
    ("POST", "/v1/jobs/{job_id}/draws"): {"count": 1},
    ("POST", "/v1/jobs/{job_id}/reviews/undo"): {"reviewer": "ada"},
    ("POST", "/v1/jobs/{job_id}/rerun"): {},
    ("POST", "/v1/jobs/{job_id}/items/erase"): {"index": [0]},
}


def call(
    client: httpx.Client, method: str, path: str, ids: dict[str, str] | None = None
) -> httpx.Response:
    known = {"job_id": f"job_{'0' * 32}", "item_id": f"itm_{'0' * 32}"}
    known |= {"upload_id": f"upl_{'0' * 32}"}
    known |= {"endpoint_id": f"whe_{'0' * 32}", "message_id": f"msg_{'0' * 32}"}
    known |= {"model_id": f"mdl_{'0' * 32}", "key_id": f"key_{'0' * 32}", "name": "bundle.json"}
    known |= {"dataset_id": f"dst_{'0' * 32}"}
    known |= {"tenant": "acme", "face_index": "0", "draw_id": f"drw_{'0' * 32}"}
    known |= ids or {}
    said = {"item_id": known["item_id"], "face_index": 0} | VOTE
    asked: dict[tuple[str, str], dict[str, Any]] = {
        **{route: {"json": body} for route, body in BODIES.items()},
        ("POST", "/v1/jobs/{job_id}/reviews"): {"json": {"reviews": [said]}},
        ("DELETE", FACE_REVIEW): {"params": {"reviewer": "ada"}},
        ("GET", "/v1/jobs/{job_id}/crops"): {"params": {"face": "0.0"}},
    }
    usual = {"files": {"files": b"x"}} if method == "POST" else {}
    return client.request(method, path.format(**known), **asked.get((method, path), usual))


class TestRoutes:
    def test_the_document_lists_what_this_test_thinks(self) -> None:
        assert len(GUARDED) == 80
        assert len(OF_A_JOB) == 30


class TestKeys:
    def test_every_route_asks_for_a_key(self, api: Api) -> None:
        client = api.anonymous()
        for method, path in GUARDED:
            response = call(client, method, path)
            assert_problem(response, 401, "unauthenticated")
            assert response.headers["www-authenticate"].startswith("Bearer")

    def test_no_other_header_passes(self, api: Api) -> None:
        client = api.anonymous()
        for header in ("Bearer", "Bearer nonsense", "Basic dTpw", "hfer_dev_x", "Bearer \xe9"):
            headers = {b"Authorization": header.encode("latin-1")}
            assert_problem(client.get("/v1/jobs", headers=headers), 401, "unauthenticated")

    def test_a_key_is_stored_only_as_its_hash(self, api: Api, sessions: SessionFactory) -> None:
        client = api.client()
        secret = client.headers["Authorization"].removeprefix("Bearer ")
        with sessions() as session:
            [key] = session.scalars(select(ApiKey))
            assert key.secret_hash == hashlib.sha256(secret.encode()).digest()
            assert secret.startswith(key.prefix)
            assert len(key.prefix) < len(secret) / 3

    def test_use_is_noted(self, api: Api, sessions: SessionFactory) -> None:
        client = api.client()
        client.get("/v1/jobs")
        with sessions() as session:
            assert session.scalars(select(ApiKey.last_used_at)).one() is not None


class TestScopes:
    def test_a_key_for_models_may_do_nothing_else(self, api: Api) -> None:
        client = api.client(Scope.MODELS_ADMIN)
        for method, path in GUARDED:
            response = call(client, method, path)
            if path.startswith(OPEN_TO_ANY_KEY):
                assert response.status_code not in {401, 403}, (method, path)
            else:
                assert_problem(response, 403, "insufficient-scope")
                assert "insufficient_scope" in response.headers["www-authenticate"]

    def test_each_scope_opens_its_own_routes_and_no_other(self, api: Api) -> None:
        for scope in sorted(set(Scope) - {Scope.ADMIN, Scope.MODELS_ADMIN}):
            client = api.client(scope)
            for method, path in GUARDED:
                refused = call(client, method, path).status_code == 403
                assert refused == (scope not in scopes_of(method, path)), (scope, method, path)

    def test_an_operator_may_do_everything(self, api: Api) -> None:
        client = api.client(Scope.ADMIN)
        for method, path in GUARDED:
            assert call(client, method, path).status_code not in {401, 403}, (method, path)


OF_THEIR_OWN = {
    ("DELETE", "/v1/jobs/{job_id}"): {Scope.JOBS_ERASE, Scope.JOBS_WRITE},
    ("POST", "/v1/jobs/{job_id}/items/erase"): {Scope.JOBS_ERASE, Scope.JOBS_WRITE},
    ("POST", "/v1/jobs/{job_id}/reviews"): {Scope.REVIEW},
    ("POST", "/v1/datasets"): {Scope.REVIEW},
    ("DELETE", "/v1/datasets/{dataset_id}"): {Scope.JOBS_ERASE, Scope.JOBS_WRITE},
    ("POST", "/v1/jobs/{job_id}/reviews/undo"): {Scope.REVIEW},
    ("POST", "/v1/jobs/{job_id}/draws"): {Scope.REVIEW},
    ("PUT", FACE_REVIEW): {Scope.REVIEW},
    ("DELETE", FACE_REVIEW): {Scope.REVIEW},
}


def scopes_of(method: str, path: str) -> set[Scope]:
    """Which scopes open a route, besides ``admin``; what jobs:write opens is as it was."""
    if path == "/v1/api-keys/current":
        return set(Scope)
    if path.startswith(("/v1/api-keys", "/v1/audit", "/v1/tenants")):
        return set()
    if path.startswith("/v1/webhook-endpoints"):
        old = Scope.JOBS_READ if method == "GET" else Scope.JOBS_WRITE
        return {old, Scope.WEBHOOKS_ADMIN}
    if (method, path) in OF_THEIR_OWN:
        return OF_THEIR_OWN[method, path]
    own = ("/v1/jobs", "/v1/datasets", "/v1/erasures", "/v1/reviews", "/v1/uploads", "/v1/usage")
    if path.startswith(own) and path != "/v1/erasures/keys":
        return {Scope.JOBS_READ} if method == "GET" else {Scope.JOBS_SUBMIT, Scope.JOBS_WRITE}
    return set(Scope) if method == "GET" else set()


class TestTenants:
    @pytest.mark.parametrize(("method", "path"), OF_A_JOB)
    def test_the_job_of_another_is_not_found(
        self, api: Api, sessions: SessionFactory, method: str, path: str
    ) -> None:
        with unit_of_work(sessions) as session:
            seeded = seed_job(session, [ItemStatus.SUCCEEDED, ItemStatus.FAILED], tenant="other")
        ids = {
            "job_id": format_id(IdKind.JOB, seeded.job.public_id),
            "item_id": format_id(IdKind.ITEM, seeded.items[0].public_id),
        }
        stranger, owner = api.client(*OF_JOBS), api.client(*OF_JOBS, tenant="other")
        foreign = call(stranger, method, path, ids)
        body = assert_problem(foreign, 404, "not-found")
        missing = assert_problem(call(stranger, method, path), 404, "not-found")
        assert body["detail"] == missing["detail"]
        own = call(owner, method, path, ids)
        assert own.status_code != 404 or own.json()["detail"] != body["detail"]

    def test_nor_is_it_told_apart_after_its_erasure(
        self, api: Api, sessions: SessionFactory
    ) -> None:
        with unit_of_work(sessions) as session:
            seeded = seed_job(session, tenant="other")
        url = f"/v1/jobs/{format_id(IdKind.JOB, seeded.job.public_id)}"
        api.client(tenant="other").delete(url)
        assert_problem(api.client().get(url), 404, "not-found")
        assert_problem(api.client().delete(url), 404, "not-found")

    def test_lists_hold_only_ones_own(self, api: Api, sessions: SessionFactory) -> None:
        with unit_of_work(sessions) as session:
            seed_job(session, tenant="other")
        assert api.client().get("/v1/jobs").json()["data"] == []
        assert len(api.client(tenant="other").get("/v1/jobs").json()["data"]) == 1


class TestManagement:
    def test_a_key_is_made_listed_used_and_revoked(self, api: Api) -> None:
        operator = api.client(Scope.ADMIN)
        response = operator.post(
            "/v1/api-keys", json={"name": "batch", "scopes": ["jobs:read"], "tenant": "acme"}
        )
        made = response.json()
        assert response.status_code == 201
        assert response.headers["location"] == f"/v1/api-keys/{made['id']}"
        assert made["secret"].startswith("hfer_dev_")
        assert (made["tenant"], made["scopes"]) == ("acme", ["jobs:read"])
        listed = operator.get("/v1/api-keys").json()["data"]
        assert listed[0] == {name: made[name] for name in listed[0]}
        assert (made["expires_at"], made["former_prefix"]) == (None, None)
        assert made["secret"] not in operator.get("/v1/api-keys").text
        user = api.client(key=made["secret"])
        assert user.get("/v1/jobs").status_code == 200
        assert operator.delete(f"/v1/api-keys/{made['id']}").status_code == 204
        assert_problem(user.get("/v1/jobs"), 401, "unauthenticated")
        assert operator.get("/v1/api-keys").json()["data"][0]["revoked_at"] is not None

    def test_a_prohibited_purpose_makes_no_key_and_an_allowed_one_is_listed(self, api: Api) -> None:
        operator = api.client(Scope.ADMIN)
        work = {"name": "workplace", "note": "sleepy drivers"}
        wanted = {"name": "cabs", "scopes": ["jobs:submit"]}
        refused = operator.post("/v1/api-keys", json={**wanted, "purpose": work})
        problem = assert_problem(refused, 422, "purpose-prohibited")
        assert "purpose.exception" in problem["detail"]
        other = operator.post("/v1/api-keys", json={**wanted, "purpose": {"name": "other"}})
        [fault] = assert_problem(other, 422, "validation")["errors"]
        assert fault["pointer"] == "#/purpose/note"
        assert [key["name"] for key in operator.get("/v1/api-keys").json()["data"]] == ["a test's"]
        allowed = {**work, "exception": "safety"}
        made = operator.post("/v1/api-keys", json={**wanted, "purpose": allowed})
        assert made.status_code == 201
        newest, first = operator.get("/v1/api-keys").json()["data"]
        assert (newest["purpose"], first["purpose"]) == (allowed, None)

    def test_any_key_may_look_at_itself(self, api: Api) -> None:
        mine = api.client(Scope.JOBS_READ, Scope.JOBS_WRITE).get("/v1/api-keys/current").json()
        assert mine["id"].startswith("key_")
        assert mine["scopes"] == ["jobs:read", "jobs:write"]
        assert set(mine) == {
            "id",
            "name",
            "tenant",
            "scopes",
            "output",
            "expires_at",
        }

    def test_keys_are_paged(self, api: Api) -> None:
        operator = api.client(Scope.ADMIN)
        for number in range(3):
            operator.post("/v1/api-keys", json={"name": f"k{number}", "scopes": ["jobs:read"]})
        first = operator.get("/v1/api-keys?limit=2")
        rest = operator.get(first.links["next"]["url"]).json()
        names = [key["name"] for key in first.json()["data"] + rest["data"]]
        assert names == ["k2", "k1", "k0", "a test's"]
        assert not rest["has_more"]

    @pytest.mark.parametrize(
        ("body", "pointer"),
        [
            ({"scopes": ["jobs:read"]}, "#/name"),
            ({"name": "a", "scopes": []}, "#/scopes"),
            ({"name": "a", "scopes": ["root"]}, "#/scopes/0"),
            ({"name": "a\u0000", "scopes": ["admin"]}, "#/name"),
            ({"name": "bootstrap (HFER_API__ADMIN_KEY)", "scopes": ["admin"]}, "#/name"),
            ({"name": "a", "scopes": ["admin"], "admin": True}, "#/admin"),
            ({"name": "a", "scopes": ["admin"], "expires_at": "2020-01-01T00:00Z"}, "#/expires_at"),
        ],
    )
    def test_a_bad_wish_is_pointed_at(self, api: Api, body: dict[str, Any], pointer: str) -> None:
        response = api.client(Scope.ADMIN).post("/v1/api-keys", json=body)
        assert [
            error["pointer"] for error in assert_problem(response, 422, "validation")["errors"]
        ] == [pointer]

    @pytest.mark.parametrize("content", [b"{", b"", b"\xff"])
    def test_bad_json_is_told(self, api: Api, content: bytes) -> None:
        response = api.client(Scope.ADMIN).post(
            "/v1/api-keys", content=content, headers={"Content-Type": "application/json"}
        )
        assert response.status_code in {400, 422}
        assert_problem(response, response.status_code, response.json()["code"])

    def test_a_small_body_has_a_small_cap(self, api: Api) -> None:
        response = api.client(Scope.ADMIN).post("/v1/api-keys", json={"name": "x" * 1_000_000})
        assert assert_problem(response, 413, "payload-too-large")["limit"] == 1_000_000

    def test_an_unknown_key_cannot_be_revoked(self, api: Api) -> None:
        operator = api.client(Scope.ADMIN)
        for key_id in ("key_x", f"key_{'0' * 32}", f"job_{'0' * 32}"):
            assert_problem(operator.delete(f"/v1/api-keys/{key_id}"), 404, "not-found")


class TestBootstrap:
    SECRET = "hfer_dev_a-secret-of-enough-length"

    def test_the_configured_key_works_at_once_and_again(
        self, start_api: StartApi, make_settings: SettingsMaker, sessions: SessionFactory
    ) -> None:
        for _ in range(2):
            api = start_api(make_settings(api={"admin_key": self.SECRET}))
            assert api.client(key=self.SECRET).get("/v1/api-keys").status_code == 200
        with sessions() as session:
            [key] = session.scalars(select(ApiKey))
            assert key.secret_hash == hashlib.sha256(self.SECRET.encode()).digest()

    def test_a_key_that_is_read_from_a_file_does_not_lock_the_operator_out(
        self, start_api: StartApi, make_settings: SettingsMaker
    ) -> None:
        api = start_api(make_settings(api={"admin_key": f"{self.SECRET}\n"}))
        assert api.client(key=self.SECRET).get("/v1/api-keys").status_code == 200

    def test_another_configured_key_replaces_it(
        self, start_api: StartApi, make_settings: SettingsMaker, sessions: SessionFactory
    ) -> None:
        with unit_of_work(sessions) as session:
            ensure_bootstrap_key(session, "the-key-of-last-month-000")
        api = start_api(make_settings(api={"admin_key": self.SECRET}))
        old = api.client(key="the-key-of-last-month-000")
        assert_problem(old.get("/v1/jobs"), 401, "unauthenticated")
        assert api.client(key=self.SECRET).get("/v1/jobs").status_code == 200

    def test_a_revoked_key_stays_revoked_after_a_restart_which_says_what_to_do(
        self,
        start_api: StartApi,
        make_settings: SettingsMaker,
    ) -> None:
        settings = make_settings(api={"admin_key": self.SECRET})
        operator = start_api(settings).client(key=self.SECRET)
        [key] = operator.get("/v1/api-keys").json()["data"]
        assert operator.delete(f"/v1/api-keys/{key['id']}").status_code == 204
        with capture_logs() as lines:
            again = start_api(settings).client(key=self.SECRET)
        assert_problem(again.get("/v1/api-keys"), 401, "unauthenticated")
        [line] = [line for line in lines if line["event"] == "bootstrap.revoked"]
        assert line["log_level"] == "error"
        assert "HFER_API__ADMIN_KEY" in line["detail"]
        assert "set another secret" in line["detail"]

    def test_a_key_that_was_replaced_does_not_come_back(self, sessions: SessionFactory) -> None:
        placed = []
        for secret in (self.SECRET, "b" * 24, self.SECRET):
            with unit_of_work(sessions) as session:
                placed.append(ensure_bootstrap_key(session, secret))
        assert placed == [True, True, False]
        with sessions() as session:
            live = session.scalars(select(ApiKey).where(ApiKey.revoked_at.is_(None))).all()
            assert [key.prefix for key in live] == ["b" * 12]

    def test_a_short_key_is_refused(self, sessions: SessionFactory) -> None:
        with unit_of_work(sessions) as session, pytest.raises(ValueError, match="24 characters"):
            ensure_bootstrap_key(session, "admin")
