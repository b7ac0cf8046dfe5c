"""Where a side's time went: decode, detect, crop, classify, annotate."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

STAGES = ("decode", "detect", "crop", "classify", "annotate")

Seconds = dict[str, float]


class Stopwatch:
    """Sums seconds by stage until they are taken."""

    def __init__(self) -> None:
        self._seconds: Seconds = {}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Add what passes inside to ``name``."""
        started = time.perf_counter()
        try:
            yield
        finally:
            self.add(name, time.perf_counter() - started)

    def add(self, name: str, seconds: float) -> None:
        """Add seconds to ``name``."""
        self._seconds[name] = self._seconds.get(name, 0.0) + seconds

    def take(self) -> Seconds:
        """Return the sums and begin anew."""
        taken, self._seconds = self._seconds, {}
        return taken


def summed(parts: list[Seconds]) -> Seconds:
    """Add up the seconds of several processes: core seconds, not those of the clock."""
    return {name: sum(part.get(name, 0.0) for part in parts) for name in STAGES}
