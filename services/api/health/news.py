"""Telling that something turned red, once."""

from collections.abc import Collection

from services.common.telemetry import get_logger

_log = get_logger(__name__)


class ReadinessNews:
    """Logs a change of readiness, however often probes ask (a start alone asks a dozen times)."""

    def __init__(self) -> None:
        self._red: frozenset[str] = frozenset()

    def note(self, red: Collection[str]) -> None:
        """Take in which checks are red now."""
        now = frozenset(red)
        if now == self._red:
            return
        self._red = now
        if now:
            _log.warning("readiness.red", red=sorted(now))
        else:
            _log.info("readiness.green")
