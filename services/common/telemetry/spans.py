"""What is noted of a piece of work, and the tracing that notes nothing.

A trace begins with a request. The job row carries its context (hints carry ids only), and each
chunk that a worker takes of the job is a span below the request, with a span for every stage.
Work without such a context is not traced: the sampling of the request decides for all of it.
"""

from typing import Any, Protocol


class Span(Protocol):
    """A piece of work under way. Threads may share it."""

    def stage(self, name: str, *, started_ns: int, ended_ns: int, **facts: float | str) -> None:
        """Note a part of it that is over; times are those of ``time.time_ns``."""
        ...

    def end(self, *, error: str | None = None) -> None:
        """Note its end, once; ``error`` is the code or the kind of what went wrong."""
        ...


class Tracing(Protocol):
    """The tracer of a process."""

    @property
    def provider(self) -> Any | None:
        """OpenTelemetry's, for instrumentation; None when nothing is traced."""
        ...

    def traceparent(self) -> str | None:
        """Return the W3C context of the current span; None if it is not sampled."""
        ...

    def begin(self, name: str, *, parent: str | None, **facts: float | str) -> Span:
        """Begin a span below ``parent``; one that nobody records without a parent."""
        ...

    def close(self) -> None:
        """Send what is not sent yet, for 5 s at most; the process ends next, with what is left."""
        ...


class NoSpan:
    """What is not recorded."""

    def stage(self, name: str, *, started_ns: int, ended_ns: int, **facts: float | str) -> None:
        """Do nothing."""

    def end(self, *, error: str | None = None) -> None:
        """Do nothing."""


class NoTracing:
    """Tracing that is off."""

    provider: Any | None = None

    def traceparent(self) -> str | None:
        """Return None."""
        return None

    def begin(self, name: str, *, parent: str | None, **facts: float | str) -> Span:
        """Return a span that nobody records."""
        del name, parent, facts
        return NO_SPAN

    def close(self) -> None:
        """Do nothing."""


NO_SPAN: Span = NoSpan()
