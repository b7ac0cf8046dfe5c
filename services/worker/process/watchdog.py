"""Ends a worker that no longer hears its broker.

The class of fault is old and keeps coming back: after a reconnect the consumer sits on a dead
socket for ever while hints pile up (celery#8030, #9054, #10205). Nothing inside that process
notices, so a child judges by the facts: hints wait, photos wait, and nobody here claimed.
"""

import time
from collections.abc import Callable

# Longer than a task, a model load and the broker's half-open detection.
PATIENCE_S = 60.0


class Watchdog:
    """Bites when starvation lasts. ``hints_wait`` and ``starving`` are asked at every check."""

    def __init__(
        self,
        *,
        hints_wait: Callable[[], bool],
        starving: Callable[[], bool],
        bite: Callable[[], None],
        patience_s: float = PATIENCE_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._hints_wait = hints_wait
        self._starving = starving
        self._bite = bite
        self._patience_s = patience_s
        self._clock = clock
        self._since: float | None = None

    def check(self) -> bool:
        """Look once; return whether it bit."""
        if not (self._hints_wait() and self._starving()):
            self._since = None
            return False
        now = self._clock()
        self._since = now if self._since is None else self._since
        if now - self._since < self._patience_s:
            return False
        self._bite()
        return True
