"""Old messages are forgotten with the log of their delivery."""

from datetime import timedelta

from services.common.db.session import SessionFactory, unit_of_work
from services.common.db.webhook_tables import WebhookEvent
from services.common.webhooks.repositories.deliveries import DeliveryRepository
from tests.fixtures.receiving import Receiver
from tests.fixtures.webhooks import Hooks, StartSender, send_all


def test_forgets_messages_by_age(
    sessions: SessionFactory, hooks: Hooks, receiver: Receiver, start_sender: StartSender
) -> None:
    hooks.endpoint(receiver.url)
    hooks.announce(2)
    send_all(start_sender())
    hooks.age(WebhookEvent, "created_at", "30 days")
    hooks.announce()
    for forgotten in (2, 0):
        with unit_of_work(sessions) as session:
            keep = timedelta(days=30)
            assert DeliveryRepository(session).forget(keep=keep, limit=10) == forgotten
    assert len(hooks.events()) == len(hooks.deliveries()) == 1
    assert hooks.attempts() == []
