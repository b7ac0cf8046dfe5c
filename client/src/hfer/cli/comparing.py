"""``hfer compare``: saved predictions of another service beside a job."""

from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from hfer.cli.delivery import note, write_json, write_stdout
from hfer.cli.options import DEFAULT_URL, ApiKey, AsJson, JobId, Url, session
from hfer.cli.tables import add, lines_table, stdout_console, titled_table
from hfer.comparison import Comparison, comparison_page
from hfer.comparison.compared import DEFAULT_IOU
from hfer.comparison.page import shown, summary
from hfer.comparison.rows import comparison_csv, comparison_json

# More lines than this hide the table; all are in the CSV.
_LISTED = 20


class ComparisonFormat(StrEnum):
    """How a comparison is printed."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"


def compare(
    context: typer.Context,
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE",
            help="Saved predictions: Hume's of a job, or Amazon Rekognition's answers to"
            " DetectFaces; JSON, JSON Lines, or a folder of them.",
        ),
    ],
    job_id: JobId,
    *,
    api_key: ApiKey,
    url: Url = DEFAULT_URL,
    photos: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Your photos: Hume's file tells their MD5, which then counts before names.",
        ),
    ] = None,
    iou: Annotated[
        float, typer.Option(min=0.01, max=1.0, help="Least overlap of two boxes of one face.")
    ] = DEFAULT_IOU,
    page: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", dir_okay=False, help="Write one HTML file that loads nothing."
        ),
    ] = None,
    comparison_format: Annotated[
        ComparisonFormat, typer.Option("--format", "-f", help="How it is printed on stdout.")
    ] = ComparisonFormat.TABLE,
    as_json: AsJson = False,
) -> None:
    """Set saved predictions of Hume or Amazon Rekognition beside a job that has the same photos.

    Photos are matched by name, faces by the overlap of their boxes. Only the order of the
    expressions is compared: the numbers of two services do not mean the same.
    """
    with session(context, url, api_key) as (wiring, client):
        found = client.jobs.attach(job_id).compare(file, photos=photos, iou=iou)
    if page is not None:
        page.write_text(comparison_page(found, job=job_id, file=file.name), encoding="utf-8")
        note(wiring.stderr, f"Wrote {page}")
    if as_json or comparison_format is ComparisonFormat.JSON:
        write_json(comparison_json(found))
    elif comparison_format is ComparisonFormat.CSV:
        write_stdout([comparison_csv(found)])
    else:
        console = stdout_console()
        console.print(lines_table(summary(found)))
        console.print(_expressions(found))
        _list_lone(found, wiring.stderr)


def _expressions(found: Comparison) -> Table:
    table = titled_table("expression", "theirs first", "ours first", "both first", "over all faces")
    for name in found.expressions:
        theirs = sum(count for (their, _), count in found.confusion.items() if their == name)
        ours = sum(count for (_, our), count in found.confusion.items() if our == name)
        both = found.confusion[name, name]
        add(table, name, f"{theirs:,}", f"{ours:,}", f"{both:,}", shown(found.across_faces(name)))
    return table


def _list_lone(found: Comparison, stderr: Console) -> None:
    _list((f"{p.filename or '(no name)'}: {p.reason}" for p in found.lone_photos), stderr)
    _list(
        (f"{f.filename}: face {f.face} is only in the {f.side}" for f in found.lone_faces), stderr
    )


def _list(lines: Iterable[str], stderr: Console) -> None:
    listed = list(lines)
    for line in listed[:_LISTED]:
        note(stderr, line)
    if len(listed) > _LISTED:
        note(stderr, f"… and {len(listed) - _LISTED:,} more: --format csv lists all.")
