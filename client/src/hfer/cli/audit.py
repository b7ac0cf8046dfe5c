"""``hfer audit``: who did what."""

from collections.abc import Iterable
from itertools import islice
from typing import Annotated

import typer
from rich.table import Table

from hfer.audit_models import AuditEntry, AuditFilter
from hfer.cli.delivery import write_json, write_stdout
from hfer.cli.options import (
    DEFAULT_URL,
    ApiKey,
    AsJson,
    ResultsFormat,
    ResultsFormatOption,
    Since,
    Until,
    Url,
    in_utc,
    json_if,
    session,
)
from hfer.cli.tables import NOTHING, add, shown_time, stdout_console, titled_table
from hfer.models import ResultFormat


def audit(
    context: typer.Context,
    *,
    api_key: ApiKey,
    url: Url = DEFAULT_URL,
    tenant: Annotated[str | None, typer.Option(help="Acts of its keys only.")] = None,
    key: Annotated[str | None, typer.Option(metavar="KEY", help="Acts of key_… only.")] = None,
    action: Annotated[str | None, typer.Option(help="Such as job.erased, key.revoked.")] = None,
    about: Annotated[
        str | None, typer.Option("--object", metavar="ID", help="What was done to job_…, key_…")
    ] = None,
    since: Since = None,
    until: Until = None,
    limit: Annotated[
        int, typer.Option(min=1, help="At most this many; jsonl and csv print all.")
    ] = 50,
    results_format: ResultsFormatOption = ResultsFormat.TABLE,
    as_json: AsJson = False,
) -> None:
    """Tell who did what, newest first. Needs an API key with the scope admin."""
    results_format = json_if(as_json, results_format)
    narrow = AuditFilter(tenant, key, action, about, in_utc(since), in_utc(until))
    with session(context, url, api_key) as (_, client):
        if results_format in {ResultsFormat.JSONL, ResultsFormat.CSV}:
            write_stdout(client.audit.export(ResultFormat(results_format.value), narrow))
            return
        found = list(islice(client.audit.list(narrow), limit))
    if results_format is ResultsFormat.JSON:
        write_json(found)
    else:
        stdout_console().print(_table(found))


def _table(entries: Iterable[AuditEntry]) -> Table:
    table = titled_table("when", "action", "outcome", "object", "key", "tenant", "address")
    for entry in entries:
        add(
            table,
            shown_time(entry.at),
            entry.action,
            entry.code or entry.outcome,
            entry.object or NOTHING,
            f"{entry.key_name} ({entry.key})",
            entry.tenant,
            entry.address or NOTHING,
        )
    return table
