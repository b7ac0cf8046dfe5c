"""Deliveries: leased by those who send, settled once, listed for their owner.

Postgres' clock is the only one. A settlement is guarded by the token of its lease, so that a
process that was thought dead changes nothing.
"""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, func, select, text, update
from sqlalchemy.orm import Session

from services.common.db.webhook_tables import (
    WebhookAttempt,
    WebhookDelivery,
    WebhookEndpoint,
    WebhookEvent,
)
from services.common.domain.webhooks import AttemptResult, DeliveryStatus


@dataclass(frozen=True, slots=True)
class ClaimedDelivery:
    """A message to be sent now. Secrets are encrypted; ``tries`` were made before."""

    id: int
    endpoint_id: int
    tenant: str
    endpoint: uuid.UUID
    url: str
    secret: bytes
    former_secret: bytes | None
    message: uuid.UUID
    kind: str
    data: Mapping[str, Any]
    created_at: datetime
    tries: int


@dataclass(frozen=True, slots=True)
class Attempt:
    """How sending went. ``body`` is the beginning of the receiver's answer."""

    result: AttemptResult
    milliseconds: float
    status_code: int | None = None
    detail: str | None = None
    body: str | None = None
    retry_after_s: float | None = None


@dataclass(frozen=True, slots=True)
class DeliveryRow:
    """A delivery with its message and its last attempt, as the log shows it."""

    delivery: WebhookDelivery
    event: WebhookEvent
    last: WebhookAttempt | None


# A receiver that hangs holds few places, and one that fails holds one: the others continue. Two
# processes that claim at the same moment may pass the bound together, which does no harm.
_CLAIM = text("""
    WITH due AS (
        SELECT delivery.id FROM webhook_endpoint AS endpoint CROSS JOIN LATERAL (
            SELECT id, next_at FROM webhook_delivery
            WHERE endpoint_id = endpoint.id AND status = 'pending' AND next_at <= now()
              AND (lease_until IS NULL OR lease_until <= now())
            ORDER BY next_at, id
            LIMIT greatest(0,
                CASE WHEN endpoint.failing_since IS NULL THEN :per_endpoint ELSE 1 END - (
                    SELECT count(*) FROM webhook_delivery AS busy
                    WHERE busy.endpoint_id = endpoint.id AND busy.lease_until > now()
                ))
            FOR UPDATE SKIP LOCKED
        ) AS delivery
        WHERE endpoint.enabled
        ORDER BY delivery.next_at, delivery.id LIMIT :limit
    )
    UPDATE webhook_delivery AS delivery
    SET lease_token = :token, lease_until = now() + :lease
    FROM due, webhook_endpoint AS endpoint, webhook_event AS event
    WHERE delivery.id = due.id AND endpoint.id = delivery.endpoint_id
      AND event.id = delivery.event_id
    RETURNING delivery.id, delivery.endpoint_id, endpoint.tenant, endpoint.public_id, endpoint.url,
              endpoint.secret,
              CASE WHEN endpoint.former_until > now() THEN endpoint.former_secret END,
              event.public_id, event.type, event.data, event.created_at, delivery.tries
""")

_SETTLE = text("""
    UPDATE webhook_delivery AS delivery
    SET status = result.status, tries = tries + 1,
        next_at = CASE result.status WHEN 'pending' THEN now() + result.pause ELSE next_at END,
        finished_at = CASE result.status WHEN 'pending' THEN NULL ELSE now() END,
        lease_token = NULL, lease_until = NULL
    FROM (VALUES (CAST(:status AS text), CAST(:pause AS interval))) AS result(status, pause)
    WHERE id = :id AND lease_token = :token
    RETURNING id
""")


