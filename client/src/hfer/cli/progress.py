"""Progress, on stderr: bars in a terminal, calm lines elsewhere."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from itertools import count

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from hfer._multipart import UploadProgress
from hfer.cli.progress_lines import Clock, ProgressLines, shows_bars
from hfer.jobs import JobProgress
from hfer.models import JobState


class EtaColumn(ProgressColumn):
    """The service's own estimate where it gives one (it knows the queue), else rich's."""

    def __init__(self) -> None:
        super().__init__()
        self._measured = TimeRemainingColumn()

    def render(self, task: Task) -> Text:
        """Say how long it will still take."""
        eta = task.fields.get("eta")
        if eta is None or task.finished:
            return self._measured.render(task)
        return Text(f"{int(eta) // 60}:{int(eta) % 60:02d}", style="progress.remaining")


@contextmanager
def upload_bar(
    console: Console, *, quiet: bool, clock: Clock = time.monotonic
) -> Iterator[UploadProgress]:
    """Show the bytes sent."""
    if not shows_bars(console):
        lines = ProgressLines(console, quiet=quiet, clock=clock)
        yield lambda sent, total: lines.show(
            lambda: f"uploading: {sent / 1e6:,.0f} of {total / 1e6:,.0f} MB"
        )
        return
    with _progress(console, DownloadColumn(), TimeRemainingColumn(), quiet=quiet) as progress:
        # Hidden until the first byte: a request refused before it needs no bar.
        task = progress.add_task("uploading", total=None, visible=False)
        yield lambda sent, total: progress.update(task, completed=sent, total=total, visible=True)


@contextmanager
def analysis_bar(
    console: Console, *, quiet: bool, clock: Clock = time.monotonic
) -> Iterator[JobProgress]:
    """Show the photos done, how many of them failed, and the time left."""
    if not shows_bars(console):
        lines = ProgressLines(console, quiet=quiet, clock=clock)
        yield lambda state: lines.show(lambda: _analysis_line(state))
        return
    note = TextColumn("{task.fields[note]}")
    with _progress(console, MofNCompleteColumn(), EtaColumn(), note, quiet=quiet) as progress:
        task = progress.add_task("analysing", total=None, note="", eta=None)

        def show(state: JobState) -> None:
            counts = state.counts
            progress.update(
                task,
                completed=counts.finished,
                total=counts.total,
                eta=state.eta_seconds,
                note=f"{counts.failed:,} failed" if counts.failed else "",
            )

        yield show


@contextmanager
def download_bar(
    console: Console, *, total: int, quiet: bool, clock: Clock = time.monotonic
) -> Iterator[Callable[[], None]]:
    """Show the annotated photos fetched."""
    if not shows_bars(console):
        lines = ProgressLines(console, quiet=quiet, clock=clock)
        done = count(1)
        # One line for each is asked for, from several threads; few are due.
        yield lambda: lines.show(
            partial("annotated: {:,} of {:,} photos".format, next(done), total)
        )
        return
    with _progress(console, MofNCompleteColumn(), TimeRemainingColumn(), quiet=quiet) as progress:
        task = progress.add_task("annotated", total=total)
        yield lambda: progress.advance(task)


def _analysis_line(state: JobState) -> str:
    counts, eta = state.counts, state.eta_seconds
    parts = [
        f"analysing: {counts.finished:,} of {counts.total:,} photos",
        f"{counts.failed:,} failed" if counts.failed else "",
        "" if eta is None else f"about {int(eta) // 60}:{int(eta) % 60:02d} left",
    ]
    return ", ".join(part for part in parts if part)


def _progress(console: Console, *columns: ProgressColumn, quiet: bool) -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        *columns,
        console=console,
        disable=quiet,
    )
