"""Progress bars, on stderr."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

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
def upload_bar(console: Console, *, quiet: bool) -> Iterator[UploadProgress]:
    """Show the bytes sent."""
    with _progress(console, DownloadColumn(), TimeRemainingColumn(), quiet=quiet) as progress:
        # Hidden until the first byte: a request refused before it needs no bar.
        task = progress.add_task("uploading", total=None, visible=False)
        yield lambda sent, total: progress.update(task, completed=sent, total=total, visible=True)


@contextmanager
def analysis_bar(console: Console, *, quiet: bool) -> Iterator[JobProgress]:
    """Show the photos done, how many of them failed, and the time left."""
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
def download_bar(console: Console, *, total: int, quiet: bool) -> Iterator[Callable[[], None]]:
    """Show the annotated photos fetched."""
    with _progress(console, MofNCompleteColumn(), TimeRemainingColumn(), quiet=quiet) as progress:
        task = progress.add_task("annotated", total=total)
        yield lambda: progress.advance(task)


def _progress(console: Console, *columns: ProgressColumn, quiet: bool) -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        *columns,
        console=console,
        disable=quiet,
    )
