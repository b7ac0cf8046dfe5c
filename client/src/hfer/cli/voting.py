"""``hfer reviews set`` and its like: one vote on one face, and steps back."""

from typing import Annotated

import typer

from hfer.cli.delivery import note, write_json
from hfer.cli.options import DEFAULT_URL, ApiKey, AsJson, JobId, Url, session
from hfer.cli.tables import add, shown_time, stdout_console, titled_table

ItemId = Annotated[str, typer.Argument(metavar="ITEM", help="Id of the photo: itm_…")]
FaceIndex = Annotated[
    int, typer.Argument(metavar="FACE", min=0, help="Number of the face on the annotated photo.")
]
Reviewer = Annotated[str, typer.Option(help="Whose vote it is.")]
Version = Annotated[
    int | None,
    typer.Option(min=0, help="Their last word that you saw, 0 for none; refused if it is another."),
]


def set_review(
    context: typer.Context,
    job_id: JobId,
    item_id: ItemId,
    face_index: FaceIndex,
    answer: Annotated[
        str, typer.Argument(help="One of the seven expressions, not_a_face or cannot_tell.")
    ],
    *,
    reviewer: Reviewer,
    api_key: ApiKey,
    url: Url = DEFAULT_URL,
    blind: Annotated[
        bool, typer.Option("--blind", help="They saw no answers of the model or of others.")
    ] = False,
    words: Annotated[str | None, typer.Option("--note", help="In their words.")] = None,
    version: Version = None,
    as_json: AsJson = False,
) -> None:
    """Say what a face shows. The same once more changes nothing. Needs the scope review."""
    with session(context, url, api_key) as (wiring, client):
        said = client.reviews.set(
            job_id,
            item_id,
            face_index,
            answer,
            reviewer=reviewer,
            blind=blind,
            note=words,
            version=version,
        )
    if as_json:
        write_json(said)
    note(wiring.stderr, f"{said.reviewer} says {said.answer}, version {said.version}")


def withdraw(
    context: typer.Context,
    job_id: JobId,
    item_id: ItemId,
    face_index: FaceIndex,
    *,
    reviewer: Reviewer,
    api_key: ApiKey,
    url: Url = DEFAULT_URL,
    version: Version = None,
    as_json: AsJson = False,
) -> None:
    """Take a vote back. What was said is kept, and counts no more. Needs the scope review."""
    with session(context, url, api_key) as (wiring, client):
        client.reviews.withdraw(job_id, item_id, face_index, reviewer=reviewer, version=version)
    if as_json:
        write_json({"item_id": item_id, "face_index": face_index, "withdrawn": True})
    note(wiring.stderr, f"The vote of {reviewer} is taken back")


def undo(
    context: typer.Context,
    job_id: JobId,
    *,
    reviewer: Reviewer,
    api_key: ApiKey,
    url: Url = DEFAULT_URL,
    change: Annotated[
        str | None,
        typer.Option("--change", metavar="CHANGE", help="Which, chg_…; the last when left out."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Take back all that a reviewer's last change said. Needs the scope review."""
    with session(context, url, api_key) as (wiring, client):
        told = client.reviews.undo(job_id, reviewer=reviewer, change_id=change)
    if as_json:
        write_json(told)
    what = "Nothing to undo" if told.change_id is None else f"Undone on {told.undone:,} faces"
    note(wiring.stderr, what)


def changes(
    context: typer.Context,
    job_id: JobId,
    *,
    api_key: ApiKey,
    url: Url = DEFAULT_URL,
    reviewer: Annotated[str | None, typer.Option(help="Only theirs.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=100, help="At most this many.")] = 10,
    as_json: AsJson = False,
) -> None:
    """List the last changes, newest first: what can be undone."""
    with session(context, url, api_key) as (_, client):
        found = client.reviews.changes(job_id, reviewer=reviewer, limit=limit)
    if as_json:
        write_json(found)
        return
    table = titled_table("change", "reviewer", "when", "answers", "undone")
    for change in found:
        said = ", ".join(f"{count:,} {answer}" for answer, count in change.answers.items())
        undone = "yes" if change.undone else "no"
        add(table, change.change_id, change.reviewer, shown_time(change.made_at), said, undone)
    stdout_console().print(table)
