"""``hfer webhooks`` against the service in memory."""

import json

import httpx
import pytest

from tests.fixtures.fake_service import FakeService, problem
from tests.fixtures.webhook_answers import (
    ENDPOINT,
    MESSAGE,
    SECRET,
    attempt_json,
    delivery_json,
    endpoint_json,
    ok,
    page,
)
from tests.unit.client.cli.conftest import Run

URL = "https://hooks.example.org/"


class TestCreate:
    def test_prints_the_secret_and_says_that_it_is_the_only_time(
        self, run: Run, service: FakeService
    ) -> None:
        service.upsets.append(ok(endpoint_json(secret=SECRET), 201))
        outcome = run("webhooks", "create", URL, "--event", "job.failed")
        assert outcome.code == 0
        assert SECRET in outcome.stdout
        assert "not shown again" in outcome.stderr
        assert json.loads(service.requests[0].content)["events"] == ["job.failed"]

    def test_as_json(self, run: Run, service: FakeService) -> None:
        service.upsets.append(ok(endpoint_json(secret=SECRET), 201))
        outcome = run("webhooks", "create", URL, "--json")
        assert json.loads(outcome.stdout)["secret"] == SECRET

    def test_rotates(self, run: Run, service: FakeService) -> None:
        until = "2026-11-27T07:00:00Z"
        service.upsets.append(ok(endpoint_json(secret=SECRET, former_secret_until=until)))
        outcome = run("webhooks", "rotate", ENDPOINT)
        assert SECRET in outcome.stdout
        assert "until 2026-11-27 07:00:00 UTC" in outcome.stdout


class TestList:
    @pytest.mark.parametrize(
        ("state", "shown"),
        [
            ({}, "enabled"),
            ({"failing_since": "2026-11-26T07:00:00Z"}, "failing since"),
            ({"enabled": False, "disabled_reason": "gone"}, "disabled (gone)"),
        ],
    )
    def test_tells_their_state(
        self, run: Run, service: FakeService, state: dict[str, object], shown: str
    ) -> None:
        service.upsets.append(page(endpoint_json(**state)))
        outcome = run("webhooks", "list")
        assert shown in outcome.stdout
        assert URL in outcome.stdout

    def test_as_json(self, run: Run, service: FakeService) -> None:
        service.upsets.append(page(endpoint_json()))
        (shown,) = json.loads(run("webhooks", "list", "--json").stdout)
        assert shown["id"] == ENDPOINT


class TestTest:
    def test_waits_for_the_attempt_and_tells_how_it_went(
        self, run: Run, service: FakeService
    ) -> None:
        service.upsets.extend(
            [
                ok(delivery_json(), 202),
                ok(delivery_json()),
                ok(delivery_json("delivered", last_attempt=attempt_json())),
            ]
        )
        outcome = run("webhooks", "test", ENDPOINT)
        assert outcome.code == 0
        assert "delivered 204 in 42 ms" in outcome.stderr
        assert service.pauses == [0.5, 0.5]

    def test_exits_with_4_when_it_did_not_arrive(self, run: Run, service: FakeService) -> None:
        attempt = attempt_json("timeout", status_code=None, detail="too late")
        service.upsets.append(ok(delivery_json(last_attempt=attempt), 202))
        outcome = run("webhooks", "test", ENDPOINT)
        assert outcome.code == 4
        assert "timeout too late" in outcome.stderr

    def test_says_when_nobody_sends(self, run: Run, service: FakeService) -> None:
        service.upsets.extend(ok(delivery_json()) for _ in range(41))
        outcome = run("webhooks", "test", ENDPOINT)
        assert outcome.code == 4
        assert "maintenance" in outcome.stderr


class TestDeliveries:
    def test_has_a_row_per_message(self, run: Run, service: FakeService) -> None:
        attempt = attempt_json("refused", status_code=500)
        service.upsets.append(page(delivery_json(last_attempt=attempt), delivery_json("failed")))
        outcome = run("webhooks", "deliveries", ENDPOINT, "--limit", "1")
        assert MESSAGE in outcome.stdout
        assert "refused 500" in outcome.stdout
        assert "failed" not in outcome.stdout

    def test_sends_again(self, run: Run, service: FakeService) -> None:
        service.upsets.append(ok(delivery_json(), 202))
        assert "sent again" in run("webhooks", "redeliver", ENDPOINT, MESSAGE).stderr


class TestSwitches:
    @pytest.mark.parametrize(("command", "enabled"), [("enable", True), ("disable", False)])
    def test_switches(self, run: Run, service: FakeService, command: str, enabled: bool) -> None:
        service.upsets.append(ok(endpoint_json(enabled=enabled)))
        assert run("webhooks", command, ENDPOINT).code == 0
        assert json.loads(service.requests[0].content) == {"enabled": enabled}

    def test_deletes(self, run: Run, service: FakeService) -> None:
        service.upsets.append(httpx.Response(204))
        assert "Deleted" in run("webhooks", "delete", ENDPOINT).stderr

    def test_a_refusal_exits_with_6(self, run: Run, service: FakeService) -> None:
        service.upsets.append(problem(409, "webhooks-off"))
        outcome = run("webhooks", "create", URL)
        assert outcome.code == 6
        assert "webhooks-off" in outcome.stderr


class TestJson:
    """Each command prints one JSON document on stdout, and words on stderr alone."""

    @pytest.mark.parametrize(
        ("arguments", "answer", "key"),
        [
            (["list"], page(endpoint_json()), None),
            (["create", URL], ok(endpoint_json(secret=SECRET), 201), "secret"),
            (["rotate", ENDPOINT], ok(endpoint_json(secret=SECRET)), "secret"),
            (["enable", ENDPOINT], ok(endpoint_json()), "enabled"),
            (["disable", ENDPOINT], ok(endpoint_json(enabled=False)), "disabled_reason"),
            (["delete", ENDPOINT], httpx.Response(204), "deleted"),
            (["deliveries", ENDPOINT], page(delivery_json()), None),
            (["redeliver", ENDPOINT, MESSAGE], ok(delivery_json(), 202), "message_id"),
        ],
    )
    def test_of_every_command(
        self,
        run: Run,
        service: FakeService,
        arguments: list[str],
        answer: httpx.Response,
        key: str | None,
    ) -> None:
        service.upsets.append(answer)
        outcome = run("webhooks", *arguments, "--json")
        assert outcome.code == 0
        shown = json.loads(outcome.stdout)
        assert isinstance(shown, list) if key is None else key in shown

    @pytest.mark.parametrize(("status", "code"), [("delivered", 0), ("pending", 4)])
    def test_of_a_test_message(
        self, run: Run, service: FakeService, status: str, code: int
    ) -> None:
        seen = delivery_json(status, last_attempt=attempt_json())
        service.upsets.extend([ok(delivery_json(), 202), ok(seen)])
        outcome = run("webhooks", "test", ENDPOINT, "--json")
        assert outcome.code == code
        assert json.loads(outcome.stdout)["status"] == status