class DeliveryRepository:
    """Reads and writes deliveries in the session's transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def claim(
        self, *, limit: int, per_endpoint: int, token: uuid.UUID, lease: timedelta
    ) -> list[ClaimedDelivery]:
        """Lease up to ``limit`` due deliveries, the longest due first."""
        rows = self._session.execute(
            _CLAIM,
            {"limit": limit, "per_endpoint": per_endpoint, "token": token, "lease": lease},
        )
        return [ClaimedDelivery(*row) for row in rows]

    def settle(
        self,
        delivery_id: int,
        attempt: Attempt,
        *,
        status: DeliveryStatus,
        pause: timedelta,
        token: uuid.UUID,
    ) -> bool:
        """Write how an attempt went and what follows; False if the lease is lost."""
        settled = self._session.scalar(
            _SETTLE,
            {"id": delivery_id, "status": status.value, "pause": pause, "token": token},
        )
        if settled is None:
            return False
        self._session.add(
            WebhookAttempt(
                delivery_id=delivery_id,
                result=attempt.result.value,
                status_code=attempt.status_code,
                detail=attempt.detail,
                body=attempt.body,
                milliseconds=attempt.milliseconds,
            )
        )
        self._session.flush()
        return True

    def add(self, endpoint: WebhookEndpoint, event: WebhookEvent) -> None:
        """Write a message to one endpoint alone."""
        self._session.add(event)
        self._session.flush()
        self._session.add(WebhookDelivery(event_id=event.id, endpoint_id=endpoint.id))
        self._session.flush()

    def page(
        self,
        endpoint_id: int,
        *,
        before: uuid.UUID | None,
        limit: int,
        status: DeliveryStatus | None = None,
    ) -> list[DeliveryRow]:
        """Return up to ``limit`` deliveries of an endpoint, newest first.

        They are older than that of the message ``before``; where retention took that one, it took
        the older ones too.
        """
        query = _rows().where(WebhookDelivery.endpoint_id == endpoint_id)
        if before is not None:
            last = (
                select(WebhookDelivery.id)
                .join(WebhookEvent, WebhookEvent.id == WebhookDelivery.event_id)
                .where(WebhookDelivery.endpoint_id == endpoint_id, WebhookEvent.public_id == before)
                .scalar_subquery()
            )
            query = query.where(WebhookDelivery.id < last)
        if status is not None:
            query = query.where(WebhookDelivery.status == status.value)
        query = query.order_by(WebhookDelivery.id.desc()).limit(limit)
        return [DeliveryRow(*row) for row in self._session.execute(query)]

    def get(self, endpoint_id: int, message: uuid.UUID) -> DeliveryRow | None:
        """Return the delivery of a message to an endpoint."""
        query = _rows().where(
            WebhookDelivery.endpoint_id == endpoint_id, WebhookEvent.public_id == message
        )
        found = self._session.execute(query).one_or_none()
        return None if found is None else DeliveryRow(*found)

    def attempts(self, delivery_id: int) -> Sequence[WebhookAttempt]:
        """Return every attempt at a delivery, the first one first."""
        query = (
            select(WebhookAttempt)
            .where(WebhookAttempt.delivery_id == delivery_id)
            .order_by(WebhookAttempt.id)
        )
        return self._session.scalars(query).all()

    def repeat(self, delivery_id: int) -> None:
        """Send once more, the schedule from its beginning; one that is being sent is left alone."""
        self._session.execute(
            update(WebhookDelivery)
            .where(
                WebhookDelivery.id == delivery_id,
                WebhookDelivery.lease_until.is_(None) | (WebhookDelivery.lease_until <= func.now()),
            )
            .values(
                status=DeliveryStatus.PENDING.value,
                tries=0,
                next_at=func.now(),
                finished_at=None,
            )
            .execution_options(synchronize_session=False)
        )
        self._session.expire_all()

    def forget(self, *, keep: timedelta, limit: int) -> int:
        """Delete old messages with the log of their delivery; how many."""
        old = (
            select(WebhookEvent.id)
            .where(WebhookEvent.created_at <= func.now() - keep)
            .order_by(WebhookEvent.created_at)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        ids = self._session.scalars(old).all()
        self._session.execute(delete(WebhookEvent).where(WebhookEvent.id.in_(ids)))
        return len(ids)

    def waiting(self) -> tuple[int, float]:
        """How many deliveries to enabled endpoints are due, and how late the first one is, in s."""
        late = func.extract("epoch", func.now() - func.min(WebhookDelivery.next_at))
        query = (
            select(func.count(), func.coalesce(late, 0))
            .join(WebhookEndpoint, WebhookEndpoint.id == WebhookDelivery.endpoint_id)
            .where(
                WebhookEndpoint.enabled,
                WebhookDelivery.status == DeliveryStatus.PENDING.value,
                WebhookDelivery.next_at <= func.now(),
            )
        )
        count, seconds = self._session.execute(query).one()
        return count, float(seconds)


def _rows() -> Any:
    last = (
        select(func.max(WebhookAttempt.id))
        .where(WebhookAttempt.delivery_id == WebhookDelivery.id)
        .correlate(WebhookDelivery)
        .scalar_subquery()
    )
    return (
        select(WebhookDelivery, WebhookEvent, WebhookAttempt)
        .join(WebhookEvent, WebhookEvent.id == WebhookDelivery.event_id)
        .outerjoin(WebhookAttempt, WebhookAttempt.id == last)
    )
