"""``hfer rerun`` and ``hfer diff``: a job's photos once more, and what came out otherwise."""

import csv
import io
from dataclasses import asdict
from enum import StrEnum
from typing import Annotated

import typer

from hfer._formulas import guarded
from hfer.cli.delivery import hand_over, note, write_json, write_stdout
from hfer.cli.options import (
    DEFAULT_URL,
    ApiKey,
    AsJson,
    Detector,
    JobAgainKey,
    JobId,
    KeepPhotos,
    MinFacePx,
    Model,
    Quiet,
    Threshold,
    TopN,
    Url,
    Wait,
    seconds_of,
    session,
)
from hfer.cli.tables import add, lines_table, stdout_console, titled_table
from hfer.diff_models import FaceAnswer, FaceDiff, JobDiff

# More lines than this hide the table; all are in the CSV.
_LISTED = 20
_COLUMNS = (
    *("index", "item_id", "with_item_id", "filename", "iou"),
    *("face_index", "expression", "p", "with_face_index", "with_expression", "with_p"),
)


class DiffFormat(StrEnum):
    """How a comparison is printed."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"


def rerun(
    context: typer.Context,
    job_id: JobId,
    *,
    api_key: ApiKey,
    url: Url = DEFAULT_URL,
    model: Model = None,
    detector: Detector = None,
    top_n: TopN = None,
    min_face_px: MinFacePx = None,
    threshold: Threshold = None,
    keep_photos: KeepPhotos = None,
    wait: Wait = False,
    idempotency_key: JobAgainKey = None,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Analyse all photos of a job anew while they are kept, as a new job; print its id."""
    with session(context, url, api_key) as (wiring, client):
        job = client.jobs.attach(job_id).rerun(
            model=model,
            detector=detector,
            top_n=top_n,
            min_face_px=min_face_px,
            detection_threshold=threshold,
            keep_photos_s=seconds_of(keep_photos),
            idempotency_key=idempotency_key,
        )
        hand_over(job, wiring.stderr, wait=wait, quiet=quiet, as_json=as_json)


def diff(
    context: typer.Context,
    job_id: JobId,
    other: Annotated[
        str | None,
        typer.Argument(metavar="OTHER", help="The other job; the one that JOB is a rerun of."),
    ] = None,
    *,
    api_key: ApiKey,
    url: Url = DEFAULT_URL,
    diff_format: Annotated[
        DiffFormat, typer.Option("--format", "-f", help="How it is printed on stdout.")
    ] = DiffFormat.TABLE,
    as_json: AsJson = False,
) -> None:
    """Compare two jobs over the same photos, face by face: which answers are others, and how."""
    with session(context, url, api_key) as (wiring, client):
        found = client.jobs.attach(job_id).diff(other)
    if as_json or diff_format is DiffFormat.JSON:
        write_json(asdict(found))
    elif diff_format is DiffFormat.CSV:
        write_stdout([_csv(found)])
    else:
        _print(found)
        if len(found.changed) > _LISTED:
            note(wiring.stderr, f"… and {len(found.changed) - _LISTED:,} more: --format csv.")


def _print(found: JobDiff) -> None:
    console, totals = stdout_console(), found.totals
    shift = "" if totals.mean_shift is None else f"{totals.mean_shift:.3f}"
    rows = {
        "job": f"{found.job_id} ({found.model_version or 'no result'})",
        "beside": f"{found.with_job_id} ({found.with_model_version or 'no result'})",
        "photos of both": f"{totals.photos:,}, {totals.unanswered:,} without a result on one side",
        "faces of both": f"{totals.faces:,}, {totals.changed:,} with another first answer",
        "faces of one": f"{totals.lost:,} only here, {totals.gained:,} only there",
        "mean shift of probabilities": shift,
    }
    console.print(lines_table(rows))
    table = titled_table("photo", "face", "here", "there")
    for face in found.changed[:_LISTED]:
        seen = face.this or face.other or FaceAnswer()
        add(table, face.filename, str(seen.face_index), _words(face.this), _words(face.other))
    if found.changed:
        console.print(table)


def _words(answer: FaceAnswer | None) -> str:
    return "not found" if answer is None else f"{answer.expression} {answer.p:.2f}"


def _csv(found: JobDiff) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(_COLUMNS)
    writer.writerows(_row(face) for face in found.changed)
    return text.getvalue().encode()


def _row(face: FaceDiff) -> list[object]:
    photo = [face.index, face.item_id, face.with_item_id, guarded(face.filename), face.iou]
    return [*photo, *_cells(face.this), *_cells(face.other)]


def _cells(answer: FaceAnswer | None) -> list[object]:
    return ["", "", ""] if answer is None else [answer.face_index, answer.expression, answer.p]
