"""Messages of an HFER service, checked before they are believed (Standard Webhooks 1.0.0).

    from hfer import webhooks

    message = webhooks.verify(request.body, request.headers, "whsec_…")
    if message.type == "job.succeeded":
        fetch_results(message.data["id"])

A message may come more than once: remember ``message.id`` for as long as it matters.
"""

import base64
import binascii
import hmac
import json
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from hfer.errors import WebhookHeaderError, WebhookSignatureError, WebhookTimestampError

TOLERANCE_S = 300.0

_SECRET_HEAD = "whsec_"  # noqa: S105 - a prefix
_SCHEME = "v1"
# Unix seconds have ten digits until the year 2286; endless ones would take endless time.
_LONGEST_TIMESTAMP = 12


@dataclass(frozen=True, slots=True)
class WebhookMessage:
    """A message whose signature was checked.

    Attributes:
        id: the same at every attempt to deliver it.
        type: such as ``job.succeeded``.
        timestamp: when it happened, in UTC; None if the message does not say.
        data: ``id``, ``status``, ``counts`` and ``links`` of a job, for example.
    """

    id: str
    type: str
    timestamp: datetime | None = None
    data: Mapping[str, object] = field(default_factory=dict)


def verify(
    payload: bytes | str,
    headers: Mapping[str, str],
    secret: str | Iterable[str],
    tolerance_s: float = TOLERANCE_S,
    *,
    clock: Callable[[], float] = time.time,
) -> WebhookMessage:
    """Return the message if one of your secrets signed it, and not too long ago.

    Args:
        payload: the body exactly as it came, before any parsing.
        headers: of the request, in any case.
        secret: ``whsec_…`` as shown once, or several of them while you change over.
        tolerance_s: how far the sender's clock and yours may be apart, in seconds: a message
            recorded by somebody else is worth nothing later.
        clock: Unix seconds.

    Raises:
        WebhookHeaderError: it is no message of this kind.
        WebhookTimestampError: it was sent too long ago, or in the future.
        WebhookSignatureError: none of the secrets signed it, or it was altered.
        ValueError: a secret is malformed.
    """
    body = payload.encode() if isinstance(payload, str) else payload
    secrets = [_key(one) for one in ([secret] if isinstance(secret, str) else secret)]
    found = {name.lower(): value for name, value in headers.items()}
    message_id, sent_at, given = (
        _header(found, f"webhook-{name}") for name in ("id", "timestamp", "signature")
    )
    _check_time(sent_at, now=clock(), tolerance_s=tolerance_s)
    signed = f"{message_id}.{sent_at}.".encode() + body
    if not _is_signed(signed, given, secrets):
        raise WebhookSignatureError("No signature of the message fits the secret.")
    return _read(message_id, body)


def _header(headers: Mapping[str, str], name: str) -> str:
    value = headers.get(name)
    if not value:
        raise WebhookHeaderError(f"The header {name} is missing: this is no webhook of HFER.")
    return value


def _check_time(text: str, *, now: float, tolerance_s: float) -> None:
    if not (text.isascii() and text.isdecimal() and len(text) <= _LONGEST_TIMESTAMP):
        raise WebhookHeaderError("The header webhook-timestamp is no number of seconds.")
    age = now - int(text)
    if abs(age) > tolerance_s:
        when = "ago" if age > 0 else "in the future"
        raise WebhookTimestampError(
            f"The message was sent {abs(age):.0f} s {when}, and {tolerance_s:.0f} s are allowed; "
            "is your clock right?"
        )


def _is_signed(signed: bytes, given: str, secrets: Iterable[bytes]) -> bool:
    expected = [base64.b64encode(hmac.digest(key, signed, "sha256")) for key in secrets]
    matched = False
    for one in given.split(" "):
        scheme, _, signature = one.partition(",")
        if scheme != _SCHEME:
            continue
        for right in expected:
            # Every pair is compared to its end: the time shows nothing of how near a guess is.
            matched |= hmac.compare_digest(right, signature.encode(errors="replace"))
    return matched


def _key(secret: str) -> bytes:
    try:
        key = base64.b64decode(secret.strip().removeprefix(_SECRET_HEAD), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not key:
        raise ValueError("A webhook secret is whsec_ and base64, as it was shown once.")
    return key


def _read(message_id: str, body: bytes) -> WebhookMessage:
    try:
        parsed = json.loads(body)
    except ValueError:
        parsed = None
    if not isinstance(parsed, dict):
        raise WebhookHeaderError("The body is no JSON object: this is no webhook of HFER.")
    data = parsed.get("data")
    return WebhookMessage(
        id=message_id,
        type=str(parsed.get("type", "")),
        timestamp=_moment(parsed.get("timestamp")),
        data=data if isinstance(data, dict) else {},
    )


def _moment(value: object) -> datetime | None:
    try:
        return datetime.fromisoformat(str(value)).astimezone(UTC)
    except ValueError:
        return None
