"""Webhook endpoints and deliveries as the service answers them; every field has a default."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class WebhookEndpoint:
    """A receiver of messages.

    Attributes:
        id: ``whe_…``.
        url: where messages are posted.
        description: your own words.
        events: what it is notified of.
        enabled: whether anything is sent to it.
        disabled_reason: ``user``, ``gone`` (it answered 410) or ``failing`` (for days).
        disabled_at: when that happened.
        failing_since: the first failure after the last success.
        former_secret_until: until then messages are signed with the former secret as well.
        created_at: when it was made.
        secret: ``whsec_…``, in the answers to `create` and `rotate_secret` alone.
    """

    id: str = ""
    url: str = ""
    description: str | None = None
    events: tuple[str, ...] = ()
    enabled: bool = False
    disabled_reason: str | None = None
    disabled_at: datetime | None = None
    failing_since: datetime | None = None
    former_secret_until: datetime | None = None
    created_at: datetime | None = None
    secret: str | None = None


@dataclass(frozen=True, slots=True)
class WebhookAttempt:
    """One attempt to deliver: ``result`` is ``delivered``, or says what went wrong."""

    attempted_at: datetime | None = None
    result: str = ""
    status_code: int | None = None
    detail: str | None = None
    body: str | None = None
    milliseconds: float = 0.0


@dataclass(frozen=True, slots=True)
class WebhookDelivery:
    """A message to one endpoint. Status: pending, delivered or failed.

    ``subject`` is the id of what the message is about; ``next_at`` is when it is tried again.
    ``attempts`` are all of them, in the answer to `WebhookEndpoints.delivery` alone.
    """

    message_id: str = ""
    type: str = ""
    subject: str = ""
    status: str = ""
    tries: int = 0
    next_at: datetime | None = None
    finished_at: datetime | None = None
    created_at: datetime | None = None
    last_attempt: WebhookAttempt | None = None
    attempts: tuple[WebhookAttempt, ...] = ()
