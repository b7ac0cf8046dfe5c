"""Receivers that fail for too long, or are gone, are left alone."""

import json
from collections.abc import Callable

from sqlalchemy import select, text

from services.common.db.key_tables import ApiKey
from services.common.db.session import SessionFactory, unit_of_work
from services.common.db.webhook_tables import WebhookEndpoint
from services.common.domain.webhooks import EventType
from services.common.webhooks.repositories.endpoints import EndpointRepository
from services.maintenance.webhook_sender import WebhookSender
from tests.fixtures.jobs import make_key
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

    def test_an_endpoint_of_an_expired_key_gets_nothing_more(
        self,
        hooks: Hooks,
        receiver: Receiver,
        sender: WebhookSender,
        sessions: SessionFactory,
    ) -> None:
        """As one of a revoked key; what was pending waits until another key switches it on."""
        of_expired, of_live, of_nobody = (hooks.endpoint(receiver.url) for _ in range(3))
        hooks.announce()
        with unit_of_work(sessions) as session:
            for endpoint, expires in ((of_expired, "1 second"), (of_live, "-1 hour")):
                make_key(session, name=str(endpoint.id))
                key = session.scalars(select(ApiKey).where(ApiKey.name == str(endpoint.id))).one()
                key.expires_at = text(f"now() - interval '{expires}'")  # type: ignore[assignment]
                session.get_one(WebhookEndpoint, endpoint.id).key_id = key.id
        send_all(sender)
        row = hooks.read(of_expired)
        assert (row.enabled, row.disabled_reason) == (False, "key_expired")
        assert row.disabled_at is not None
        assert hooks.read(of_live).enabled
        assert hooks.read(of_nobody).enabled
        pending = [one.endpoint_id for one in hooks.deliveries() if one.status == "pending"]
        assert pending == [of_expired.id]
        assert len(receiver.got) == 2

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
