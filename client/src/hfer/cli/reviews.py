"""``hfer reviews``: what people say of a job's faces."""

from pathlib import Path
from typing import Annotated

import typer

from hfer.cli.delivery import note, write_json, write_stdout
from hfer.cli.exits import ExitCode
from hfer.cli.options import DEFAULT_URL, ApiKey, AsJson, Url, session
from hfer.cli.tables import add, shown_time, stdout_console, titled_table
from hfer.review_models import Review

reviews = typer.Typer(
    no_args_is_help=True, help="What people say of a job's faces, beside the model's answers."
)

OneJob = Annotated[
    str | None, typer.Argument(metavar="JOB", help="Only of this job: job_…; else of all.")
]
OnlyReviewer = Annotated[str | None, typer.Option("--reviewer", help="Only theirs.")]
OnlyAnswer = Annotated[str | None, typer.Option("--answer", help="Only votes that say this.")]
OnlyBlind = Annotated[
    bool | None, typer.Option("--blind/--in-sight", help="Only votes given blind, or only others.")
]
OnlyDiffering = Annotated[
    bool | None,
    typer.Option(
        "--differs/--agrees", help="Only votes that say something else than the model, or others."
    ),
]

# More lines than this hide what matters; --json has all.
_LISTED = 20


@reviews.command("list")
def list_reviews(
    context: typer.Context,
    job_id: OneJob = None,
    *,
    api_key: ApiKey,
    url: Url = DEFAULT_URL,
    reviewer: OnlyReviewer = None,
    answer: OnlyAnswer = None,
    blind: OnlyBlind = None,
    differs: OnlyDiffering = None,
    as_json: AsJson = False,
) -> None:
    """List what people say of faces of a job, or of all: the last word of each on each face."""
    filters = {"reviewer": reviewer, "answer": answer, "blind": blind, "differs": differs}
    asked = any(value is not None for value in filters.values())
    with session(context, url, api_key) as (_, client):
        found: list[Review] = (
            # Services that know no list across jobs have that of one.
            list(client.jobs.attach(job_id).reviews())
            if job_id is not None and not asked
            else list(
                client.reviews.list(
                    job_id=job_id, reviewer=reviewer, answer=answer, blind=blind, differs=differs
                )
            )
        )
    if as_json:
        write_json(found)
        return
    table = titled_table("photo", "face", "reviewer", "answer", "blind", "when")
    for review in found:
        add(
            table,
            review.filename or review.item_id,
            str(review.face_index),
            review.reviewer,
            review.answer,
            "yes" if review.blind else "no",
            shown_time(review.reviewed_at),
        )
    stdout_console().print(table)


@reviews.command()
def votes(
    context: typer.Context,
    job_id: OneJob = None,
    *,
    api_key: ApiKey,
    url: Url = DEFAULT_URL,
    reviewer: OnlyReviewer = None,
    answer: OnlyAnswer = None,
    blind: OnlyBlind = None,
    differs: OnlyDiffering = None,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", dir_okay=False, help="Write it here.")
    ] = None,
) -> None:
    """Print the votes as CSV, a row for each face: what `make finetune` and `make train` read."""
    with session(context, url, api_key) as (wiring, client):
        blocks = client.reviews.votes(
            job_id=job_id, reviewer=reviewer, answer=answer, blind=blind, differs=differs
        )
        if out is None:
            write_stdout(blocks)
            return
        draft = out.with_name(f".{out.name}.part")
        try:
            with draft.open("wb") as file:
                file.writelines(blocks)
            draft.replace(out)
        finally:
            draft.unlink(missing_ok=True)
    note(wiring.stderr, f"Wrote the votes to {out}")


@reviews.command("import")
def import_reviews(
    context: typer.Context,
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE",
            help="Label Studio's JSON, or CSV with filename, face_index, answer.",
        ),
    ],
    *,
    job_id: Annotated[str, typer.Option("--job", metavar="JOB", help="The job of the faces.")],
    api_key: ApiKey,
    url: Url = DEFAULT_URL,
    reviewer: Annotated[
        str | None, typer.Option(help="Who says it, where the file does not tell.")
    ] = None,
    blind: Annotated[
        bool, typer.Option("--blind", help="They saw no answers of the model or of others.")
    ] = False,
    strict: Annotated[
        bool, typer.Option("--strict", help="Send nothing if anything fits no face.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Take in reviews that people gave elsewhere. The same file once more changes nothing.

    Exits with 3 if something in the file fits no face of the job; the rest is taken. Needs a key
    with the scopes jobs:read and review.
    """
    with session(context, url, api_key) as (wiring, client):
        told = client.jobs.attach(job_id).import_reviews(
            file, reviewer=reviewer, blind=blind, strict=strict
        )
    if as_json:
        write_json(told)
    note(
        wiring.stderr,
        f"{told.added:,} reviews added, {told.unchanged:,} known already,"
        f" {told.passed_over:,} passed over (cancelled, or without an answer),"
        f" {len(told.unmatched):,} that fit no face.",
    )
    for missed in told.unmatched[:_LISTED]:
        note(wiring.stderr, f"{missed.place}, {missed.photo or 'no photo'}: {missed.reason}")
    if len(told.unmatched) > _LISTED:
        note(wiring.stderr, f"… and {len(told.unmatched) - _LISTED:,} more: --json lists all.")
    if told.unmatched:
        raise typer.Exit(ExitCode.SOME_FAILED)
