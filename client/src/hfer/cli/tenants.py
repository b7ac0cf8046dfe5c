"""``hfer tenants``: which there are, and how much each may do. For operators."""

from collections.abc import Iterable
from dataclasses import asdict, replace
from typing import Annotated

import typer
from rich.table import Table

from hfer.cli.delivery import note, write_json
from hfer.cli.options import DEFAULT_URL, ApiKey, AsJson, Url, session
from hfer.cli.tables import NOTHING, add, lines_table, shown_time, stdout_console, titled_table
from hfer.errors import NotFoundError
from hfer.tenant_models import Tenant, TenantLimits

tenants = typer.Typer(
    no_args_is_help=True,
    help="See and set how much tenants may do. All need an API key with the scope admin.",
)

Name = Annotated[str, typer.Argument(metavar="TENANT", help="Its name, as keys carry it.")]
_UNLIMITED = "no limit"


@tenants.command("list")
def list_tenants(
    context: typer.Context, *, api_key: ApiKey, url: Url = DEFAULT_URL, as_json: AsJson = False
) -> None:
    """List all tenants, by name, with what is set for each."""
    with session(context, url, api_key) as (_, client):
        found = list(client.tenants.list())
    if as_json:
        write_json(found)
    else:
        stdout_console().print(tenants_table(found))


@tenants.command()
def show(
    context: typer.Context,
    tenant: Name,
    *,
    api_key: ApiKey,
    url: Url = DEFAULT_URL,
    as_json: AsJson = False,
) -> None:
    """Show what is set for a tenant."""
    with session(context, url, api_key) as (_, client):
        _print(client.tenants.get(tenant), as_json=as_json)


@tenants.command("set")
def set_tenant(
    context: typer.Context,
    tenant: Name,
    *,
    api_key: ApiKey,
    url: Url = DEFAULT_URL,
    weight: Annotated[
        int | None, typer.Option(min=1, max=100, help="Share of the workers beside others'.")
    ] = None,
    requests_per_second: Annotated[int | None, typer.Option(min=0, help="Of each key.")] = None,
    open_uploads: Annotated[
        int | None, typer.Option(min=0, help="Bodies that a key sends at a time.")
    ] = None,
    open_streams: Annotated[
        int | None, typer.Option(min=0, help="Event streams of a key at a time.")
    ] = None,
    open_photos: Annotated[
        int | None, typer.Option(min=0, help="Photos declared, waiting or running.")
    ] = None,
    photos_per_day: Annotated[int | None, typer.Option(min=0, help="From midnight UTC on.")] = None,
    stored_bytes: Annotated[int | None, typer.Option(min=0, help="Of photos kept.")] = None,
    as_json: AsJson = False,
) -> None:
    """Set the weight and limits that are given; 0 is no limit. The others stay as they are."""
    given = TenantLimits(
        requests_per_second=requests_per_second,
        open_uploads=open_uploads,
        open_streams=open_streams,
        open_photos=open_photos,
        photos_per_day=photos_per_day,
        stored_bytes=stored_bytes,
    )
    changes = {name: value for name, value in asdict(given).items() if value is not None}
    with session(context, url, api_key) as (_, client):
        try:
            before = client.tenants.get(tenant)
        except NotFoundError:
            before = Tenant(tenant)
        chosen = before.weight if weight is None else weight
        after = client.tenants.put(tenant, weight=chosen, limits=replace(before.limits, **changes))
        _print(after, as_json=as_json)


@tenants.command()
def reset(
    context: typer.Context,
    tenant: Name,
    *,
    api_key: ApiKey,
    url: Url = DEFAULT_URL,
    as_json: AsJson = False,
) -> None:
    """Take back all that is set for a tenant: the deployment's weight and limits hold."""
    with session(context, url, api_key) as (wiring, client):
        client.tenants.reset(tenant)
        note(wiring.stderr, f"The deployment's limits hold for {tenant}")
    if as_json:
        write_json({"tenant": tenant, "reset": True})


def tenants_table(found: Iterable[Tenant]) -> Table:
    """One row per tenant."""
    table = titled_table("tenant", "weight", "limits of its own", "set")
    table.columns[1].justify = "right"
    for tenant in found:
        own = {name: value for name, value in asdict(tenant.limits).items() if value is not None}
        told = ", ".join(f"{_words(name)} {_shown(value)}" for name, value in own.items())
        add(
            table,
            tenant.tenant,
            f"{tenant.weight}",
            told or NOTHING,
            shown_time(tenant.updated_at),
        )
    return table


def tenant_table(tenant: Tenant) -> Table:
    """What is set for one tenant, a line each."""
    limits = {_words(name): _shown(value) for name, value in asdict(tenant.limits).items()}
    return lines_table(
        {
            "tenant": tenant.tenant,
            "weight": f"{tenant.weight}",
            **limits,
            "set": shown_time(tenant.updated_at),
        }
    )


def _words(name: str) -> str:
    return name.replace("_", " ")


def _shown(value: int | None) -> str:
    if value is None:
        return "the deployment's"
    return f"{value:,}" if value else _UNLIMITED


def _print(tenant: Tenant, *, as_json: bool) -> None:
    if as_json:
        write_json(tenant)
    else:
        stdout_console().print(tenant_table(tenant))
