"""How it goes, for people: a bar with the time left on a terminal, plain lines in a log file."""

import time
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)


class ConsoleReporter:
    """A ``ports.Reporter`` on a rich console. Use it as a context manager."""

    def __init__(self, console: Console, *, every: int = 50) -> None:
        """Without a terminal, print a line every ``every`` steps instead of a bar."""
        self._console = console
        self._every = every
        self._total = 0
        self._accuracy = ""
        # Step and time of the first step done: the one before it compiled the graph.
        self._start: tuple[int, float] | None = None
        self._bar = Progress(
            TextColumn("[progress.description]{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
            console=console,
            disable=not console.is_terminal,
        )
        self._task = self._bar.add_task("training", total=None)

    def __enter__(self) -> Self:
        """Show the bar."""
        self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Take it down."""
        self._bar.stop()

    def began(self, *, step: int, total: int) -> None:
        """Show the run's position."""
        self._total, self._start = total, None
        self._bar.update(self._task, total=total, completed=step)

    def stepped(self, *, step: int, loss: float, images_per_second: float) -> None:
        """Move the bar, or print a line now and then."""
        text = f"loss {loss:.3f}{self._accuracy} {images_per_second:.0f} images/s"
        self._bar.update(self._task, completed=step, description=text)
        now = time.monotonic()
        first, started = self._start = self._start or (step, now)
        if not self._console.is_terminal and step % self._every == 0:
            left = (now - started) / max(1, step - first) * (self._total - step) / 60
            line = f"step {step}/{self._total} {text}, {left:.0f} min left"
            self._console.print(line, highlight=False)

    def finished_epoch(self, *, epoch: int, loss: float, accuracy: float) -> None:
        """Print the epoch's result, and show it beside the loss from now on."""
        self._accuracy = f" validation {accuracy:.1%}"
        text = f"epoch {epoch}: loss {loss:.4f}, validation accuracy {accuracy:.2%}"
        self._console.print(text, highlight=False)
