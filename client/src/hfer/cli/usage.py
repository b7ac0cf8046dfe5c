"""``hfer usage``: what was used, by day and tenant."""

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated

import typer
from rich.table import Table

from hfer.cli.delivery import write_json
from hfer.cli.options import DEFAULT_URL, ApiKey, AsJson, Url, session
from hfer.cli.tables import add, stdout_console, titled_table
from hfer.tenant_models import DailyUsage

_DAY = ["%Y-%m-%d"]


def usage(
    context: typer.Context,
    *,
    api_key: ApiKey,
    url: Url = DEFAULT_URL,
    first: Annotated[
        datetime | None,
        typer.Option("--from", formats=_DAY, help="First day, in UTC; 30 days before the last."),
    ] = None,
    last: Annotated[
        datetime | None,
        typer.Option("--to", formats=_DAY, help="Last day, included; today by default."),
    ] = None,
    tenant: Annotated[
        str | None, typer.Option(help="For keys with the scope admin, which see all tenants.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Tell what was used by day: photos, bytes, faces, CPU time of workers."""
    with session(context, url, api_key) as (_, client):
        found = list(
            client.usage(
                first=first.date() if first else None,
                last=last.date() if last else None,
                tenant=tenant,
            )
        )
    if as_json:
        write_json(found)
    else:
        stdout_console().print(usage_table(found))


def usage_table(found: Iterable[DailyUsage]) -> Table:
    """One row per day and tenant."""
    table = titled_table("day", "tenant", "photos", "bytes", "faces", "core seconds")
    for column in table.columns[2:]:
        column.justify = "right"
    for one in found:
        add(
            table,
            one.day,
            one.tenant,
            f"{one.photos:,}",
            f"{one.bytes:,}",
            f"{one.faces:,}",
            f"{one.core_seconds:,.1f}",
        )
    return table
