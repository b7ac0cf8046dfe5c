"""A loop that outlives its errors, and a supervisor that does not outlive a dead loop."""

import threading
import time
from collections.abc import Callable, Sequence

from services.common.pulse import Pulse
from services.common.telemetry import get_logger

# Above the longest a step may take: statement and socket timeouts end it before.
STALLED_S = 120.0

_log = get_logger(__name__)


class Loop:
    """Runs ``step`` every ``every_s`` seconds in a thread.

    A step that raises is logged and tried again: the database, the broker or the bucket may be
    away for a while. A step that did its full share of work says so by returning True and is
    run again at once.
    """

    def __init__(
        self,
        name: str,
        step: Callable[[], bool],
        *,
        every_s: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.name = name
        self._step = step
        self._every_s = every_s
        self._clock = clock
        self._stop = threading.Event()
        self._ticked_at = clock()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """Ask for the end; the current step is finished."""
        self._stop.set()

    def join(self, timeout_s: float) -> None:
        """Wait for the end."""
        self._thread.join(timeout_s)

    @property
    def is_alive(self) -> bool:
        """Whether the thread runs and ended its last step not too long ago."""
        late = self._clock() - self._ticked_at > self._every_s + STALLED_S
        return self._thread.is_alive() and not late

    def tick(self) -> bool:
        """Run one step; whether there is more to do right now."""
        try:
            more = self._step()
        except Exception:  # noqa: BLE001 - a loop has nobody to raise to; the next tick tries again
            _log.warning("loop.failed", loop=self.name, exc_info=True)
            more = False
        self._ticked_at = self._clock()
        return more

    def _run(self) -> None:
        while not self._stop.is_set():
            if not self.tick():
                self._stop.wait(self._every_s)


def supervise(
    loops: Sequence[Loop],
    *,
    stop: threading.Event,
    pulse: Pulse | None = None,
    every_s: float = 1.0,
) -> int:
    """Run loops until ``stop``; the exit code: 0, or 1 when one of them ended or hung.

    A process without one of its loops looks alive and is not; ending it lets the supervisor
    above start it anew. ``pulse`` beats at every look that finds all of them alive.
    """
    for loop in loops:
        loop.start()
    code = 0
    while code == 0 and not stop.wait(every_s):
        dead = [loop.name for loop in loops if not loop.is_alive]
        if dead:
            _log.critical("loop.dead", loops=dead)
            code = 1
        elif pulse is not None:
            pulse.beat()
    for loop in loops:
        loop.stop()
    if code == 0:
        for loop in loops:
            loop.join(STALLED_S)
    return code
