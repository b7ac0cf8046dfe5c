"""What else is asked of a job: faces added up, photos that fit, a zip, failed photos again."""

from itertools import islice
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from hfer.cli.delivery import coming_back, leave, note, watch, write_json
from hfer.cli.options import DEFAULT_URL, ApiKey, AsJson, JobId, Quiet, Url, session
from hfer.cli.tables import add, results_table, stdout_console, titled_table
from hfer.result_models import JobSummary


def retry(
    context: typer.Context,
    job_id: JobId,
    *,
    api_key: ApiKey,
    url: Url = DEFAULT_URL,
    wait: Annotated[bool, typer.Option("--wait", help="Stay until the new job is final.")] = False,
    idempotency_key: Annotated[
        str | None, typer.Option(help="Same key and same job give the same new job again.")
    ] = None,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Analyse the failed photos of a job anew, as a new job; print its id."""
    with session(context, url, api_key) as (wiring, client):
        job = client.jobs.attach(job_id).retry(idempotency_key=idempotency_key)
        if as_json:
            write_json(job.state)
        else:
            typer.echo(job.id)
        if wait:
            with coming_back(job, wiring.stderr):
                state = watch(job, wiring.stderr, quiet=quiet)
            leave(state, wiring.stderr)


def summary(
    context: typer.Context,
    job_id: JobId,
    *,
    api_key: ApiKey,
    url: Url = DEFAULT_URL,
    as_json: AsJson = False,
) -> None:
    """Add up the faces found in a job so far, by expression."""
    with session(context, url, api_key) as (_, client):
        added_up = client.jobs.attach(job_id).summary()
    if as_json:
        write_json(added_up)
    else:
        stdout_console().print(_summary_table(added_up))


def photos(
    context: typer.Context,
    job_id: JobId,
    *,
    api_key: ApiKey,
    url: Url = DEFAULT_URL,
    status: Annotated[
        str | None, typer.Option(help="succeeded, no_face, failed, cancelled, running or queued.")
    ] = None,
    expression: Annotated[
        str | None, typer.Option(help="Photos with a face whose first answer it is.")
    ] = None,
    min_p: Annotated[
        float | None, typer.Option(min=0, max=1, help="And whose probability is this at least.")
    ] = None,
    uncertain: Annotated[
        bool | None, typer.Option("--uncertain/--certain", help="And which is, or is not.")
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="At most this many; else all.")] = None,
    as_json: AsJson = False,
) -> None:
    """List the photos of a job that fit, finished or not."""
    with session(context, url, api_key) as (_, client):
        job = client.jobs.attach(job_id)
        fitting = job.items(status=status, expression=expression, min_p=min_p, uncertain=uncertain)
        found = list(islice(fitting, limit))
    if as_json:
        write_json(found)
    else:
        stdout_console().print(results_table(found))


def zip_of_job(
    context: typer.Context,
    job_id: JobId,
    *,
    api_key: ApiKey,
    url: Url = DEFAULT_URL,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE", dir_okay=False, help="Where; JOB.zip by default."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Fetch a finished job as a zip: results as CSV and JSON Lines, all annotated photos."""
    with session(context, url, api_key) as (wiring, client):
        # Of an id nothing can leave the folder: the service knows none with a slash.
        target = out or Path(f"{Path(job_id).name}.zip")
        client.jobs.attach(job_id).save_zip(target)
        note(wiring.stderr, f"Wrote {target}")
    if as_json:
        write_json({"id": job_id, "file": str(target)})


def _summary_table(added_up: JobSummary) -> Table:
    table = titled_table("expression", "faces", "uncertain", "mean probability")
    for column in table.columns[1:]:
        column.justify = "right"
    for name, one in added_up.expressions.items():
        mean = "" if one.mean_p is None else f"{one.mean_p:.0%}"
        add(table, name, f"{one.faces:,}", f"{one.uncertain:,}", mean)
    add(table, "all", f"{added_up.faces:,}", f"{added_up.uncertain:,}", "")
    return table
