"""Loops compiled by numba once for a host, not in each process."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

from numba import njit

F = TypeVar("F", bound=Callable[..., Any])


def compiled(signature: Any) -> Callable[[F], F]:
    """Compile a function at once, or load what another process compiled from the same source.

    numba keeps it in NUMBA_CACHE_DIR, beside the module or in the user's cache folder. Without a
    folder that can be written, on a full disk or where what was kept is damaged, it is compiled.

    Args:
        signature: of numba's types.
    """

    def decorate(function: F) -> F:
        try:
            fast = njit(signature, cache=True)(function)
        except Exception:  # noqa: BLE001 - whatever a damaged file raises, compiling needs none
            fast = njit(signature)(function)
        return cast("F", fast)

    return decorate
