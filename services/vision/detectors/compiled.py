"""Loops compiled by numba, once for the processes that share NUMBA_CACHE_DIR."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

from numba import config, njit

F = TypeVar("F", bound=Callable[..., Any])


def compiled(signature: Any) -> Callable[[F], F]:
    """Compile a function at once, or load what another process compiled from the same source.

    It is kept in NUMBA_CACHE_DIR alone: a container's own folder cannot hold what an older release
    compiled. Without the variable, on a full disk or with a damaged file it is compiled.

    Args:
        signature: of numba's types.
    """

    def decorate(function: F) -> F:
        try:
            fast = njit(signature, cache=bool(config.CACHE_DIR))(function)
        except Exception:  # noqa: BLE001 - whatever a damaged file raises, compiling needs none
            fast = njit(signature)(function)
        return cast("F", fast)

    return decorate
