"""Keys that are changed after they were made."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
import structlog.testing

from services.common.db.key_tables import ApiKey
from services.common.db.session import SessionFactory, unit_of_work
from services.common.keys.service import (
    Scope,
    authenticate,
    ensure_bootstrap_key,
    ensure_page_key,
    is_live,
)
from tests.fixtures.serving import Api, assert_problem

SECRET = "hfer_test_made-up-secret-of-a-setting"


@pytest.fixture
def operator(api: Api) -> httpx.Client:
    return api.client(Scope.ADMIN)


def make(operator: httpx.Client, **wanted: Any) -> dict[str, Any]:
    body = {"name": "batch", "scopes": ["jobs:read"], **wanted}
    made: dict[str, Any] = operator.post("/v1/api-keys", json=body).raise_for_status().json()
    return made


def path_of(key: dict[str, Any]) -> str:
    return f"/v1/api-keys/{key['id']}"


def configured(operator: httpx.Client, sessions: SessionFactory, *, page: bool) -> dict[str, Any]:
    with unit_of_work(sessions) as session:
        (ensure_page_key if page else ensure_bootstrap_key)(session, SECRET)
    word = "page" if page else "bootstrap"
    keys = operator.get("/v1/api-keys").json()["data"]
    key: dict[str, Any] = next(key for key in keys if key["name"].startswith(word))
    return key


class TestChange:
    def test_of_everything_is_shown_and_the_secret_stays(
        self, api: Api, operator: httpx.Client
    ) -> None:
        made = make(operator)
        until = (datetime.now(UTC) + timedelta(days=3)).isoformat()
        wanted = {
            "name": "nightly",
            "purpose": {"name": "other", "note": "to try"},
            "output": "blurred",
            "expires_at": until,
        }
        changed = operator.patch(path_of(made), json=wanted).raise_for_status().json()
        listed = operator.get("/v1/api-keys").json()["data"][0]
        assert changed == listed
        assert changed == {
            **{name: made[name] for name in changed},
            **wanted,
            "purpose": {"name": "other", "exception": None, "note": "to try"},
            "expires_at": changed["expires_at"],
        }
        assert datetime.fromisoformat(changed["expires_at"]) == datetime.fromisoformat(until)
        current = api.client(key=made["secret"]).get("/v1/api-keys/current").json()
        assert (current["name"], current["output"]) == ("nightly", "blurred")
        [entry] = operator.get("/v1/audit", params={"action": "key.changed"}).json()["data"]
        assert (entry["object"], entry["outcome"]) == (made["id"], "done")

    def test_is_told_in_the_log_line_with_what_was_before(self, operator: httpx.Client) -> None:
        made = make(operator, purpose={"name": "media"})
        wanted = {"name": made["name"], "output": "blurred", "purpose": {"name": "research"}}
        with structlog.testing.capture_logs() as lines:
            changed = operator.patch(path_of(made), json=wanted).raise_for_status().json()
        [line] = [line for line in lines if line["event"] == "audit"]
        assert line["changes"] == {
            "output": ("full", "blurred"),
            "purpose": (made["purpose"], changed["purpose"]),
        }

    def test_of_one_thing_leaves_the_others(self, operator: httpx.Client) -> None:
        until = (datetime.now(UTC) + timedelta(days=3)).isoformat()
        made = make(operator, purpose={"name": "media"}, output="blurred", expires_at=until)
        changed = operator.patch(path_of(made), json={"name": "other"}).json()
        assert changed == {**{name: made[name] for name in changed}, "name": "other"}
        assert operator.patch(path_of(made), json={"expires_at": None}).json()["expires_at"] is None

    def test_of_the_output_holds_at_once_and_ends_what_is_under_way(
        self, api: Api, operator: httpx.Client, sessions: SessionFactory
    ) -> None:
        made = make(operator)
        client = api.client(key=made["secret"])
        unknown = f"/v1/jobs/job_{'0' * 32}/results"
        assert_problem(client.get(unknown), 404, "not-found")
        with unit_of_work(sessions) as session:
            before = authenticate(session, made["secret"])
        operator.patch(path_of(made), json={"output": "aggregate"}).raise_for_status()
        assert_problem(client.get(unknown), 403, "output-restricted")
        with unit_of_work(sessions) as session:
            assert before is not None
            assert not is_live(session, before)
            now = authenticate(session, made["secret"])
            assert now is not None
            assert is_live(session, now)

    def test_of_the_expiry_brings_an_expired_key_back(
        self, api: Api, operator: httpx.Client, sessions: SessionFactory
    ) -> None:
        made = make(operator)
        with unit_of_work(sessions) as session:
            principal = authenticate(session, made["secret"])
            assert principal is not None
            session.get_one(ApiKey, principal.key_row).expires_at = datetime.now(UTC)
        client = api.client(key=made["secret"])
        assert_problem(client.get("/v1/jobs"), 401, "unauthenticated")
        later = (datetime.now(UTC) + timedelta(days=1)).isoformat()
        operator.patch(path_of(made), json={"expires_at": later}).raise_for_status()
        assert client.get("/v1/jobs").status_code == 200


class TestRefusals:
    def test_a_purpose_that_makes_no_key_is_no_change_either(self, operator: httpx.Client) -> None:
        made = make(operator, purpose={"name": "media"})
        for name in ("workplace", "education"):
            refused = operator.patch(path_of(made), json={"purpose": {"name": name}})
            assert_problem(refused, 422, "purpose-prohibited")
        lawful = {"name": "workplace", "exception": "safety", "note": "drivers of our trams"}
        assert operator.patch(path_of(made), json={"purpose": lawful}).json()["purpose"] == lawful
        refused = operator.patch(path_of(made), json={"purpose": {"name": "other"}})
        assert (
            assert_problem(refused, 422, "validation")["errors"][0]["pointer"] == "#/purpose/note"
        )
        entries = operator.get("/v1/audit", params={"action": "key.changed"}).json()["data"]
        assert [entry["code"] for entry in entries] == [
            "validation",
            None,
            "purpose-prohibited",
            "purpose-prohibited",
        ]

    @pytest.mark.parametrize(
        "body",
        [
            {},
            {"name": None},
            {"purpose": None},
            {"output": None},
            {"output": "some"},
            {"expires_at": "2020-01-01T00:00:00Z"},
            {"scopes": ["admin"]},
            {"tenant": "other"},
        ],
    )
    def test_what_cannot_be_meant(self, operator: httpx.Client, body: dict[str, Any]) -> None:
        made = make(operator)
        assert_problem(operator.patch(path_of(made), json=body), 422, "validation")
        listed = operator.get("/v1/api-keys").json()["data"][0]
        assert listed == {name: made[name] for name in listed}

    def test_an_operators_key_sees_everything(self, operator: httpx.Client) -> None:
        made = make(operator, scopes=["admin"])
        refused = operator.patch(path_of(made), json={"output": "blurred"})
        assert assert_problem(refused, 422, "validation")["errors"][0]["pointer"] == "#/output"

    def test_a_revoked_key_stays_as_it_is(self, operator: httpx.Client) -> None:
        made = make(operator)
        operator.delete(path_of(made))
        refused = operator.patch(path_of(made), json={"name": "other"})
        assert_problem(refused, 409, "key-not-changeable")
        nobody = f"/v1/api-keys/key_{'0' * 32}"
        assert_problem(operator.patch(nobody, json={"name": "other"}), 404, "not-found")

    @pytest.mark.parametrize("page", [True, False])
    def test_keys_of_settings_keep_name_and_do_not_expire(
        self, operator: httpx.Client, sessions: SessionFactory, *, page: bool
    ) -> None:
        """By the name a setting finds what it replaces, and an expired one would lock out."""
        key = configured(operator, sessions, page=page)
        until = (datetime.now(UTC) + timedelta(days=1)).isoformat()
        for body in ({"name": "other"}, {"expires_at": until}):
            refused = operator.patch(path_of(key), json=body)
            assert_problem(refused, 409, "key-not-changeable")

    def test_the_page_may_be_given_blurred_pictures_and_keeps_them(
        self, operator: httpx.Client, sessions: SessionFactory
    ) -> None:
        key = configured(operator, sessions, page=True)
        operator.patch(path_of(key), json={"output": "blurred"}).raise_for_status()
        assert configured(operator, sessions, page=True)["output"] == "blurred"

    def test_only_operators_change_keys(self, api: Api, operator: httpx.Client) -> None:
        made = make(operator)
        refused = api.client(key=made["secret"]).patch(path_of(made), json={"output": "full"})
        assert_problem(refused, 403, "insufficient-scope")
