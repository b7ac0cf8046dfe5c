"""Ctrl-C and SIGTERM as a question that long work can ask between two steps."""

import signal
from types import FrameType
from typing import Self


class Interruption:
    """Turns the first Ctrl-C or SIGTERM into a question the loop can ask; a second one kills."""

    def __init__(self) -> None:
        """Nothing was asked yet."""
        self._asked = False

    def __enter__(self) -> Self:
        """Take the signals over."""
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._remember)
        return self

    def __exit__(self, *_: object) -> None:
        """Give them back."""
        signal.signal(signal.SIGINT, signal.default_int_handler)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)

    def asked(self) -> bool:
        """Whether one has come."""
        return self._asked

    def _remember(self, number: int, frame: FrameType | None) -> None:
        del frame
        self._asked = True
        signal.signal(number, signal.SIG_DFL)
