"""``hfer models``: look at the models of the service, publish one, choose which one answers."""

from pathlib import Path
from typing import Annotated

import typer

from hfer.cli.delivery import note, write_json
from hfer.cli.options import DEFAULT_URL, ApiKey, AsJson, Quiet, Url, Wiring, session
from hfer.cli.progress import upload_bar
from hfer.cli.registry_tables import canary_table, card_text, model_table, models_table
from hfer.cli.tables import stdout_console
from hfer.registry_models import Canary, ModelInfo

models = typer.Typer(
    no_args_is_help=True,
    help="See, publish and choose models. All but list, show and canary status need an API key "
    "with the scope models:admin.",
)
canary = typer.Typer(no_args_is_help=True, help="Try a model on a share of the photos.")
models.add_typer(canary, name="canary")

Reference = Annotated[
    str,
    typer.Argument(
        metavar="MODEL", help="mdl_…, a version such as starter-0.1.0, or a unique beginning."
    ),
]


@models.command("list")
def list_models(
    context: typer.Context, *, api_key: ApiKey, url: Url = DEFAULT_URL, as_json: AsJson = False
) -> None:
    """List all models, newest first, with what the trainer measured."""
    with session(context, url, api_key) as (_, client):
        found = client.models.list()
    if as_json:
        write_json(found)
    else:
        stdout_console().print(models_table(found))


@models.command()
def show(
    context: typer.Context,
    reference: Reference,
    *,
    api_key: ApiKey,
    url: Url = DEFAULT_URL,
    as_json: AsJson = False,
) -> None:
    """Show a model and its card; --json adds the manifest."""
    with session(context, url, api_key) as (_, client):
        detail = client.models.get(reference)
    if as_json:
        write_json(detail)
        return
    console = stdout_console()
    console.print(model_table(detail))
    console.print(card_text(detail))


@models.command()
def publish(
    context: typer.Context,
    directory: Annotated[
        Path, typer.Argument(metavar="DIR", help="The bundle, as the trainer wrote it.")
    ],
    *,
    api_key: ApiKey,
    url: Url = DEFAULT_URL,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Send a model bundle and print the model's id. It answers only once it is activated."""
    with session(context, url, api_key) as (wiring, client):
        with upload_bar(wiring.stderr, quiet=quiet) as on_upload:
            info = client.models.publish(directory, on_upload=on_upload)
        note(wiring.stderr, f"Published {info.model_version}")
        if not info.active:
            note(wiring.stderr, f"Let it answer:  hfer models activate {info.id}")
    if as_json:
        write_json(info)
    else:
        typer.echo(info.id)


@models.command()
def activate(
    context: typer.Context,
    reference: Reference,
    *,
    api_key: ApiKey,
    url: Url = DEFAULT_URL,
    force: Annotated[
        bool,
        typer.Option(
            "--force", help="Even if it is worse than the active model, or not comparable with it."
        ),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Let a model answer, from each worker's next chunk of photos on.

    A live worker loads it first; what cannot be loaded is not activated.
    """
    with session(context, url, api_key) as (wiring, client):
        info = client.models.activate(reference, force=force)
        if info.checked is False:
            note(wiring.stderr, "No worker loaded it first: none was there to do so in time.")
        _print_change(wiring, info, as_json=as_json)


@models.command()
def rollback(
    context: typer.Context, *, api_key: ApiKey, url: Url = DEFAULT_URL, as_json: AsJson = False
) -> None:
    """Activate the model that was active before. Twice goes back twice."""
    with session(context, url, api_key) as (wiring, client):
        _print_change(wiring, client.models.roll_back(), as_json=as_json)


@canary.command()
def start(
    context: typer.Context,
    reference: Reference,
    *,
    share: Annotated[
        float, typer.Option(min=0.0, max=1.0, help="Share of the chunks, above 0, up to 1.")
    ],
    api_key: ApiKey,
    url: Url = DEFAULT_URL,
    as_json: AsJson = False,
) -> None:
    """Let a model answer a share of the chunks, and count how often it agrees."""
    with session(context, url, api_key) as (_, client):
        _print_canary(client.models.start_canary(reference, share=share), as_json=as_json)


@canary.command()
def status(
    context: typer.Context, *, api_key: ApiKey, url: Url = DEFAULT_URL, as_json: AsJson = False
) -> None:
    """Tell how the model on trial does. Exits with 0 also when there is none (null)."""
    with session(context, url, api_key) as (wiring, client):
        found = client.models.canary()
        if found is None and not as_json:
            note(wiring.stderr, "No model is on trial.")
        else:
            _print_canary(found, as_json=as_json)


@canary.command()
def stop(
    context: typer.Context, *, api_key: ApiKey, url: Url = DEFAULT_URL, as_json: AsJson = False
) -> None:
    """End the trial, and tell how it went. The active model answers all photos again."""
    with session(context, url, api_key) as (wiring, client):
        found = client.models.canary()
        client.models.stop_canary()
        note(wiring.stderr, "No model was on trial." if found is None else "The trial is over.")
        if found is not None or as_json:
            _print_canary(found, as_json=as_json)


def _print_change(wiring: Wiring, info: ModelInfo, *, as_json: bool) -> None:
    if as_json:
        write_json(info)
    else:
        stdout_console().print(model_table(info))
    note(wiring.stderr, "Workers follow within seconds; `hfer models list` tells how many have.")


def _print_canary(found: Canary | None, *, as_json: bool) -> None:
    if as_json or found is None:
        write_json(found)
    else:
        stdout_console().print(canary_table(found))
