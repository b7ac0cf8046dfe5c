"""Sends messages to their receivers: leased, signed, retried, each at least once.

Any number of processes may do this at once. One that dies between a receiver's answer and the
commit leaves a lease behind; when it has run out another sends the message again, under the
same id, by which the receiver knows it.
"""

import random
import time
import uuid
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from datetime import timedelta

from sqlalchemy.orm import Session

from services.common.config import WebhookSettings
from services.common.db.session import SessionFactory, unit_of_work
from services.common.domain.ids import IdKind, format_id
from services.common.domain.webhooks import (
    AttemptResult,
    DeliveryStatus,
    DisabledReason,
    EventType,
    pause_s,
)
from services.common.net.connector import guarded_client
from services.common.net.guard import webhook_policy
from services.common.telemetry import Metrics, get_logger
from services.common.webhooks.messages import write_body
from services.common.webhooks.repositories.deliveries import (
    Attempt,
    ClaimedDelivery,
    DeliveryRepository,
)
from services.common.webhooks.repositories.endpoints import EndpointRepository
from services.common.webhooks.repositories.outbox import NewEvent, OutboxRepository
from services.common.webhooks.secrets import SecretBox, SecretUnreadableError, sign
from services.maintenance.webhook_post import ANSWER_BYTES, OpenClient, post

# An attempt and its settlement take 15 s and a query; who takes longer is dead.
LEASE_MARGIN_S = 45.0
# An endpoint without a single success for this long is given up.
DISABLED_AFTER = timedelta(days=5)
HEALTH_EVERY_S = 30.0

_log = get_logger(__name__)


class WebhookSender:
    """One step claims what is due and hands it to threads; it never waits for a receiver."""

    def __init__(
        self,
        sessions: SessionFactory,
        box: SecretBox,
        *,
        settings: WebhookSettings,
        base: str,
        metrics: Metrics,
        open_client: OpenClient | None = None,
        wall: Callable[[], float] = time.time,
        clock: Callable[[], float] = time.monotonic,
        fraction: Callable[[], float] = random.random,
    ) -> None:
        self._sessions = sessions
        self._box = box
        self._settings = settings
        self._base = base
        self._metrics = metrics
        self._open_client = open_client or _guarded(settings)
        self._wall = wall
        self._clock = clock
        self._fraction = fraction
        self._lease = timedelta(seconds=settings.timeout_s + LEASE_MARGIN_S)
        self._threads = ThreadPoolExecutor(settings.threads, thread_name_prefix="webhook")
        self._under_way: set[Future[None]] = set()
        self._health_at = float("-inf")

    def step(self) -> bool:
        """Start sending what is due; whether there may be more by the time that a place is free."""
        self._watch_health()
        room = self._room()
        if not room:
            return False
        token = uuid.uuid4()
        with unit_of_work(self._sessions) as session:
            # Just before the claim: nothing is sent for a key once it has expired.
            disabled = EndpointRepository(session).disable_of_expired_keys()
            claimed = DeliveryRepository(session).claim(
                limit=room,
                per_endpoint=self._settings.per_endpoint,
                token=token,
                lease=self._lease,
            )
        for endpoint in disabled:
            _log_disabled(endpoint, DisabledReason.KEY_EXPIRED)
        for delivery in claimed:
            self._under_way.add(self._threads.submit(self._deliver, delivery, token))
        if not claimed:
            return False
        wait(self._under_way, timeout=self._settings.interval_s, return_when=FIRST_COMPLETED)
        return True

    def finish(self) -> None:
        """Wait for what is under way."""
        wait(self._under_way)

    def close(self) -> None:
        """Finish what is under way and start nothing more."""
        self._threads.shutdown(wait=True, cancel_futures=True)

    def _room(self) -> int:
        self._under_way = {future for future in self._under_way if not future.done()}
        return self._settings.threads - len(self._under_way)

    def _deliver(self, delivery: ClaimedDelivery, token: uuid.UUID) -> None:
        try:
            attempt = self._attempt(delivery)
            with unit_of_work(self._sessions) as session:
                settle(session, delivery, attempt, token=token, fraction=self._fraction())
        except Exception:  # noqa: BLE001 - a thread has nobody to raise to; the lease runs out
            _log.warning("webhook.unsettled", delivery=delivery.id, exc_info=True)
            return
        self._metrics.webhook_attempts.labels(attempt.result.value).inc()
        self._metrics.webhook_seconds.observe(attempt.milliseconds / 1_000)

    def _attempt(self, delivery: ClaimedDelivery) -> Attempt:
        message_id = format_id(IdKind.MESSAGE, delivery.message)
        body = write_body(delivery.kind, delivery.created_at, delivery.data, base=self._base)
        timestamp = int(self._wall())
        try:
            secrets = [self._box.unlock(delivery.secret)]
            if delivery.former_secret is not None:
                secrets.append(self._box.unlock(delivery.former_secret))
        except SecretUnreadableError as error:
            _log.error("webhook.secret_unreadable", endpoint=delivery.endpoint_id)
            return Attempt(AttemptResult.UNSIGNED, 0.0, detail=error.detail)
        signatures = (
            sign(secret, message_id=message_id, timestamp=timestamp, body=body)
            for secret in secrets
        )
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "hfer-webhooks",
            "webhook-id": message_id,
            "webhook-timestamp": str(timestamp),
            "webhook-signature": " ".join(signatures),
        }
        return post(self._open_client, delivery.url, body, headers)

    def _watch_health(self) -> None:
        if self._clock() - self._health_at < HEALTH_EVERY_S:
            return
        self._health_at = self._clock()
        with unit_of_work(self._sessions) as session:
            due, late_s = DeliveryRepository(session).waiting()
        self._metrics.webhooks_due.set(due)
        self._metrics.webhooks_late.set(late_s)


