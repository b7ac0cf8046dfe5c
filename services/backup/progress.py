"""The bar on stderr while objects are copied; nothing of it where there is no terminal."""

from collections.abc import Iterable, Iterator
from typing import TypeVar

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

T = TypeVar("T")


def say(text: str) -> None:
    """Print a step, on stderr: stdout is for the summary of what was done."""
    Console(stderr=True, highlight=False, soft_wrap=True).print(text, markup=False)


def shown(things: Iterable[T], *, total: int, label: str) -> Iterator[T]:
    """Yield the things and show how many of ``total`` have passed."""
    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        yield from progress.track(things, total=total, description=label)
