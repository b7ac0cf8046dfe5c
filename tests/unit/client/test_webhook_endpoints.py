"""Webhook endpoints through the package."""

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from hfer import Client, ServiceUnreachableError
from hfer.errors import UnexpectedAnswerError
from tests.fixtures.fake_service import FakeService
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

PATH = "/v1/webhook-endpoints"


class TestWebhookEndpoints:
    def test_creates_and_gives_the_secret(self, client: Client, service: FakeService) -> None:
        service.upsets.append(ok(endpoint_json(secret=SECRET), 201))
        made = client.webhook_endpoints.create("https://h.example/", events=["job.failed"])
        assert (made.id, made.secret) == (ENDPOINT, SECRET)
        (request,) = service.sent("POST", PATH)
        assert json.loads(request.content) == {
            "url": "https://h.example/",
            "events": ["job.failed"],
        }

    def test_lists_and_gets(self, client: Client, service: FakeService) -> None:
        service.upsets.extend([page(endpoint_json(), endpoint_json()), ok(endpoint_json())])
        assert len(list(client.webhook_endpoints.list())) == 2
        found = client.webhook_endpoints.get(ENDPOINT)
        assert (found.events, found.secret) == (("job.succeeded", "job.failed"), None)

    def test_follows_deliveries(self, client: Client, service: FakeService) -> None:
        last = attempt_json("refused", status_code=500)
        service.upsets.extend(
            [
                page(delivery_json(last_attempt=last)),
                ok(delivery_json("delivered", attempts=[last, attempt_json()])),
                ok(delivery_json(), 202),
            ]
        )
        hooks = client.webhook_endpoints
        (seen,) = hooks.deliveries(ENDPOINT, status="pending")
        assert seen.last_attempt is not None
        assert seen.last_attempt.status_code == 500
        whole = hooks.delivery(ENDPOINT, MESSAGE)
        assert [attempt.result for attempt in whole.attempts] == ["refused", "delivered"]
        assert hooks.redeliver(ENDPOINT, MESSAGE).status == "pending"
        assert service.requests[0].url.params["status"] == "pending"

    def test_switches_off_and_deletes(self, client: Client, service: FakeService) -> None:
        service.upsets.extend([ok(endpoint_json(enabled=False)), httpx.Response(204)])
        assert not client.webhook_endpoints.enable(ENDPOINT, enabled=False).enabled
        client.webhook_endpoints.delete(ENDPOINT)
        assert [request.method for request in service.requests] == ["PATCH", "DELETE"]

    @pytest.mark.parametrize(
        "call",
        [
            lambda hooks: hooks.create("https://h.example/"),
            lambda hooks: hooks.rotate_secret(ENDPOINT),
            lambda hooks: hooks.test(ENDPOINT),
        ],
    )
    def test_does_nothing_twice_that_must_not_be(
        self, client: Client, service: FakeService, call: Callable[[Any], Any]
    ) -> None:
        service.upsets.append(httpx.ReadError("reset"))
        with pytest.raises(ServiceUnreachableError):
            call(client.webhook_endpoints)
        assert len(service.requests) == 1

    def test_an_older_service_is_told_from_a_webhook(
        self, client: Client, service: FakeService
    ) -> None:
        service.upsets.extend([ok({}), ok({})])
        with pytest.raises(UnexpectedAnswerError):
            client.webhook_endpoints.get(ENDPOINT)
        with pytest.raises(UnexpectedAnswerError):
            client.webhook_endpoints.test(ENDPOINT)
