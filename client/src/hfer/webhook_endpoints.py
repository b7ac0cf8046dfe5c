"""Webhook endpoints of the service: who is told when jobs end, and whether it arrived.

Messages that arrive are checked with `hfer.webhooks.verify`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote

from hfer._blocking import BlockingTransport
from hfer._codec import decode
from hfer._retry import ONCE
from hfer._transport import Call, json_call
from hfer.errors import UnexpectedAnswerError

ENDPOINTS = "/v1/webhook-endpoints"


@dataclass(frozen=True, slots=True)
class WebhookEndpoint:
    """A receiver of messages.

    Attributes:
        id: ``whe_…``.
        url: where messages are posted.
        description: your own words.
        events: what it is told of.
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


class WebhookEndpoints:
    """The webhook endpoints of the API key's tenant."""

    def __init__(self, transport: BlockingTransport) -> None:
        self._transport = transport

    def list(self) -> Iterator[WebhookEndpoint]:
        """Iterate over the endpoints, newest first."""
        yield from map(_endpoint, self._transport.entries(ENDPOINTS))

    def get(self, endpoint_id: str) -> WebhookEndpoint:
        """Return one endpoint."""
        return _endpoint(self._transport.send_json(Call("GET", _path(endpoint_id))))

    def create(
        self, url: str, *, events: Sequence[str] | None = None, description: str | None = None
    ) -> WebhookEndpoint:
        """Make an endpoint. Its ``secret`` is in this answer and nowhere else: keep it.

        Not tried again when no answer comes: look with `list` whether it was made.

        Args:
            url: https, at a public address.
            events: such as ``job.succeeded``; all of them by default.
            description: your own words.

        Raises:
            InvalidRequestError: the address must not be spoken to.
            ConflictError: webhooks are not set up, or there are too many endpoints.
        """
        wanted = {"url": url, "events": events and [*events], "description": description}
        body = {name: value for name, value in wanted.items() if value is not None}
        return _endpoint(self._transport.send_json(json_call("POST", ENDPOINTS, body), retry=ONCE))

    def enable(self, endpoint_id: str, *, enabled: bool = True) -> WebhookEndpoint:
        """Switch an endpoint on, or off; what was pending goes on when it is on again."""
        call = json_call("PATCH", _path(endpoint_id), {"enabled": enabled})
        return _endpoint(self._transport.send_json(call))

    def delete(self, endpoint_id: str) -> None:
        """Delete an endpoint with its messages, sent or not."""
        self._transport.send(Call("DELETE", _path(endpoint_id)))

    def rotate_secret(self, endpoint_id: str) -> WebhookEndpoint:
        """Draw a new ``secret``, in this answer alone; the former one signs as well for a day.

        Not tried again when no answer comes, because only two secrets are kept.
        """
        call = Call("POST", f"{_path(endpoint_id)}/rotate-secret")
        return _endpoint(self._transport.send_json(call, retry=ONCE))

    def test(self, endpoint_id: str) -> WebhookDelivery:
        """Send a message of the type ``endpoint.test``; `delivery` tells whether it arrived.

        Raises:
            ConflictError: the endpoint is disabled.
        """
        call = Call("POST", f"{_path(endpoint_id)}/test")
        return _delivery(self._transport.send_json(call, retry=ONCE))

    def deliveries(
        self, endpoint_id: str, *, status: str | None = None
    ) -> Iterator[WebhookDelivery]:
        """Iterate over the messages to an endpoint, newest first, page by page."""
        path = f"{_path(endpoint_id)}/deliveries"
        query = {"status": status} if status else {}
        yield from map(_delivery, self._transport.entries(path, query=query))

    def delivery(self, endpoint_id: str, message_id: str) -> WebhookDelivery:
        """Return one delivery with all of its attempts."""
        return _delivery(self._transport.send_json(Call("GET", _message(endpoint_id, message_id))))

    def redeliver(self, endpoint_id: str, message_id: str) -> WebhookDelivery:
        """Send a message again, under its own id.

        Raises:
            ConflictError: the endpoint is disabled.
        """
        path = f"{_message(endpoint_id, message_id)}/redeliver"
        return _delivery(self._transport.send_json(Call("POST", path)))


def _path(endpoint_id: str) -> str:
    return f"{ENDPOINTS}/{quote(endpoint_id, safe='')}"


def _message(endpoint_id: str, message_id: str) -> str:
    return f"{_path(endpoint_id)}/deliveries/{quote(message_id, safe='')}"


def _endpoint(body: object) -> WebhookEndpoint:
    endpoint = decode(WebhookEndpoint, body)
    if not endpoint.id:
        raise UnexpectedAnswerError("The answer is no webhook endpoint. Does the service know any?")
    return endpoint


def _delivery(body: object) -> WebhookDelivery:
    delivery = decode(WebhookDelivery, body)
    if not delivery.message_id:
        raise UnexpectedAnswerError("The answer is no delivery. Does the service know webhooks?")
    return delivery
