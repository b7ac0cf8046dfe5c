"""Ends a worker that no longer hears its broker.

The class of fault is old and keeps coming back: after a reconnect the consumer waits on a dead
socket for ever while hints pile up (celery#8030, #9054, #10205). Nothing inside that process
notices, so a child decides by what it can see: hints wait, photos wait, and nobody here claimed.
"""

import time
from collections.abc import Callable

# Longer than a task, a model load and the broker's half-open detection.
TIMEOUT_S = 60.0


class Watchdog:
    """Kills the worker when starvation lasts; every check asks ``hints_wait`` and ``starving``."""

    def __init__(
        self,
        *,
        hints_wait: Callable[[], bool],
        starving: Callable[[], bool],
        kill: Callable[[], None],
        timeout_s: float = TIMEOUT_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._hints_wait = hints_wait
        self._starving = starving
        self._kill = kill
        self._timeout_s = timeout_s
        self._clock = clock
        self._since: float | None = None

    def check(self) -> bool:
        """Check once; return whether it killed the worker.

        Raises:
            SQLAlchemyError: the database is away, so nobody can tell whether photos wait.
        """
        if not (self._hints_wait() and self._starving()):
            self._since = None
            return False
        now = self._clock()
        self._since = now if self._since is None else self._since
        if now - self._since < self._timeout_s:
            return False
        self._kill()
        return True
