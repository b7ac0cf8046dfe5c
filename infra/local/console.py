"""The launcher's own lines and its children's, told apart by a coloured name in front."""

import sys
import threading
from typing import TextIO

_COLOURS = (36, 33, 32, 35, 34, 96, 93, 92)
_RESET = "\x1b[0m"
_NAME_WIDTH = 11


class Console:
    """Writes whole lines from several threads to one stream.

    Args:
        stream: where lines go; stdout when None.
        verbose: whether children's lines are shown or only written to their files.
    """

    def __init__(self, stream: TextIO | None = None, *, verbose: bool = True) -> None:
        self._stream = stream or sys.stdout
        self._verbose = verbose
        self._colours: dict[str, int] | None = {} if self._stream.isatty() else None
        self._lock = threading.Lock()

    def say(self, text: str = "") -> None:
        """Write a line of the launcher's own."""
        with self._lock:
            print(text, file=self._stream, flush=True)

    def relay(self, name: str, text: str) -> None:
        """Write a line of the child ``name``."""
        if self._verbose:
            self.say(f"{self._painted(name)} | {text}")

    def _painted(self, name: str) -> str:
        padded = name.ljust(_NAME_WIDTH)
        if self._colours is None:
            return padded
        colour = self._colours.setdefault(name, _COLOURS[len(self._colours) % len(_COLOURS)])
        return f"\x1b[{colour}m{padded}{_RESET}"
