"""Webhook events, states of a delivery, and the schedule of its attempts.

Delivery::

    PENDING ─2xx→ DELIVERED
    PENDING ─anything else→ PENDING, at a later time
    PENDING ─last attempt failed, or 410→ FAILED
    DELIVERED | FAILED ─redelivery asked for→ PENDING, the schedule from its beginning
"""

from enum import StrEnum


class EventType(StrEnum):
    """What a message tells. Stable: receivers switch on it."""

    JOB_SUCCEEDED = "job.succeeded"
    JOB_FAILED = "job.failed"
    JOB_CANCELLED = "job.cancelled"
    JOB_EXPIRED = "job.expired"
    MODEL_ACTIVATED = "model.activated"
    ENDPOINT_DISABLED = "endpoint.disabled"
    ENDPOINT_TEST = "endpoint.test"


# A test is sent to one endpoint on demand and cannot be subscribed to.
SUBSCRIBABLE = tuple(kind for kind in EventType if kind is not EventType.ENDPOINT_TEST)


class DeliveryStatus(StrEnum):
    """Where a message to one endpoint stands, as stored and as shown."""

    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"


class DisabledReason(StrEnum):
    """Why an endpoint gets nothing: its owner's wish, its 410, days of failures, the key's end."""

    USER = "user"
    GONE = "gone"
    FAILING = "failing"
    KEY_REVOKED = "key_revoked"
    KEY_EXPIRED = "key_expired"


class AttemptResult(StrEnum):
    """How one attempt went: all but the first are failures."""

    DELIVERED = "delivered"
    REFUSED = "refused"
    REDIRECTED = "redirected"
    GONE = "gone"
    TIMEOUT = "timeout"
    UNREACHABLE = "unreachable"
    BLOCKED = "blocked"
    UNSIGNED = "unsigned"


_MINUTE, _HOUR = 60, 3_600

# Seconds before each attempt, counted from the failure of the one before: three days in all.
SCHEDULE_S = (
    0,
    5,
    5 * _MINUTE,
    30 * _MINUTE,
    2 * _HOUR,
    5 * _HOUR,
    10 * _HOUR,
    14 * _HOUR,
    20 * _HOUR,
    24 * _HOUR,
)
JITTER = 0.2
LONGEST_RETRY_AFTER_S = 24 * _HOUR


def pause_s(tries: int, *, retry_after_s: float | None, fraction: float) -> float | None:
    """Return the seconds between failed attempt number ``tries`` (from 1) and the next one.

    Args:
        tries: attempts made so far.
        retry_after_s: what the receiver asked for; it lengthens a pause, up to a day.
        fraction: 0..1, the jitter: receivers that come back are not met by all at once.

    Returns:
        None after the last attempt.
    """
    if tries >= len(SCHEDULE_S):
        return None
    asked = min(retry_after_s or 0.0, float(LONGEST_RETRY_AFTER_S))
    return max(SCHEDULE_S[tries], asked) * (1 + JITTER * fraction)
