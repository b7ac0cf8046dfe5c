"""What else is asked of a job: faces added up, photos that fit, a zip, failed photos again."""

from itertools import islice
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from hfer.cli.delivery import hand_over, note, write_json
from hfer.cli.options import (
    DEFAULT_URL,
    ApiKey,
    AsJson,
    JobAgainKey,
    JobId,
    Quiet,
    Url,
    Wait,
    session,
)
from hfer.cli.tables import add, results_table, stdout_console, titled_table
from hfer.photo_filters import PhotoFilter
from hfer.result_models import JobSummary


def retry(
    context: typer.Context,
    job_id: JobId,
    *,
    api_key: ApiKey,
    url: Url = DEFAULT_URL,
    wait: Wait = False,
    idempotency_key: JobAgainKey = None,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Analyse the failed photos of a job anew, as a new job; print its id."""
    with session(context, url, api_key) as (wiring, client):
        job = client.jobs.attach(job_id).retry(idempotency_key=idempotency_key)
        hand_over(job, wiring.stderr, wait=wait, quiet=quiet, as_json=as_json)


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
    max_p: Annotated[
        float | None, typer.Option(min=0, max=1, help="And whose probability is this at most.")
    ] = None,
    uncertain: Annotated[
        bool | None, typer.Option("--uncertain/--certain", help="And which is, or is not.")
    ] = None,
    warning: Annotated[
        str | None, typer.Option(help="And with this warning: small_face, or one of the photo.")
    ] = None,
    min_side: Annotated[
        int | None, typer.Option(min=0, help="And whose box has this longer side at least, px.")
    ] = None,
    max_side: Annotated[
        int | None, typer.Option(min=0, help="And whose box has this longer side at most, px.")
    ] = None,
    reviewed: Annotated[
        bool | None, typer.Option("--reviewed/--not-reviewed", help="And which is, or is not.")
    ] = None,
    answer: Annotated[str | None, typer.Option(help="And of which a reviewer says this.")] = None,
    differs: Annotated[
        bool | None,
        typer.Option("--differs/--agrees", help="And on which a vote differs, or none does."),
    ] = None,
    min_faces: Annotated[int | None, typer.Option(min=0, help="With this many faces.")] = None,
    folder: Annotated[str | None, typer.Option(help="In this folder, or below.")] = None,
    name: Annotated[str | None, typer.Option(help="Whose name contains this.")] = None,
    sort: Annotated[
        str,
        typer.Option(
            help="sent, uncertain, margin, confidence, faces, name, captured, rare, size or"
            " disagreement."
        ),
    ] = "sent",
    limit: Annotated[int | None, typer.Option(min=1, help="At most this many; else all.")] = None,
    as_json: AsJson = False,
) -> None:
    """List the photos of a job that fit, finished or not."""
    with session(context, url, api_key) as (_, client):
        job = client.jobs.attach(job_id)
        wanted = PhotoFilter(
            status=status,
            folder=folder,
            q=name,
            min_faces=min_faces,
            warning=warning,
            expression=expression,
            min_p=min_p,
            max_p=max_p,
            uncertain=uncertain,
            min_side=min_side,
            max_side=max_side,
            reviewed=reviewed,
            answer=answer,
            differs=differs,
        )
        if sort == "sent":
            found = list(islice(job.items(**wanted), limit))
        else:
            first = job.order(sort=sort, **wanted).index[:limit]
            found = list(job.items(index=first))
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
