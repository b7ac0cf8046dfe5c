"""``hfer keys`` against the service in memory."""

import json
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from tests.fixtures.fake_service import FakeService
from tests.fixtures.webhook_answers import ok, page
from tests.unit.client.cli.conftest import Run
from tests.unit.client.test_api_keys import KEY, key_json


class TestCreate:
    def test_prints_the_secret_and_says_that_it_is_the_only_time(
        self, run: Run, service: FakeService
    ) -> None:
        service.upsets.append(ok(key_json(secret="hfer_dev_s"), 201))
        scopes = ("--scope", "jobs:submit", "--scope", "jobs:read")
        outcome = run("keys", "create", "batch", *scopes, "--tenant", "acme", "--days", "90")
        assert outcome.code == 0
        assert "hfer_dev_s" in outcome.stdout
        assert "not shown again" in outcome.stderr
        sent = json.loads(service.requests[0].content)
        assert (sent["scopes"], sent["tenant"]) == (["jobs:submit", "jobs:read"], "acme")
        left = datetime.fromisoformat(sent["expires_at"]) - datetime.now(UTC)
        assert timedelta(days=89) < left <= timedelta(days=90)

    def test_declares_what_it_is_for(self, run: Run, service: FakeService) -> None:
        service.upsets.append(
            ok(key_json(secret="s", purpose={"name": "workplace", "exception": "safety"}), 201)
        )
        declared = ("--purpose", "workplace", "--exception", "safety", "--note", "drivers")
        outcome = run("keys", "create", "cabs", "--scope", "jobs:submit", *declared)
        assert "workplace (safety)" in outcome.stdout
        sent = json.loads(service.requests[0].content)
        assert sent["purpose"] == {"name": "workplace", "exception": "safety", "note": "drivers"}

    def test_an_exception_needs_a_purpose(self, run: Run, service: FakeService) -> None:
        outcome = run("keys", "create", "cabs", "--scope", "jobs:submit", "--exception", "safety")
        assert outcome.code == 2
        assert not service.requests


class TestList:
    def test_tells_both_secrets_and_the_state_of_each(self, run: Run, service: FakeService) -> None:
        ahead = "2999-01-01T00:00:00Z"
        rolled = {"former_prefix": "hfer_dev_old", "former_until": ahead}
        service.upsets.append(
            page(
                key_json(**rolled, expires_at=ahead),
                key_json(expires_at="2020-01-01T00:00:00Z"),
                key_json(name="gone", revoked_at="2026-11-26T07:00:00Z"),
            )
        )
        shown = run("keys", "list").stdout
        assert "hfer_dev_old… works until 2999" in " ".join(shown.split())
        assert "live until" in shown
        assert "expired" in shown
        assert "gone" not in shown

    def test_shows_revoked_keys_where_asked(self, run: Run, service: FakeService) -> None:
        service.upsets.append(page(key_json(revoked_at="2026-11-26T07:00:00Z")))
        [key] = json.loads(run("keys", "list", "--all", "--json").stdout)
        assert key["revoked_at"] is not None


class TestChange:
    def test_sends_what_was_named_and_prints_the_key(self, run: Run, service: FakeService) -> None:
        service.upsets.append(ok(key_json(output="blurred", name="nightly")))
        outcome = run("keys", "change", KEY, "--name", "nightly", "--output", "blurred")
        assert outcome.code == 0
        assert "blurred" in outcome.stdout
        assert json.loads(service.requests[0].content) == {"name": "nightly", "output": "blurred"}

    def test_takes_an_expiry_away(self, run: Run, service: FakeService) -> None:
        service.upsets.append(ok(key_json()))
        outcome = run("keys", "change", KEY, "--never-expires", "--json")
        assert json.loads(outcome.stdout)["expires_at"] is None
        assert json.loads(service.requests[0].content) == {"expires_at": None}

    @pytest.mark.parametrize(
        "options", [(), ("--days", "3", "--never-expires"), ("--note", "words")]
    )
    def test_wants_one_thing_that_can_be_meant(
        self, run: Run, service: FakeService, options: tuple[str, ...]
    ) -> None:
        assert run("keys", "change", KEY, *options).code == 2
        assert not service.requests


class TestRoll:
    def test_names_the_overlap_and_prints_the_secret(self, run: Run, service: FakeService) -> None:
        service.upsets.append(ok(key_json(secret="hfer_dev_t")))
        outcome = run("keys", "roll", KEY, "--overlap", "60", "--json")
        assert json.loads(outcome.stdout)["secret"] == "hfer_dev_t"
        assert json.loads(service.requests[0].content) == {"overlap_s": 60}


class TestRevoke:
    def test_says_what_it_did(self, run: Run, service: FakeService) -> None:
        service.upsets.append(httpx.Response(204))
        assert f"Revoked {KEY}" in run("keys", "revoke", KEY, "--yes").stderr
        assert service.requests[0].method == "DELETE"
