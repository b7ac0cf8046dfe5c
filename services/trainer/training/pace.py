"""How fast training goes."""

import time
from collections.abc import Callable


class Pace:
    """Images per second, over the time that steps and their batches took.

    A session's first step compiles the graph; it counts for nothing.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Start with no figure; ``clock`` gives seconds."""
        self._clock = clock
        self._since: float | None = None
        self._images = 0
        self._seconds = 0.0

    def stepped(self, images: int) -> None:
        """Count a step over ``images``, from the one before it or from ``resume``."""
        now = self._clock()
        if self._since is not None:
            self._images += images
            self._seconds += now - self._since
        self._since = now

    def resume(self) -> None:
        """Leave out what happened since the last step: a validation, a checkpoint."""
        if self._since is not None:
            self._since = self._clock()

    def take(self) -> float:
        """Return the figure since the last ``take``, and start anew; 0 if there is none."""
        rate = self.rate
        self._images, self._seconds = 0, 0.0
        return rate

    @property
    def rate(self) -> float:
        """The figure so far; 0 if there is none."""
        return round(self._images / self._seconds, 1) if self._seconds else 0.0
