"""The correlation id: one string that ties a request, its job and the worker's lines together."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_CORRELATION_ID: ContextVar[str | None] = ContextVar("correlation_id", default=None)


def current_correlation_id() -> str | None:
    """Return the id of the work in hand, None outside of any."""
    return _CORRELATION_ID.get()


@contextmanager
def correlated(correlation_id: str) -> Iterator[None]:
    """Put ``correlation_id`` into every log line of the block; the outer one comes back after."""
    token = _CORRELATION_ID.set(correlation_id)
    try:
        yield
    finally:
        _CORRELATION_ID.reset(token)
