"""Receivers that fail for too long, or are gone, are left alone."""

import json
from collections.abc import Callable

from services.common.db.session import SessionFactory, unit_of_work
from services.common.db.webhook_tables import WebhookEndpoint
from services.common.domain.webhooks import EventType
from services.common.webhooks.repositories.endpoints import EndpointRepository
from services.maintenance.webhook_sender import WebhookSender
from tests.fixtures.receiving import Answer, Receiver
from tests.fixtures.webhooks import Hooks, send_all


class TestDisabling:
    def test_a_receiver_that_is_gone_gets_nothing_more(
        self, hooks: Hooks, receiver: Receiver, sender: WebhookSender
    ) -> None:
        endpoint = hooks.endpoint(receiver.url)
        receiver.usual = Answer(410)
        hooks.announce()
        send_all(sender)
        assert hooks.deliveries()[0].status == "failed"
        row = hooks.read(endpoint)
        assert (row.enabled, row.disabled_reason) == (False, "gone")
        assert hooks.announce() == 0

    def test_days_of_failures_disable_and_the_others_are_told(
        self,
        hooks: Hooks,
        start_receiver: Callable[[], Receiver],
        sender: WebhookSender,
    ) -> None:
        bad, good = start_receiver(), start_receiver()
        bad.usual = Answer(500)
        endpoint = hooks.endpoint(bad.url)
        hooks.endpoint(good.url, events=(EventType.ENDPOINT_DISABLED,))
        hooks.endpoint(good.url, tenant="other")
        hooks.announce(1)
        send_all(sender)
        assert hooks.read(endpoint).enabled
        hooks.age(WebhookEndpoint, "failing_since", "5 days")
        hooks.make_due()
        send_all(sender)
        row = hooks.read(endpoint)
        assert (row.enabled, row.disabled_reason) == (False, "failing")
        send_all(sender)
        (told,) = good.got
        assert json.loads(told.body)["data"]["reason"] == "failing"

    def test_a_success_forgets_the_failures(
        self, hooks: Hooks, receiver: Receiver, sender: WebhookSender
    ) -> None:
        endpoint = hooks.endpoint(receiver.url)
        receiver.answers.append(Answer(500))
        hooks.announce()
        send_all(sender)
        assert hooks.read(endpoint).failing_since is not None
        hooks.make_due()
        send_all(sender)
        assert hooks.read(endpoint).failing_since is None

    def test_what_was_pending_goes_on_when_enabled_again(
        self,
        sessions: SessionFactory,
        hooks: Hooks,
        receiver: Receiver,
        sender: WebhookSender,
    ) -> None:
        endpoint = hooks.endpoint(receiver.url)
        hooks.announce()
        for enabled in (False, True):
            with unit_of_work(sessions) as session:
                row = session.get_one(WebhookEndpoint, endpoint.id)
                EndpointRepository(session).enable(row, enabled=enabled)
            send_all(sender)
            assert len(receiver.got) == int(enabled)
