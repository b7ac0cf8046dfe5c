"""The thread that follows the registry, in each worker child, idle or busy.

Not the heartbeat's: loading a model takes seconds, and pulse and watchdog must not wait for it.
"""

import threading
from collections.abc import Callable
from typing import Protocol

from services.common.telemetry import get_logger

# A load under way at the end of the process is not waited for any longer.
STOP_S = 2.0

_log = get_logger(__name__)


class Syncable(Protocol):
    """What is asked of a model manager."""

    def sync(self) -> bool:
        """Follow the registry by one step; whether to call it again at once."""


class ModelFollower:
    """Has managers read the registry every few seconds, whatever the tasks do."""

    def __init__(
        self,
        *managers: Syncable,
        every_s: float,
        state: Callable[[], object],
        changed: Callable[[], None],
    ) -> None:
        """Make the thread; `start` starts it.

        Args:
            managers: load and switch.
            every_s: pause between two reads of the registry.
            state: what the heartbeat reports of the models.
            changed: called when that is another.
        """
        self._managers = managers
        self._every_s = every_s
        self._state = state
        self._changed = changed
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="models", daemon=True)

    def start(self) -> None:
        """Follow from now on."""
        self._thread.start()

    def stop(self) -> None:
        """Follow no more."""
        self._stop.set()
        self._thread.join(STOP_S)

    def _run(self) -> None:
        reported = self._state()
        while not self._stop.is_set():
            again = False
            for manager in self._managers:
                again = self._sync(manager) or again
            now = self._state()
            if now != reported:
                reported = now
                self._changed()
            if not again:
                self._stop.wait(self._every_s)

    def _sync(self, manager: Syncable) -> bool:
        try:
            return manager.sync()
        except Exception as error:  # noqa: BLE001 - a thread that ends would follow nothing more
            _log.warning("model.look_failed", error=type(error).__name__)
            return False
