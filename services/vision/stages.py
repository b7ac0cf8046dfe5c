"""How long the stages of an analysis take, reported to a listener.

The pipeline marks its stages; without a listener that costs 0.2 us each. A context variable and
not an argument, so that a model which is exchanged or compared with another one is timed as well.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from types import TracebackType
from typing import Literal, Self

StageName = Literal["decode", "detect", "tiles", "classify"]


@dataclass(slots=True)
class StageTime:
    """One stage of a batch. It may run several times, between others: ``busy_s`` is the sum."""

    started_ns: int
    ended_ns: int
    busy_s: float


@dataclass(slots=True)
class StageTimes:
    """What `listening` collects, in the order of the first start."""

    stages: dict[str, StageTime] = field(default_factory=dict)

    def note(self, name: str, *, started_ns: int, seconds: float) -> None:
        """Take in one run of a stage."""
        ended_ns = started_ns + round(seconds * 1e9)
        known = self.stages.get(name)
        if known is None:
            self.stages[name] = StageTime(started_ns, ended_ns, seconds)
        else:
            known.ended_ns = ended_ns
            known.busy_s += seconds


_LISTENER: ContextVar[StageTimes | None] = ContextVar("stage_times", default=None)


@contextmanager
def listening() -> Iterator[StageTimes]:
    """Collect the times of the stages that run inside the block, in this thread."""
    times = StageTimes()
    token = _LISTENER.set(times)
    try:
        yield times
    finally:
        _LISTENER.reset(token)


class stage:  # noqa: N801 - reads as a statement: with stage("decode")
    """Mark the block as a run of a stage."""

    __slots__ = ("_begun", "_listener", "_name", "_started_ns")

    def __init__(self, name: StageName) -> None:
        self._name = name
        self._listener = _LISTENER.get()
        self._started_ns = 0
        self._begun = 0.0

    def __enter__(self) -> Self:
        if self._listener is not None:
            self._started_ns, self._begun = time.time_ns(), time.perf_counter()
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        if self._listener is not None:
            seconds = time.perf_counter() - self._begun
            self._listener.note(self._name, started_ns=self._started_ns, seconds=seconds)
