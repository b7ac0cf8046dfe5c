"""Webhook endpoints of the service: who is notified when jobs end, and whether it arrived.

Messages that arrive are checked with `hfer.webhooks.verify`.
"""

from collections.abc import Iterator, Sequence

from hfer._wire import iterate, run
from hfer.aio.webhook_endpoints import AsyncWebhookEndpoints
from hfer.webhook_models import WebhookDelivery, WebhookEndpoint


class WebhookEndpoints:
    """The webhook endpoints of the API key's tenant."""

    def __init__(self, core: AsyncWebhookEndpoints) -> None:
        self._core = core

    def list(self) -> Iterator[WebhookEndpoint]:
        """Iterate over the endpoints, newest first."""
        yield from iterate(self._core.list())

    def get(self, endpoint_id: str) -> WebhookEndpoint:
        """Return one endpoint."""
        return run(self._core.get(endpoint_id))

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
        return run(self._core.create(url, events=events, description=description))

    def enable(self, endpoint_id: str, *, enabled: bool = True) -> WebhookEndpoint:
        """Switch an endpoint on, or off; what was pending continues when it is on again."""
        return run(self._core.enable(endpoint_id, enabled=enabled))

    def delete(self, endpoint_id: str) -> None:
        """Delete an endpoint with its messages, sent or not."""
        run(self._core.delete(endpoint_id))

    def rotate_secret(self, endpoint_id: str) -> WebhookEndpoint:
        """Draw a new ``secret``, in this answer alone; the former one signs as well for a day.

        Not tried again when no answer comes, because only two secrets are kept.
        """
        return run(self._core.rotate_secret(endpoint_id))

    def test(self, endpoint_id: str) -> WebhookDelivery:
        """Send a message of the type ``endpoint.test``; `delivery` shows whether it arrived.

        Raises:
            ConflictError: the endpoint is disabled.
        """
        return run(self._core.test(endpoint_id))

    def deliveries(
        self, endpoint_id: str, *, status: str | None = None
    ) -> Iterator[WebhookDelivery]:
        """Iterate over the messages to an endpoint, newest first, page by page."""
        yield from iterate(self._core.deliveries(endpoint_id, status=status))

    def delivery(self, endpoint_id: str, message_id: str) -> WebhookDelivery:
        """Return one delivery with all of its attempts."""
        return run(self._core.delivery(endpoint_id, message_id))

    def redeliver(self, endpoint_id: str, message_id: str) -> WebhookDelivery:
        """Send a message again, under its own id.

        Raises:
            ConflictError: the endpoint is disabled.
        """
        return run(self._core.redeliver(endpoint_id, message_id))