def settle(
    session: Session,
    delivery: ClaimedDelivery,
    attempt: Attempt,
    *,
    token: uuid.UUID,
    fraction: float,
) -> None:
    """Write how an attempt went, when the next one is, and what it means for the endpoint."""
    deliveries, endpoints = DeliveryRepository(session), EndpointRepository(session)
    delivered = attempt.result is AttemptResult.DELIVERED
    gone = attempt.result is AttemptResult.GONE
    pause = pause_s(delivery.tries + 1, retry_after_s=attempt.retry_after_s, fraction=fraction)
    if delivered:
        status = DeliveryStatus.DELIVERED
    elif gone or pause is None:
        status = DeliveryStatus.FAILED
    else:
        status = DeliveryStatus.PENDING
    held = deliveries.settle(
        delivery.id, attempt, status=status, pause=timedelta(seconds=pause or 0), token=token
    )
    if not held:
        return
    if delivered:
        endpoints.succeeded(delivery.endpoint_id)
        return
    reason = endpoints.failed(delivery.endpoint_id, gone=gone, limit=DISABLED_AFTER)
    if reason is not None:
        _announce_disabled(session, delivery, reason)


def _announce_disabled(session: Session, delivery: ClaimedDelivery, reason: DisabledReason) -> None:
    data = {"id": _log_disabled(delivery.endpoint, reason), "reason": reason.value}
    OutboxRepository(session).announce(
        [NewEvent(EventType.ENDPOINT_DISABLED, data, tenant=delivery.tenant)]
    )


def _log_disabled(public_id: uuid.UUID, reason: DisabledReason) -> str:
    """Write the log line and return the id that it names."""
    endpoint = format_id(IdKind.ENDPOINT, public_id)
    _log.warning("webhook.endpoint_disabled", endpoint=endpoint, reason=reason.value)
    return endpoint


def _guarded(settings: WebhookSettings) -> OpenClient:
    policy = webhook_policy(settings)
    return lambda: guarded_client(
        policy,
        total_s=settings.timeout_s,
        total_bytes=ANSWER_BYTES,
        step_s=settings.timeout_s,
    )
