"""``hfer keys``: who may do what, for operators."""

import sys
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from hfer.cli.delivery import note as say
from hfer.cli.delivery import write_json
from hfer.cli.key_tables import key_table, keys_table
from hfer.cli.options import DEFAULT_URL, ApiKey, AsJson, Url, Wiring, session
from hfer.cli.tables import stdout_console
from hfer.key_models import ApiKey as Key
from hfer.key_models import KeyPurpose

keys = typer.Typer(
    no_args_is_help=True,
    help="API keys: made, listed, changed, rolled and revoked with a key that has the scope admin.",
)

KeyId = Annotated[str, typer.Argument(metavar="KEY", help="Id: key_…")]
Days = Annotated[
    int | None, typer.Option("--days", min=1, help="Expires after so many days from now.")
]


Purpose = Annotated[
    str | None,
    typer.Option(
        "--purpose",
        help="What it is for: research, medical, safety, accessibility, media, evaluation,"
        " other; workplace and education only with --exception.",
    ),
]
LawfulException = Annotated[
    str | None,
    typer.Option("--exception", help="medical or safety: why workplace or education is allowed."),
]
Note = Annotated[str | None, typer.Option("--note", help="The purpose in words.")]
Output = Annotated[
    str | None,
    typer.Option(
        "--output",
        help="full, as a new key has it; blurred: it sees pictures with blurred faces alone;"
        " aggregate: counts of expressions and no face.",
    ),
]


@keys.command("list")
def list_keys(
    context: typer.Context,
    *,
    api_key: ApiKey,
    url: Url = DEFAULT_URL,
    everything: Annotated[bool, typer.Option("--all", help="Revoked keys as well.")] = False,
    as_json: AsJson = False,
) -> None:
    """List the keys of all tenants, newest first."""
    with session(context, url, api_key) as (_, client):
        found = [key for key in client.api_keys.list() if everything or key.revoked_at is None]
    if as_json:
        write_json(found)
    else:
        stdout_console().print(keys_table(found))


@keys.command()
def current(
    context: typer.Context, *, api_key: ApiKey, url: Url = DEFAULT_URL, as_json: AsJson = False
) -> None:
    """Show what the key in use may do; any key may ask."""
    with session(context, url, api_key) as (_, client):
        key = client.api_keys.current()
    if as_json:
        write_json(key)
    else:
        stdout_console().print(key_table(key))


@keys.command()
def create(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="What it is called.")],
    *,
    api_key: ApiKey,
    url: Url = DEFAULT_URL,
    scope: Annotated[
        list[str],
        typer.Option(
            help="jobs:submit, jobs:read, jobs:erase, review, webhooks:admin, models:admin or"
            " admin; repeat it for more."
        ),
    ],
    tenant: Annotated[str | None, typer.Option(help="Whose jobs it sees; else yours.")] = None,
    days: Days = None,
    purpose: Purpose = None,
    exception: LawfulException = None,
    note: Note = None,
    output: Output = None,
    as_json: AsJson = False,
) -> None:
    """Make a key, and print its secret, this once."""
    declared = _declared(purpose, exception, note)
    with session(context, url, api_key) as (wiring, client):
        made = client.api_keys.create(
            name,
            scopes=scope,
            tenant=tenant,
            expires_at=_after(days),
            purpose=declared,
            output=output,
        )
        _print_secret(wiring, made, as_json=as_json)


@keys.command()
def change(
    context: typer.Context,
    key: KeyId,
    *,
    api_key: ApiKey,
    url: Url = DEFAULT_URL,
    name: Annotated[str | None, typer.Option(help="Another name.")] = None,
    purpose: Purpose = None,
    exception: LawfulException = None,
    note: Note = None,
    output: Output = None,
    days: Days = None,
    never_expires: Annotated[
        bool, typer.Option("--never-expires", help="Takes its expiry away.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Change name, purpose, output or expiry of a key; what is not named stays."""
    declared = _declared(purpose, exception, note)
    if days is not None and never_expires:
        raise typer.BadParameter("--days and --never-expires exclude each other")
    if not (name or declared or output or days or never_expires):
        raise typer.BadParameter("name what is to be changed, such as --output blurred")
    with session(context, url, api_key) as (_, client):
        changed = client.api_keys.change(
            key,
            name=name,
            purpose=declared,
            output=output,
            expires_at=_after(days),
            never_expires=never_expires,
        )
    if as_json:
        write_json(changed)
    else:
        stdout_console().print(key_table(changed))


@keys.command()
def roll(
    context: typer.Context,
    key: KeyId,
    *,
    api_key: ApiKey,
    url: Url = DEFAULT_URL,
    overlap: Annotated[
        int | None,
        typer.Option(min=0, help="Seconds that the present secret works on; a day by default."),
    ] = None,
    days: Days = None,
    as_json: AsJson = False,
) -> None:
    """Give a key another secret, and print it, this once. Jobs and uploads of the key stay."""
    with session(context, url, api_key) as (wiring, client):
        rolled = client.api_keys.roll(key, overlap_s=overlap, expires_at=_after(days))
        _print_secret(wiring, rolled, as_json=as_json)


@keys.command()
def revoke(
    context: typer.Context,
    key: KeyId,
    *,
    api_key: ApiKey,
    url: Url = DEFAULT_URL,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    as_json: AsJson = False,
) -> None:
    """Revoke a key for good: what it has under way ends, its running jobs finish."""
    if not yes and sys.stdin.isatty():
        typer.confirm(f"Revoke {key} for good?", abort=True, err=True)
    with session(context, url, api_key) as (wiring, client):
        client.api_keys.revoke(key)
        say(wiring.stderr, f"Revoked {key}")
    if as_json:
        write_json({"id": key, "revoked": True})


def _declared(purpose: str | None, exception: str | None, note: str | None) -> KeyPurpose | None:
    if purpose is None and (exception or note):
        raise typer.BadParameter("--exception and --note belong to a --purpose")
    return None if purpose is None else KeyPurpose(purpose, exception, note)


def _after(days: int | None) -> datetime | None:
    return None if days is None else datetime.now(UTC) + timedelta(days=days)


def _print_secret(wiring: Wiring, key: Key, *, as_json: bool) -> None:
    if as_json:
        write_json(key)
    else:
        stdout_console().print(key_table(key))
    say(wiring.stderr, "Keep the secret: it is not shown again.")
