"""From a job to what the user sees: wait for it, print its results, fill the folder."""

import dataclasses
import json
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import NoReturn

import typer
from rich.console import Console
from rich.text import Text

from hfer.cli.exits import ExitCode, exit_code_of_job
from hfer.cli.folder import plan_annotated, write_annotated, write_results
from hfer.cli.options import ResultsFormat
from hfer.cli.progress import analysis_bar, download_bar
from hfer.cli.tables import describe, results_table, stdout_console
from hfer.cli.text import safe, safe_lines
from hfer.jobs import Job
from hfer.models import JobState, ResultFormat

_SHOWN_FAILED = 3
MORE_FACES = "more faces than a result holds; the largest are listed."


def note(stderr: Console, text: str) -> None:
    """Print one line on stderr."""
    stderr.print(Text(safe(text)), soft_wrap=True)


@contextmanager
def coming_back(job: Job, stderr: Console) -> Iterator[None]:
    """Let Ctrl-C end the command, not the job, and say how to come back to it."""
    try:
        yield
    except KeyboardInterrupt as interrupt:
        note(stderr, "Interrupted; the job was left alone.")
        note(stderr, f"See how it stands:  hfer status {job.id}")
        note(stderr, f"Get its results:    hfer results {job.id} --wait")
        raise typer.Exit(ExitCode.INTERRUPTED) from interrupt


@contextmanager
def resuming(stderr: Console) -> Iterator[None]:
    """Let Ctrl-C during an upload say that nothing is lost."""
    try:
        yield
    except KeyboardInterrupt as interrupt:
        note(stderr, "Interrupted while sending; there is no job yet.")
        note(stderr, "Run the same command again: it goes on where it stopped (within a day).")
        note(stderr, "Add --fresh to begin anew.")
        raise typer.Exit(ExitCode.INTERRUPTED) from interrupt


def watch(job: Job, stderr: Console, *, quiet: bool) -> JobState:
    """Wait for the job under a progress bar."""
    with analysis_bar(stderr, quiet=quiet) as show:
        return job.wait(on_progress=show)


def deliver(
    job: Job,
    stderr: Console,
    *,
    results_format: ResultsFormat,
    out: Path | None,
    partial: bool,
    quiet: bool,
) -> None:
    """Fill the folder, if one is wanted, then print the results."""
    if out is not None:
        _fill(job, out, stderr, partial=partial, quiet=quiet)
    if results_format is ResultsFormat.TABLE:
        photos = list(job.results(partial=partial))
        stdout_console().print(results_table(photos))
        if cut := sum(photo.faces_truncated for photo in photos):
            note(stderr, f"{cut:,} {'photo shows' if cut == 1 else 'photos show'} {MORE_FACES}")
    else:
        write_stdout(job.results_bytes(ResultFormat(results_format), partial=partial))
        if job.state.counts.failed:
            _name_failed(job, stderr)


def _name_failed(job: Job, stderr: Console) -> None:
    """Name the first photos that failed: a CSV that goes into a file shows them to nobody."""
    failed = list(islice(job.items(status="failed"), _SHOWN_FAILED))
    for photo in failed:
        why = f"{photo.error.code}: {photo.error.detail}" if photo.error else "no reason is given"
        note(stderr, f"Failed: {photo.filename} ({why})")
    if more := job.state.counts.failed - len(failed):
        note(stderr, f"Failed: {more:,} more, which the results name.")


def write_stdout(blocks: Iterable[bytes]) -> None:
    """Write data as it is; made safe first where a terminal would interpret it."""
    stream = sys.stdout.buffer
    stream.writelines(safe_lines(blocks) if sys.stdout.isatty() else blocks)
    stream.flush()


def write_json(value: object) -> None:
    """Print dataclasses as JSON."""
    text = json.dumps(value, default=jsonable, indent=2)
    write_stdout([f"{text}\n".encode()])


def _fill(job: Job, out: Path, stderr: Console, *, partial: bool, quiet: bool) -> None:
    out.mkdir(parents=True, exist_ok=True)
    plan = plan_annotated(job.results(partial=partial))
    write_results(job, out, plan, partial=partial)
    with download_bar(stderr, total=len(plan), quiet=quiet or not plan) as advance:
        written = write_annotated(job, plan, out, on_done=advance)
    missing = len(plan) - len(written)
    if missing:
        # The table names the pictures that are there.
        write_results(job, out, written, partial=partial)
    if missing:
        note(stderr, f"{missing:,} annotated photos are no longer kept by the service.")
    note(stderr, f"Wrote {len(plan) - missing:,} annotated photos and the results to {out}")


def describe_end(state: JobState, stderr: Console) -> None:
    """Say in a line how far the job is."""
    note(stderr, f"{state.id} {state.status}: photos {describe(state.counts)}")


def hand_over(job: Job, stderr: Console, *, wait: bool, quiet: bool, as_json: bool) -> None:
    """Print a job that was made of another one, its id or all of it; with ``wait`` see it end."""
    if as_json:
        write_json(job.state)
    else:
        typer.echo(job.id)
    if wait:
        with coming_back(job, stderr):
            state = watch(job, stderr, quiet=quiet)
        leave(state, stderr)


def leave(state: JobState, stderr: Console, *, left_out: bool = False) -> NoReturn:
    """End with a line on how far the job is, and the exit code that says the same.

    ``left_out`` are photos that were not sent at all.
    """
    describe_end(state, stderr)
    code = exit_code_of_job(state)
    raise typer.Exit(ExitCode.SOME_FAILED if left_out and code is ExitCode.OK else code)


def jsonable(value: object) -> object:
    """Turn what ``json`` does not know into what it does."""
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.asdict(value)
    raise TypeError(f"{type(value).__name__} is not JSON")
