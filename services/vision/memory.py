"""Whether a fault is memory that ran out, whatever the engine calls it."""

from collections.abc import Iterator
from contextlib import contextmanager

from services.common.domain.errors import TransientError


@contextmanager
def memory_trouble_is_transient() -> Iterator[None]:
    """Raise a ``TransientError`` where memory ran out."""
    try:
        yield
    except MemoryError as error:
        raise TransientError("The worker is out of memory; fewer photos may fit.") from error
    except RuntimeError as error:
        if not is_memory_trouble(error):
            raise
        raise TransientError("The device is out of memory; fewer photos may fit.") from error


def is_memory_trouble(error: Exception) -> bool:
    """Return whether memory ran out: torch, ONNX Runtime and OpenVINO raise RuntimeErrors."""
    text = str(error).lower()
    phrases = ("out of memory", "bad_alloc", "allocate memory")
    return isinstance(error, MemoryError) or (
        isinstance(error, RuntimeError) and any(phrase in text for phrase in phrases)
    )
