"""The tables of webhooks: endpoints, messages, their deliveries and each attempt at one."""

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    SmallInteger,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from services.common.db.base import Base
from services.common.db.key_tables import ApiKey
from services.common.domain.webhooks import DeliveryStatus, DisabledReason

_STATUSES = ", ".join(f"'{status}'" for status in DeliveryStatus)
_REASONS = ", ".join(f"'{reason}'" for reason in DisabledReason)


class WebhookEndpoint(Base):
    """A receiver of a tenant. Secrets are encrypted; the former one signs on for a day.

    ``failing_since`` is the first failure after the last success. ``key_id`` is the API key that
    made the endpoint or changed it last: when that is revoked, nothing more is sent.
    """

    __tablename__ = "webhook_endpoint"
    __table_args__ = (
        CheckConstraint(f"disabled_reason IN ({_REASONS})", name="disabled_reason"),
        CheckConstraint("enabled = (disabled_reason IS NULL)", name="enabled"),
        Index("ix_webhook_endpoint_tenant", "tenant", "id"),
        Index("ix_webhook_endpoint_key_id", "key_id"),
    )

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    public_id: Mapped[uuid.UUID] = mapped_column(unique=True)
    tenant: Mapped[str]
    key_id: Mapped[int | None] = mapped_column(ForeignKey(ApiKey.id))
    url: Mapped[str]
    description: Mapped[str | None]
    events: Mapped[list[str]]
    secret: Mapped[bytes]
    former_secret: Mapped[bytes | None]
    former_until: Mapped[datetime | None]
    enabled: Mapped[bool] = mapped_column(default=True)
    disabled_reason: Mapped[str | None]
    disabled_at: Mapped[datetime | None]
    failing_since: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class WebhookEvent(Base):
    """A message: written with the change that it tells of, in one transaction."""

    __tablename__ = "webhook_event"
    __table_args__ = (Index("ix_webhook_event_created_at", "created_at"),)

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    public_id: Mapped[uuid.UUID] = mapped_column(unique=True)
    type: Mapped[str]
    data: Mapped[dict[str, Any]]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class WebhookDelivery(Base):
    """A message on its way to one endpoint, and the lease of the process that sends it."""

    __tablename__ = "webhook_delivery"
    __table_args__ = (
        UniqueConstraint("event_id", "endpoint_id"),
        CheckConstraint(f"status IN ({_STATUSES})", name="status"),
        Index("ix_webhook_delivery_page", "endpoint_id", "id"),
        Index(
            "ix_webhook_delivery_due",
            "endpoint_id",
            "next_at",
            postgresql_where=text("status = 'pending'"),
        ),
        Index(
            "ix_webhook_delivery_leased",
            "endpoint_id",
            "lease_until",
            postgresql_where=text("lease_until IS NOT NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    event_id: Mapped[int] = mapped_column(ForeignKey("webhook_event.id", ondelete="CASCADE"))
    endpoint_id: Mapped[int] = mapped_column(ForeignKey("webhook_endpoint.id", ondelete="CASCADE"))
    status: Mapped[str] = mapped_column(server_default=text("'pending'"))
    tries: Mapped[int] = mapped_column(SmallInteger, server_default=text("0"))
    next_at: Mapped[datetime] = mapped_column(server_default=func.now())
    lease_token: Mapped[uuid.UUID | None]
    lease_until: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]


class WebhookAttempt(Base):
    """One attempt: what the receiver answered, or why it did not. The body is cut at 1 kB."""

    __tablename__ = "webhook_attempt"
    __table_args__ = (Index("ix_webhook_attempt_delivery_id", "delivery_id"),)

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    delivery_id: Mapped[int] = mapped_column(ForeignKey("webhook_delivery.id", ondelete="CASCADE"))
    attempted_at: Mapped[datetime] = mapped_column(server_default=func.now())
    result: Mapped[str]
    status_code: Mapped[int | None] = mapped_column(SmallInteger)
    detail: Mapped[str | None]
    body: Mapped[str | None]
    milliseconds: Mapped[float]
