"""Messages on their way to a real receiver: signed, retried, never lost, never starving others."""

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.fernet import Fernet

from hfer.webhooks import verify
from services.common.db.session import SessionFactory, unit_of_work
from services.common.db.webhook_tables import WebhookEndpoint
from services.common.domain.webhooks import SCHEDULE_S
from services.common.telemetry import Metrics
from services.common.webhooks.secrets import SecretBox
from services.common.webhooks.service import FORMER_SECRET, rotate_secret
from services.maintenance.webhook_sender import WebhookSender
from tests.fixtures.receiving import Answer, Receiver
from tests.fixtures.webhooks import BOX, Hooks, StartSender, send_all


class TestDelivery:
    def test_arrives_signed(self, hooks: Hooks, receiver: Receiver, sender: WebhookSender) -> None:
        endpoint = hooks.endpoint(receiver.url)
        hooks.announce()
        send_all(sender)
        (got,) = receiver.got
        message = verify(got.body, got.headers, endpoint.secret)
        assert message.type == "job.succeeded"
        assert message.data["links"]["self"] == "https://hfer.example/v1/jobs/job_0"
        assert got.headers["content-type"] == "application/json"
        (delivery,) = hooks.deliveries()
        assert (delivery.status, delivery.tries, delivery.lease_token) == ("delivered", 1, None)
        (attempt,) = hooks.attempts()
        assert (attempt.result, attempt.status_code) == ("delivered", 204)

    def test_sends_nothing_twice(
        self, hooks: Hooks, receiver: Receiver, sender: WebhookSender
    ) -> None:
        hooks.endpoint(receiver.url)
        hooks.announce(3)
        send_all(sender)
        hooks.make_due()
        send_all(sender)
        assert set(receiver.counts.values()) == {1}

    @pytest.mark.parametrize(
        ("status", "result"),
        [(302, "redirected"), (400, "refused"), (404, "refused"), (500, "refused")],
    )
    def test_only_2xx_counts(
        self,
        hooks: Hooks,
        receiver: Receiver,
        sender: WebhookSender,
        status: int,
        result: str,
    ) -> None:
        hooks.endpoint(receiver.url)
        hooks.announce()
        receiver.usual = Answer(status, {"Location": receiver.url}, b"no\x00" + b"x" * 5_000)
        send_all(sender)
        assert len(receiver.got) == 1
        (attempt,) = hooks.attempts()
        assert (attempt.result, attempt.status_code) == (result, status)
        assert attempt.body is not None
        assert attempt.body.startswith("no\ufffdxx")
        assert len(attempt.body) == 1_000
        assert hooks.pauses() == [pytest.approx(5, abs=3)]

    def test_tries_on_along_the_schedule_and_then_gives_up(
        self, hooks: Hooks, receiver: Receiver, sender: WebhookSender
    ) -> None:
        hooks.endpoint(receiver.url)
        hooks.announce()
        receiver.usual = Answer(500)
        pauses: list[float] = []
        for _ in SCHEDULE_S:
            hooks.make_due()
            send_all(sender)
            pauses += hooks.pauses()
        assert pauses == pytest.approx(SCHEDULE_S[1:], abs=3)
        (delivery,) = hooks.deliveries()
        assert (delivery.status, delivery.tries) == ("failed", 10)
        assert len(receiver.counts) == 1
        assert len({got.body for got in receiver.got}) == 1

    def test_waits_as_long_as_the_receiver_asks(
        self, hooks: Hooks, receiver: Receiver, sender: WebhookSender
    ) -> None:
        hooks.endpoint(receiver.url)
        hooks.announce(2)
        later = datetime.now(UTC) + timedelta(hours=2)
        date = later.strftime("%a, %d %b %Y %H:%M:%S GMT")
        receiver.answers.extend(
            [Answer(429, {"Retry-After": "900"}), Answer(503, {"Retry-After": date})]
        )
        send_all(sender)
        hooks.make_due_only_new()
        send_all(sender)
        assert sorted(hooks.pauses()) == pytest.approx([900, 7_200], abs=10)

    def test_tells_of_a_receiver_that_is_not_there(
        self, hooks: Hooks, start_receiver: Callable[[], Receiver], sender: WebhookSender
    ) -> None:
        gone = start_receiver()
        gone.close()
        hooks.endpoint(gone.url)
        hooks.announce()
        send_all(sender)
        (attempt,) = hooks.attempts()
        assert (attempt.result, attempt.status_code) == ("unreachable", None)
        assert attempt.detail == (
            "No connection could be made: is the receiver up, and its certificate valid?"
        )

    def test_ends_an_attempt_in_time_whatever_drips(
        self, hooks: Hooks, receiver: Receiver, start_sender: StartSender
    ) -> None:
        receiver.gate = threading.Event()
        hooks.endpoint(receiver.url)
        hooks.announce()
        started = time.monotonic()
        send_all(start_sender(timeout_s=0.3))
        assert time.monotonic() - started < 10
        assert hooks.attempts()[0].result == "timeout"

    def test_refuses_addresses_inside_by_default(
        self, hooks: Hooks, receiver: Receiver, start_sender: StartSender
    ) -> None:
        hooks.endpoint(receiver.url)
        hooks.announce()
        send_all(start_sender(allow_loopback=False, allow_http=True))
        assert receiver.got == []
        (attempt,) = hooks.attempts()
        assert attempt.result == "blocked"
        assert hooks.deliveries()[0].status == "pending"

    def test_sends_nothing_unsigned(
        self, hooks: Hooks, receiver: Receiver, start_sender: StartSender
    ) -> None:
        hooks.endpoint(receiver.url)
        hooks.announce()
        send_all(start_sender(box=SecretBox([Fernet.generate_key().decode()])))
        assert receiver.got == []
        assert hooks.attempts()[0].result == "unsigned"

    def test_counts_attempts(
        self, hooks: Hooks, receiver: Receiver, start_sender: StartSender
    ) -> None:
        metrics = Metrics()
        hooks.endpoint(receiver.url)
        hooks.announce(2)
        receiver.answers.append(Answer(500))
        sender = start_sender(metrics=metrics)
        send_all(sender)
        hooks.make_due_only_new()
        send_all(sender)
        name = "hfer_webhook_attempts_total"
        assert metrics.value(name, result="refused") == 1
        assert metrics.value(name, result="delivered") == 1
        assert metrics.value("hfer_webhook_seconds_count") == 2
        assert metrics.value("hfer_webhooks_due") == 2


