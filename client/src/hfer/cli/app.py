"""The commands. Each connects, does one thing, and leaves by an `ExitCode`."""

import io
import sys
from collections.abc import Sequence
from itertools import islice
from typing import Annotated

import typer

from hfer._version import __version__
from hfer.cli.audit import audit
from hfer.cli.comparing import compare
from hfer.cli.datasets import datasets
from hfer.cli.delivery import coming_back, deliver, leave, note, watch, write_json
from hfer.cli.doctor import doctor
from hfer.cli.erasing import erase
from hfer.cli.exits import exit_code_of_error
from hfer.cli.exporting import (
    FormOption,
    FormOut,
    ImagePrefix,
    PerOption,
    ResultsForm,
    file_form,
    write_file,
)
from hfer.cli.job_results import photos, retry, summary, zip_of_job
from hfer.cli.keys import keys
from hfer.cli.models import models
from hfer.cli.options import (
    DEFAULT_URL,
    ApiKey,
    AsJson,
    JobId,
    Quiet,
    ResultsFormat,
    Since,
    StateFormat,
    StateFormatOption,
    Until,
    Url,
    Wiring,
    in_utc,
    json_if,
    parse_label,
    session,
)
from hfer.cli.receipts import receipts
from hfer.cli.rerunning import diff, rerun
from hfer.cli.review_draws import draw, review_summary
from hfer.cli.reviews import reviews
from hfer.cli.submitting import submit
from hfer.cli.tables import jobs_table, state_table, stdout_console
from hfer.cli.tenants import tenants
from hfer.cli.usage import usage
from hfer.cli.voting import changes, set_review, undo, withdraw
from hfer.cli.watching import watch_job
from hfer.cli.webhooks import webhooks
from hfer.errors import HferError
from hfer.exports import Per, require_writer
from hfer.models import JobState

EPILOG = (
    "Exit codes: 0 all photos analysed; 2 wrong options or paths; 3 some photos failed or were "
    "left out; 4 the job failed, was cancelled or has expired; 5 no answer from the service; 6 the "
    "service refused; 7 the doctor found a fault, or a receipt is not genuine; 130 interrupted (a "
    "submitted job goes on)."
)

app = typer.Typer(
    name="hfer",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    epilog=EPILOG,
    help="Batch analysis of apparent facial expression: what faces show, not what people feel.",
)
app.add_typer(models, name="models")
app.command()(submit)
app.command("watch")(watch_job)
app.command()(photos)
app.command()(summary)
app.command("zip")(zip_of_job)
app.command()(retry)
app.command()(rerun)
app.command()(erase)
app.command()(diff)
app.command()(doctor)
app.command()(usage)
app.command()(compare)
app.add_typer(webhooks, name="webhooks")
app.add_typer(tenants, name="tenants")
app.add_typer(keys, name="keys")
app.command()(audit)
app.add_typer(receipts, name="receipts")
app.add_typer(reviews, name="reviews")
reviews.command()(draw)
reviews.command("summary")(review_summary)
reviews.command("set")(set_review)
reviews.command()(withdraw)
reviews.command()(undo)
reviews.command()(changes)
app.add_typer(datasets, name="dataset")


