"""Progress where no bar can move: a line now and then, without control codes.

In a log file, in CI and on a dumb terminal a bar is either nothing or a mess.
"""

import time
from collections.abc import Callable

from rich.console import Console
from rich.text import Text

Clock = Callable[[], float]

# The first line after so many seconds; then ever more rarely, so that a night's log stays short.
FIRST_S, GROWTH, LONGEST_S = 10.0, 0.1, 300.0


def shows_bars(console: Console) -> bool:
    """Whether a bar can move there. FORCE_COLOR asks for colours in a file, and for no bar."""
    return console.file.isatty() and not console.is_dumb_terminal


class ProgressLines:
    """Prints a line when one is due."""

    def __init__(self, console: Console, *, quiet: bool, clock: Clock = time.monotonic) -> None:
        self._console = console
        self._quiet = quiet
        self._clock = clock
        self._began = clock()
        self._due = self._began + FIRST_S

    def show(self, line: Callable[[], str]) -> None:
        """Print ``line``, which is made only if it is due."""
        now = self._clock()
        if self._quiet or now < self._due:
            return
        self._due = now + min(LONGEST_S, max(FIRST_S, GROWTH * (now - self._began)))
        self._console.print(Text(line()), soft_wrap=True)
