"""``hfer dataset``: data sets made of reviews, to train and judge models by."""

from itertools import islice
from pathlib import Path
from typing import Annotated

import typer

from hfer.cli.delivery import note, write_json
from hfer.cli.exits import ExitCode
from hfer.cli.options import DEFAULT_URL, ApiKey, AsJson, Url, session
from hfer.cli.tables import NOTHING, add, shown_time, stdout_console, titled_table
from hfer.dataset_models import Dataset

datasets = typer.Typer(
    no_args_is_help=True,
    help="Faces with the votes of reviewers, to train and judge models by.",
)

DatasetId = Annotated[str, typer.Argument(metavar="DATASET", help="dst_….")]


@datasets.command()
def create(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="Of all its versions; the next one is made.")],
    *,
    jobs: Annotated[
        list[str],
        typer.Option("--from-reviews", metavar="JOB", help="A job; again for each further one."),
    ],
    api_key: ApiKey,
    url: Url = DEFAULT_URL,
    held_out: Annotated[
        float | None,
        typer.Option(
            min=0.01, max=1, help="Share of the faces drawn and reviewed blind to judge by."
        ),
    ] = None,
    least_of_each: Annotated[
        int | None, typer.Option(min=0, help="Faces of each expression that are wanted.")
    ] = None,
    consent: Annotated[
        str | None, typer.Option(help="What the people in the photos agreed to, for the card.")
    ] = None,
    licence: Annotated[str | None, typer.Option(help="Its terms, for the card.")] = None,
    no_wait: Annotated[
        bool, typer.Option("--no-wait", help="Do not wait until it is ready.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Make a data set of all faces of the jobs that are reviewed, and print its id.

    Exits with 3 if it cannot be built. Needs a key with the scopes review and jobs:read.
    """
    with session(context, url, api_key) as (wiring, client):
        made = client.datasets.create(
            name,
            jobs,
            held_out=held_out,
            least_of_each=least_of_each,
            consent=consent,
            licence=licence,
        )
        if not no_wait:
            made = client.datasets.wait(made.id)
    if as_json:
        write_json(made)
    else:
        typer.echo(made.id)
    note(wiring.stderr, _in_a_line(made))
    if made.state == "failed":
        raise typer.Exit(ExitCode.SOME_FAILED)


@datasets.command("list")
def list_datasets(
    context: typer.Context,
    *,
    api_key: ApiKey,
    url: Url = DEFAULT_URL,
    name: Annotated[str | None, typer.Option(help="Only the versions of this one.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="At most this many.")] = 50,
    as_json: AsJson = False,
) -> None:
    """List data sets, newest first."""
    with session(context, url, api_key) as (_, client):
        found = list(islice(client.datasets.list(name=name), limit))
    if as_json:
        write_json(found)
        return
    table = titled_table("id", "name", "version", "state", "faces", "erased", "made")
    for each in found:
        add(
            table,
            each.id,
            each.name,
            str(each.version),
            each.state,
            f"{each.faces:,}",
            f"{each.erased:,}" if each.erased else NOTHING,
            shown_time(each.created_at),
        )
    stdout_console().print(table)


@datasets.command()
def show(
    context: typer.Context,
    dataset_id: DatasetId,
    *,
    api_key: ApiKey,
    url: Url = DEFAULT_URL,
    as_json: AsJson = False,
) -> None:
    """Show what a version holds, and what was taken out of it."""
    with session(context, url, api_key) as (wiring, client):
        found = client.datasets.get(dataset_id)
    if as_json:
        write_json(found)
        return
    table = titled_table("most said", *found.counts)
    for expression in next(iter(found.counts.values()), {}):
        cells = (f"{side.get(expression, 0):,}" for side in found.counts.values())
        add(table, expression, *cells)
    stdout_console().print(table)
    note(wiring.stderr, _in_a_line(found))


@datasets.command()
def download(
    context: typer.Context,
    dataset_id: DatasetId,
    *,
    api_key: ApiKey,
    url: Url = DEFAULT_URL,
    out: Annotated[
        Path | None, typer.Option(help="The file; NAME-VERSION.tar here when left out.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Write a version to a file that `make finetune DATA=` takes.

    What is erased from the service afterwards has to be erased from the file by whoever has it.
    """
    with session(context, url, api_key) as (wiring, client):
        found = client.datasets.get(dataset_id)
        path = client.datasets.download(found.id, out or Path(f"{found.name}-{found.version}.tar"))
    if as_json:
        write_json({"dataset": found.id, "file": str(path)})
    else:
        typer.echo(str(path))
    note(wiring.stderr, f"train on it:  make finetune DATA={path} NAME={found.name}")


@datasets.command()
def delete(
    context: typer.Context,
    dataset_id: DatasetId,
    *,
    api_key: ApiKey,
    url: Url = DEFAULT_URL,
    as_json: AsJson = False,
) -> None:
    """Delete a version, and the faces that no other one has. Needs the scope jobs:erase."""
    with session(context, url, api_key) as (wiring, client):
        client.datasets.delete(dataset_id)
    if as_json:
        write_json({"dataset": dataset_id, "deleted": True})
    note(wiring.stderr, f"{dataset_id} is deleted")


def _in_a_line(dataset: Dataset) -> str:
    head = f"{dataset.name}, version {dataset.version}: {dataset.state}"
    if dataset.failure:
        return f"{head}. {dataset.failure}"
    sides = ", ".join(f"{sum(of.values()):,} {side}" for side, of in dataset.counts.items())
    out = ", ".join(f"{count:,} {reason}" for reason, count in dataset.left_out.items())
    thinned = f"; {dataset.erased:,} erased since" if dataset.erased else ""
    return (
        f"{head}, {dataset.faces:,} faces"
        + (f" ({sides})" if sides else "")
        + (f"; left out: {out}" if out else "")
        + thinned
    )