def main(arguments: Sequence[str] | None = None, *, wiring: Wiring | None = None) -> None:
    """Run the command line (``sys.argv`` by default) and exit the process."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        # Windows' cp1252 knows no 東京.jpg; a job that was done must not end in a traceback.
        sys.stdout.reconfigure(errors="backslashreplace")
    wiring = wiring or Wiring()
    try:
        app(args=arguments, obj=wiring, prog_name="hfer")
    except HferError as error:
        note(wiring.stderr, f"hfer: {error}")
        sys.exit(exit_code_of_error(error))
    except OSError as error:
        note(wiring.stderr, f"hfer: {error.strerror or error}: {error.filename or ''}")
        sys.exit(1)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"hfer {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    *,
    _version: Annotated[
        bool,
        typer.Option("--version", is_eager=True, callback=_print_version, help="Print it."),
    ] = False,
) -> None:
    """Take the options that stand before the command."""


@app.command()
def status(
    context: typer.Context,
    job_id: JobId,
    *,
    api_key: ApiKey,
    url: Url = DEFAULT_URL,
    state_format: StateFormatOption = StateFormat.TABLE,
    as_json: AsJson = False,
) -> None:
    """Tell how a job stands. Exits with 0 whatever the answer is."""
    with session(context, url, api_key) as (_, client):
        _print_state(client.jobs.get(job_id).state, as_json, state_format)


@app.command()
def results(
    context: typer.Context,
    job_id: JobId,
    *,
    api_key: ApiKey,
    url: Url = DEFAULT_URL,
    wait: Annotated[bool, typer.Option("--wait", help="Wait for the job first.")] = False,
    partial: Annotated[
        bool, typer.Option("--partial", help="Print what there is while the job runs.")
    ] = False,
    out: FormOut = None,
    form: FormOption = ResultsForm.TABLE,
    per: PerOption = Per.PHOTO,
    image_prefix: ImagePrefix = "",
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Print the results of a job, of this or any earlier submit, or write them to a file.

    parquet and xlsx need the extra "tables" of this package.
    """
    file = file_form(ResultsForm.JSON if as_json else form, out)
    if file is not None:
        require_writer(file)
    with session(context, url, api_key) as (wiring, client):
        job = client.jobs.get(job_id)
        with coming_back(job, wiring.stderr):
            state = watch(job, wiring.stderr, quiet=quiet) if wait else job.state
            if file is not None and out is not None:
                write_file(
                    job,
                    wiring.stderr,
                    form=file,
                    out=out,
                    partial=partial,
                    per=per,
                    image_prefix=image_prefix,
                )
            else:
                deliver(
                    job,
                    wiring.stderr,
                    results_format=json_if(as_json, ResultsFormat(form)),
                    out=out,
                    partial=partial,
                    quiet=quiet,
                )
        leave(state, wiring.stderr)


@app.command()
def cancel(
    context: typer.Context,
    job_id: JobId,
    *,
    api_key: ApiKey,
    url: Url = DEFAULT_URL,
    state_format: StateFormatOption = StateFormat.TABLE,
    as_json: AsJson = False,
) -> None:
    """Stop a job. Photos already analysed keep their results."""
    with session(context, url, api_key) as (_, client):
        _print_state(client.jobs.attach(job_id).cancel(), as_json, state_format)


@app.command()
def delete(
    context: typer.Context,
    job_id: JobId,
    *,
    api_key: ApiKey,
    url: Url = DEFAULT_URL,
    reason: Annotated[
        str | None, typer.Option(help="Why, for the receipt; no names, it is kept.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    as_json: AsJson = False,
) -> None:
    """Erase a job with its photos and results, for good."""
    if not yes and sys.stdin.isatty():
        typer.confirm(f"Erase {job_id}, its photos and its results?", abort=True, err=True)
    with session(context, url, api_key) as (wiring, client):
        client.jobs.attach(job_id).delete(reason=reason)
        note(wiring.stderr, f"Erased {job_id}")
    if as_json:
        write_json({"id": job_id, "deleted": True})


@app.command()
def jobs(
    context: typer.Context,
    *,
    api_key: ApiKey,
    url: Url = DEFAULT_URL,
    status: Annotated[str | None, typer.Option(help="Only jobs in this status.")] = None,
    tenant: Annotated[
        str | None, typer.Option(help="Jobs of another tenant, or '*' of all; needs admin.")
    ] = None,
    label: Annotated[
        list[str] | None,
        typer.Option(metavar="KEY=VALUE", help="Only jobs so labelled; repeat it for more."),
    ] = None,
    client_ref: Annotated[str | None, typer.Option(help="Only jobs with this id of yours.")] = None,
    since: Since = None,
    until: Until = None,
    limit: Annotated[int, typer.Option(min=1, help="At most this many.")] = 20,
    state_format: StateFormatOption = StateFormat.TABLE,
    as_json: AsJson = False,
) -> None:
    """List the newest jobs."""
    with session(context, url, api_key) as (_, client):
        found = client.jobs.list(
            status=status,
            tenant=tenant,
            labels=dict(parse_label(text) for text in label or []),
            client_ref=client_ref,
            created_after=in_utc(since),
            created_before=in_utc(until),
        )
        states = list(islice(found, limit))
        if as_json or state_format is StateFormat.JSON:
            write_json(states)
        else:
            stdout_console().print(jobs_table(states))


def _print_state(state: JobState, as_json: bool, state_format: StateFormat) -> None:
    if as_json or state_format is StateFormat.JSON:
        write_json(state)
    else:
        stdout_console().print(state_table(state))
