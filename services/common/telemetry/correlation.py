"""The correlation id: one string that ties a request, its job and the worker's lines together.

A job keeps the `Origin` of the request that made it, so that whoever works on it later can say
on whose behalf.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

_CORRELATION_ID: ContextVar[str | None] = ContextVar("correlation_id", default=None)
_TRACEPARENT: ContextVar[str | None] = ContextVar("traceparent", default=None)


@dataclass(frozen=True, slots=True)
class Origin:
    """Where work comes from.

    Attributes:
        request_id: of the request, as its answer and its log lines have it.
        traceparent: W3C trace context of its span; None unless it is traced.
    """

    request_id: str | None = None
    traceparent: str | None = None


def current_correlation_id() -> str | None:
    """Return the id of the current work, None outside of any."""
    return _CORRELATION_ID.get()


def current_origin() -> Origin:
    """Return what a job that is made now should remember."""
    return Origin(_CORRELATION_ID.get(), _TRACEPARENT.get())


@contextmanager
def correlated(correlation_id: str, *, traceparent: str | None = None) -> Iterator[None]:
    """Put ``correlation_id`` into every log line of the block; the outer one comes back after."""
    token, trace = _CORRELATION_ID.set(correlation_id), _TRACEPARENT.set(traceparent)
    try:
        yield
    finally:
        _TRACEPARENT.reset(trace)
        _CORRELATION_ID.reset(token)
