"""``hfer webhooks``: who is told when jobs end, and whether it arrived."""

from itertools import islice
from typing import Annotated

import typer

from hfer.cli.delivery import note, write_json
from hfer.cli.exits import ExitCode
from hfer.cli.options import DEFAULT_URL, ApiKey, AsJson, Url, Wiring, session
from hfer.cli.tables import stdout_console
from hfer.cli.webhook_tables import (
    deliveries_table,
    describe_attempt,
    endpoint_table,
    endpoints_table,
)
from hfer.client import Client
from hfer.webhook_models import WebhookDelivery, WebhookEndpoint

webhooks = typer.Typer(
    no_args_is_help=True,
    help="Be told when jobs end: the service posts signed messages to endpoints of yours.",
)

# The service sends within a second or two; a receiver may take 15 s.
TEST_POLLS, TEST_POLL_S = 40, 0.5

EndpointId = Annotated[str, typer.Argument(metavar="ENDPOINT", help="Id: whe_…")]


@webhooks.command("list")
def list_endpoints(
    context: typer.Context, *, api_key: ApiKey, url: Url = DEFAULT_URL, as_json: AsJson = False
) -> None:
    """List the endpoints, newest first."""
    with session(context, url, api_key) as (_, client):
        found = list(client.webhook_endpoints.list())
    if as_json:
        write_json(found)
    else:
        stdout_console().print(endpoints_table(found))


@webhooks.command()
def create(
    context: typer.Context,
    receiver: Annotated[
        str, typer.Argument(metavar="RECEIVER", help="https URL that messages are posted to.")
    ],
    *,
    api_key: ApiKey,
    url: Url = DEFAULT_URL,
    event: Annotated[
        list[str] | None, typer.Option(help="Only these, such as job.succeeded; all by default.")
    ] = None,
    description: Annotated[str | None, typer.Option(help="Your own words.")] = None,
    as_json: AsJson = False,
) -> None:
    """Make an endpoint, and print the secret that signs its messages, this once."""
    with session(context, url, api_key) as (wiring, client):
        made = client.webhook_endpoints.create(receiver, events=event, description=description)
        _print_secret(wiring, made, as_json=as_json)


@webhooks.command()
def rotate(
    context: typer.Context,
    endpoint: EndpointId,
    *,
    api_key: ApiKey,
    url: Url = DEFAULT_URL,
    as_json: AsJson = False,
) -> None:
    """Replace the secret. For 24 hours messages are signed with both."""
    with session(context, url, api_key) as (wiring, client):
        _print_secret(wiring, client.webhook_endpoints.rotate_secret(endpoint), as_json=as_json)


@webhooks.command()
def enable(
    context: typer.Context,
    endpoint: EndpointId,
    *,
    api_key: ApiKey,
    url: Url = DEFAULT_URL,
    as_json: AsJson = False,
) -> None:
    """Switch an endpoint on again; what was pending is sent."""
    with session(context, url, api_key) as (wiring, client):
        changed = client.webhook_endpoints.enable(endpoint)
        note(wiring.stderr, f"Enabled {changed.id}")
    if as_json:
        write_json(changed)


@webhooks.command()
def disable(
    context: typer.Context,
    endpoint: EndpointId,
    *,
    api_key: ApiKey,
    url: Url = DEFAULT_URL,
    as_json: AsJson = False,
) -> None:
    """Switch an endpoint off; nothing new is kept for it."""
    with session(context, url, api_key) as (wiring, client):
        off = client.webhook_endpoints.enable(endpoint, enabled=False)
        note(wiring.stderr, f"Disabled {off.id}")
    if as_json:
        write_json(off)


@webhooks.command()
def delete(
    context: typer.Context,
    endpoint: EndpointId,
    *,
    api_key: ApiKey,
    url: Url = DEFAULT_URL,
    as_json: AsJson = False,
) -> None:
    """Delete an endpoint with its messages, sent or not."""
    with session(context, url, api_key) as (wiring, client):
        client.webhook_endpoints.delete(endpoint)
        note(wiring.stderr, f"Deleted {endpoint}")
    if as_json:
        write_json({"id": endpoint, "deleted": True})


@webhooks.command("test")
def send_test(
    context: typer.Context,
    endpoint: EndpointId,
    *,
    api_key: ApiKey,
    url: Url = DEFAULT_URL,
    as_json: AsJson = False,
) -> None:
    """Send a test message and tell whether it arrived. Exits with 4 if it did not."""
    with session(context, url, api_key) as (wiring, client):
        sent = client.webhook_endpoints.test(endpoint)
        note(wiring.stderr, f"Sent {sent.message_id}")
        seen = _await_attempt(wiring, client, endpoint, sent)
        note(wiring.stderr, describe_attempt(seen.last_attempt))
        if seen.last_attempt is None:
            note(wiring.stderr, "Nothing was tried yet: does the maintenance process run?")
        if as_json:
            write_json(seen)
        raise typer.Exit(ExitCode.OK if seen.status == "delivered" else ExitCode.JOB_FAILED)


@webhooks.command()
def deliveries(
    context: typer.Context,
    endpoint: EndpointId,
    *,
    api_key: ApiKey,
    url: Url = DEFAULT_URL,
    status: Annotated[
        str | None, typer.Option(help="Only pending, delivered or failed ones.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="At most this many.")] = 20,
    as_json: AsJson = False,
) -> None:
    """List the newest messages to an endpoint, and what came of them."""
    with session(context, url, api_key) as (_, client):
        found = list(islice(client.webhook_endpoints.deliveries(endpoint, status=status), limit))
    if as_json:
        write_json(found)
    else:
        stdout_console().print(deliveries_table(found))


@webhooks.command()
def redeliver(
    context: typer.Context,
    endpoint: EndpointId,
    message: Annotated[str, typer.Argument(metavar="MESSAGE", help="Id: msg_…")],
    *,
    api_key: ApiKey,
    url: Url = DEFAULT_URL,
    as_json: AsJson = False,
) -> None:
    """Send a message again, under its own id."""
    with session(context, url, api_key) as (wiring, client):
        again = client.webhook_endpoints.redeliver(endpoint, message)
        note(wiring.stderr, f"{message} is sent again")
    if as_json:
        write_json(again)


def _await_attempt(
    wiring: Wiring, client: Client, endpoint: str, sent: WebhookDelivery
) -> WebhookDelivery:
    seen = sent
    for _ in range(TEST_POLLS):
        if seen.last_attempt is not None:
            break
        wiring.sleep(TEST_POLL_S)
        seen = client.webhook_endpoints.delivery(endpoint, sent.message_id)
    return seen


def _print_secret(wiring: Wiring, endpoint: WebhookEndpoint, *, as_json: bool) -> None:
    if as_json:
        write_json(endpoint)
    else:
        stdout_console().print(endpoint_table(endpoint))
    note(wiring.stderr, "Keep the secret: it is not shown again.")