class TestRotation:
    def test_signs_with_both_secrets_for_a_day(
        self,
        sessions: SessionFactory,
        hooks: Hooks,
        receiver: Receiver,
        sender: WebhookSender,
    ) -> None:
        endpoint = hooks.endpoint(receiver.url)
        with unit_of_work(sessions) as session:
            row = session.get_one(WebhookEndpoint, endpoint.id)
            new = rotate_secret(session, row, box=BOX).secret
        hooks.announce()
        send_all(sender)
        for secret in (endpoint.secret, new):
            verify(receiver.got[0].body, receiver.got[0].headers, secret)
        hooks.age(WebhookEndpoint, "former_until", f"{FORMER_SECRET.total_seconds() + 1} s")
        hooks.announce()
        send_all(sender)
        assert len(receiver.got[1].headers["webhook-signature"].split()) == 1
        verify(receiver.got[1].body, receiver.got[1].headers, new)


class TestSeveralSenders:
    def test_no_message_is_under_way_twice(
        self, hooks: Hooks, receiver: Receiver, start_sender: StartSender
    ) -> None:
        hooks.endpoint(receiver.url)
        hooks.announce(60)
        senders = [start_sender(), start_sender(), start_sender()]
        threads = [threading.Thread(target=send_all, args=(sender,)) for sender in senders]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        send_all(senders[0])
        assert len(receiver.counts) == 60
        assert set(receiver.counts.values()) == {1}

    def test_a_late_settlement_changes_nothing(
        self, hooks: Hooks, receiver: Receiver, start_sender: StartSender
    ) -> None:
        """The first sender is thought dead while its receiver takes its time."""
        slow, quick = start_sender(), start_sender()
        receiver.gate = threading.Event()
        receiver.answers.extend([Answer(500), Answer(204)])
        hooks.endpoint(receiver.url)
        hooks.announce()
        slow.step()
        receiver.wait_for(1)
        hooks.make_due()
        quick.step()
        receiver.wait_for(2)
        receiver.gate.set()
        quick.finish()
        slow.finish()
        assert set(receiver.counts.values()) == {2}
        assert hooks.deliveries()[0].status == "delivered"
        assert [attempt.status_code for attempt in hooks.attempts()] == [204]


class TestFairness:
    def test_a_receiver_that_hangs_does_not_starve_others(
        self,
        hooks: Hooks,
        start_receiver: Callable[[], Receiver],
        start_sender: StartSender,
    ) -> None:
        hanging, well = start_receiver(), start_receiver()
        hanging.gate = threading.Event()
        hooks.endpoint(hanging.url)
        hooks.announce(50)
        hooks.endpoint(well.url, tenant="other")
        hooks.announce(20, tenant="other")
        sender = start_sender(threads=8, per_endpoint=4, timeout_s=60)
        deadline = time.monotonic() + 30
        while len(well.got) < 20:
            sender.step()
            assert time.monotonic() < deadline
        assert hanging.most_at_once == 4
        hanging.gate.set()

    def test_a_failing_receiver_is_asked_one_message_at_a_time(
        self, hooks: Hooks, receiver: Receiver, sender: WebhookSender
    ) -> None:
        hooks.endpoint(receiver.url)
        receiver.usual = Answer(500)
        hooks.announce(1)
        send_all(sender)
        hooks.announce(5)
        sender.step()
        sender.finish()
        assert len(receiver.got) == 2
