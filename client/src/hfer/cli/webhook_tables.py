"""Tables of webhook endpoints and deliveries for people."""

from collections.abc import Iterable

from rich.table import Table

from hfer.cli.tables import NOTHING, add, lines_table, shown_time, titled_table
from hfer.webhook_models import WebhookAttempt, WebhookDelivery, WebhookEndpoint


def endpoints_table(endpoints: Iterable[WebhookEndpoint]) -> Table:
    """One row per endpoint."""
    table = titled_table("endpoint", "state", "url", "events", "created")
    for endpoint in endpoints:
        add(
            table,
            endpoint.id,
            _state(endpoint),
            endpoint.url,
            " ".join(endpoint.events),
            shown_time(endpoint.created_at),
        )
    return table


def endpoint_table(endpoint: WebhookEndpoint) -> Table:
    """Everything worth knowing of one endpoint, a line each."""
    return lines_table(
        {
            "endpoint": endpoint.id,
            "state": _state(endpoint),
            "url": endpoint.url,
            "events": " ".join(endpoint.events),
            "description": endpoint.description or "",
            "secret": endpoint.secret or "",
            "former secret": _until(endpoint),
            "created": shown_time(endpoint.created_at),
        }
    )


def deliveries_table(deliveries: Iterable[WebhookDelivery]) -> Table:
    """One row per message."""
    table = titled_table("message", "event", "about", "status", "tries", "last attempt", "next")
    table.columns[4].justify = "right"
    for delivery in deliveries:
        add(
            table,
            delivery.message_id,
            delivery.type,
            delivery.subject,
            delivery.status,
            f"{delivery.tries:,}",
            describe_attempt(delivery.last_attempt),
            shown_time(delivery.next_at),
        )
    return table


def describe_attempt(attempt: WebhookAttempt | None) -> str:
    """Say how an attempt went."""
    if attempt is None:
        return NOTHING
    why = attempt.status_code or attempt.detail or ""
    return f"{attempt.result} {why} in {attempt.milliseconds:.0f} ms".replace("  ", " ")


def _state(endpoint: WebhookEndpoint) -> str:
    if not endpoint.enabled:
        return f"disabled ({endpoint.disabled_reason or NOTHING})"
    if endpoint.failing_since:
        return f"failing since {shown_time(endpoint.failing_since)}"
    return "enabled"


def _until(endpoint: WebhookEndpoint) -> str:
    until = endpoint.former_secret_until
    return f"signs as well until {shown_time(until)}" if until else ""
