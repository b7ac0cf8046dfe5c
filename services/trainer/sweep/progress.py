"""How a sweep goes, for people: two bars on a terminal, a line per run in a log file."""

from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from services.trainer.sweep.outcome import Outcome
from services.trainer.sweep.plan import Trial


class SweepProgress:
    """A ``search.SearchReporter`` and, for the run under way, a ``ports.Reporter``.

    Use it as a context manager.
    """

    def __init__(
        self,
        console: Console,
        *,
        rungs: Sequence[int],
        name: Callable[[Trial], str],
        on_rung: Callable[[int], None],
    ) -> None:
        """Call trials by ``name``; ``on_rung`` shows what a rung came to, given its number."""
        self._console = console
        self._rungs = rungs
        self._name = name
        self._on_rung = on_rung
        self._trial = ""
        self._share = 1.0
        self._validation = ""
        self._bar = Progress(
            TextColumn("[progress.description]{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.fields[text]}"),
            console=console,
            disable=not console.is_terminal,
        )
        self._runs = self._bar.add_task("runs", total=None, text="")
        self._steps = self._bar.add_task("steps", total=None, text="")

    def __enter__(self) -> Self:
        """Show the bars."""
        self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Take them down."""
        self._bar.stop()

    def began_rung(self, *, rung: int, trials: int, done: int) -> None:
        """Count its runs."""
        epochs = self._rungs[rung]
        self._share = epochs / self._rungs[-1]
        name = f"rung {rung + 1} of {len(self._rungs)}, to epoch {epochs}"
        self._bar.reset(self._runs, total=trials, completed=done, description=name)
        self._console.print(f"{name}: {trials} runs, {done} of them done", highlight=False)

    def began_trial(self, trial: Trial) -> None:
        """Name the run under way; its process takes seconds to start."""
        self._trial, self._validation = self._name(trial), ""
        self._bar.reset(self._steps, total=None, description="starting", text=self._trial)

    def ended_trial(self, trial: Trial, outcome: Outcome) -> None:
        """Print what came of it."""
        self._bar.advance(self._runs)
        text = outcome.detail
        if outcome.measures is not None:
            text = (
                f"accuracy {outcome.measures.accuracy:.1%}, "
                f"macro recall {outcome.measures.macro_recall:.1%}, {outcome.minutes:.1f} min"
            )
        self._console.print(f"{self._name(trial)}: {outcome.status}, {text}", highlight=False)

    def ended_rung(self, *, rung: int) -> None:
        """Show the table."""
        self._on_rung(rung)

    def began(self, *, step: int, total: int) -> None:
        """Count steps to the rung's end."""
        end = round(total * self._share)
        self._bar.reset(self._steps, total=end, completed=step, description="steps")

    def stepped(self, *, step: int, loss: float, images_per_second: float) -> None:
        """Move the bar."""
        text = f"{self._trial}: loss {loss:.3f}{self._validation} {images_per_second:.0f} images/s"
        self._bar.update(self._steps, completed=step, text=text)

    def finished_epoch(self, *, epoch: int, loss: float, accuracy: float) -> None:
        """Show its result beside the loss from now on."""
        del loss
        self._validation = f" epoch {epoch} validation {accuracy:.1%}"
