"""Webhook endpoints of the service: who is notified when jobs end, and whether it arrived."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from urllib.parse import quote

from hfer._codec import decode
from hfer._pages import entries
from hfer._retry import ONCE
from hfer._transport import Call, Transport, json_call
from hfer.errors import UnexpectedAnswerError
from hfer.webhook_models import WebhookDelivery, WebhookEndpoint

ENDPOINTS = "/v1/webhook-endpoints"


class AsyncWebhookEndpoints:
    """The webhook endpoints of the API key's tenant, for asyncio; see `hfer.WebhookEndpoints`."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def list(self) -> AsyncGenerator[WebhookEndpoint, None]:
        """Iterate over the endpoints, newest first."""
        async with aclosing(entries(self._transport, ENDPOINTS)) as found:
            async for entry in found:
                yield _endpoint(entry)

    async def get(self, endpoint_id: str) -> WebhookEndpoint:
        """Return one endpoint."""
        return _endpoint(await self._transport.send_json(Call("GET", _path(endpoint_id))))

    async def create(
        self, url: str, *, events: Sequence[str] | None = None, description: str | None = None
    ) -> WebhookEndpoint:
        """Make an endpoint with its ``secret``; see `hfer.WebhookEndpoints.create`."""
        wanted = {"url": url, "events": events and [*events], "description": description}
        body = {name: value for name, value in wanted.items() if value is not None}
        call = json_call("POST", ENDPOINTS, body)
        return _endpoint(await self._transport.send_json(call, retry=ONCE))

    async def enable(self, endpoint_id: str, *, enabled: bool = True) -> WebhookEndpoint:
        """Switch an endpoint on, or off; what was pending continues when it is on again."""
        call = json_call("PATCH", _path(endpoint_id), {"enabled": enabled})
        return _endpoint(await self._transport.send_json(call))

    async def delete(self, endpoint_id: str) -> None:
        """Delete an endpoint with its messages, sent or not."""
        await self._transport.send(Call("DELETE", _path(endpoint_id)))

    async def rotate_secret(self, endpoint_id: str) -> WebhookEndpoint:
        """Draw a new ``secret``; see `hfer.WebhookEndpoints.rotate_secret`."""
        call = Call("POST", f"{_path(endpoint_id)}/rotate-secret")
        return _endpoint(await self._transport.send_json(call, retry=ONCE))

    async def test(self, endpoint_id: str) -> WebhookDelivery:
        """Send a message of the type ``endpoint.test``; `delivery` shows whether it arrived."""
        call = Call("POST", f"{_path(endpoint_id)}/test")
        return _delivery(await self._transport.send_json(call, retry=ONCE))

    async def deliveries(
        self, endpoint_id: str, *, status: str | None = None
    ) -> AsyncGenerator[WebhookDelivery, None]:
        """Iterate over the messages to an endpoint, newest first, page by page."""
        path = f"{_path(endpoint_id)}/deliveries"
        query = {"status": status} if status else {}
        async with aclosing(entries(self._transport, path, query=query)) as found:
            async for entry in found:
                yield _delivery(entry)

    async def delivery(self, endpoint_id: str, message_id: str) -> WebhookDelivery:
        """Return one delivery with all of its attempts."""
        call = Call("GET", _message(endpoint_id, message_id))
        return _delivery(await self._transport.send_json(call))

    async def redeliver(self, endpoint_id: str, message_id: str) -> WebhookDelivery:
        """Send a message again, under its own id."""
        call = Call("POST", f"{_message(endpoint_id, message_id)}/redeliver")
        return _delivery(await self._transport.send_json(call))


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
