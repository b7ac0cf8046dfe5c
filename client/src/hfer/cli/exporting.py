"""``hfer results --format parquet`` and its like: a file instead of what is printed."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from hfer.cli.delivery import note
from hfer.cli.options import ResultsFormat
from hfer.exports import ExportFormat, Per
from hfer.exports.label_studio import CONFIG
from hfer.jobs import Job

# Beside the tasks of Label Studio.
INTERFACE_ENDING = ".xml"


class ResultsForm(StrEnum):
    """All that `hfer results` makes: what it prints, then what it writes to a file."""

    TABLE = ResultsFormat.TABLE
    JSON = ResultsFormat.JSON
    JSONL = ResultsFormat.JSONL
    CSV = ResultsFormat.CSV
    PARQUET = ExportFormat.PARQUET
    XLSX = ExportFormat.XLSX
    COCO = ExportFormat.COCO
    LABEL_STUDIO = ExportFormat.LABEL_STUDIO
    PYFEAT = ExportFormat.PYFEAT


FormOption = Annotated[
    ResultsForm,
    typer.Option(
        "--format",
        "-f",
        help="How results are printed on stdout; from parquet on, the file that --out names.",
    ),
]
FormOut = Annotated[
    Path | None,
    typer.Option(
        "--out",
        metavar="DIR|FILE",
        help="Write annotated photos, results.json and results.csv to this folder; from parquet on,"
        " the results to this file.",
    ),
]
PerOption = Annotated[
    Per,
    typer.Option(
        "--per",
        help="Of label-studio: what a task is of; a face comes in its whole photo, boxed.",
    ),
]
ImagePrefix = Annotated[
    str,
    typer.Option(
        metavar="URL",
        help="Of label-studio: what leads to the photos, up to and with its last /.",
    ),
]


def file_form(form: str, out: Path | None) -> ExportFormat | None:
    """Tell which file is to be written; None where results are printed.

    Raises:
        typer.BadParameter: ``out`` is no place for it.
    """
    if form not in set(ExportFormat):
        if out is not None and out.exists() and not out.is_dir():
            raise typer.BadParameter(f"{out} is a file; --format {form} needs a folder.")
        return None
    if out is None:
        raise typer.BadParameter(f"--format {form} writes a file: name it with --out FILE.")
    if out.is_dir():
        raise typer.BadParameter(f"{out} is a folder; --format {form} needs a file.")
    if form == ExportFormat.LABEL_STUDIO and out.suffix.lower() == INTERFACE_ENDING:
        raise typer.BadParameter(
            f"{out} is where the labelling interface goes; name the tasks {out.stem}.json."
        )
    return ExportFormat(form)


def write_file(
    job: Job,
    stderr: Console,
    *,
    form: ExportFormat,
    out: Path,
    partial: bool,
    per: Per,
    image_prefix: str,
) -> None:
    """Write the file, and say where it is; for Label Studio also what reads it."""
    job.export(out, form, partial=partial, per=per, image_prefix=image_prefix)
    note(stderr, f"Wrote the results to {out}")
    if form is ExportFormat.LABEL_STUDIO:
        config = out.with_suffix(INTERFACE_ENDING)
        config.write_text(CONFIG)
        note(stderr, f"Wrote the labelling interface of these tasks to {config}")
        if not image_prefix:
            note(stderr, "Without --image-prefix Label Studio will not find the photos.")
