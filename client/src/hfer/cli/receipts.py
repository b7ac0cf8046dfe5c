"""``hfer receipts``: receipts of erasures, fetched and verified."""

from itertools import islice
from pathlib import Path
from typing import Annotated

import typer

from hfer.cli.delivery import note, write_json, write_stdout
from hfer.cli.options import DEFAULT_URL, ApiKey, AsJson, JobId, Url, Wiring, session
from hfer.cli.tables import NOTHING, add, shown_time, stdout_console, titled_table
from hfer.receipts import verify_receipt

receipts = typer.Typer(
    no_args_is_help=True, help="Receipts of erased jobs: who asked, and what is gone since when."
)


@receipts.command("list")
def list_receipts(
    context: typer.Context,
    *,
    api_key: ApiKey,
    url: Url = DEFAULT_URL,
    tenant: Annotated[
        str | None, typer.Option(help="Of another tenant, or '*' of all; needs admin.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="At most this many.")] = 50,
    as_json: AsJson = False,
) -> None:
    """List receipts, of the newest job first."""
    with session(context, url, api_key) as (_, client):
        found = list(islice(client.erasures.list(tenant=tenant), limit))
    if as_json:
        write_json(found)
        return
    table = titled_table("job", "status", "photos", "kept", "erased", "bucket empty", "key", "why")
    for receipt in found:
        add(
            table,
            receipt.id,
            receipt.status,
            f"{receipt.photos:,}",
            NOTHING if receipt.photos_kept is None else f"{receipt.photos_kept:,}",
            shown_time(receipt.erased_at),
            shown_time(receipt.bucket_empty_at),
            f"{receipt.key_name} ({receipt.key})",
            receipt.reason or NOTHING,
        )
    stdout_console().print(table)


@receipts.command()
def get(context: typer.Context, job_id: JobId, *, api_key: ApiKey, url: Url = DEFAULT_URL) -> None:
    """Print the receipt of a job as the service writes it, for a file of yours."""
    with session(context, url, api_key) as (_, client):
        write_stdout([client.erasures.raw(job_id), b"\n"])


@receipts.command()
def keys(context: typer.Context, *, api_key: ApiKey, url: Url = DEFAULT_URL) -> None:
    """Print the public keys that sign receipts, as a JWK set, for a file of yours."""
    with session(context, url, api_key) as (_, client):
        write_stdout([client.erasures.keys(), b"\n"])


@receipts.command()
def verify(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A receipt, as `get` printed it.")],
    *,
    keys_file: Annotated[
        Path, typer.Option("--keys", metavar="FILE", help="Public keys, as `keys` printed them.")
    ],
) -> None:
    """Check a receipt without the service. Exits with 7 if none of the keys signed it."""
    verified = verify_receipt(file.read_bytes(), keys_file.read_bytes())
    write_json(dict(verified.facts))
    note(context.ensure_object(Wiring).stderr, f"Signed by {verified.kid}")
