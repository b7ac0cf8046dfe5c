"""Which formats this installation reads; imports no decoder, as a worker's main process asks."""

import functools
from collections.abc import Mapping
from typing import Any

from services.common.domain.errors import NoDecoderError
from services.common.domain.limits import PhotoLimits
from services.imaging.child_pool.pool import ChildPool

# Read in the process itself (``decode.READERS``), without a child.
OWN_FORMATS = frozenset({"JPEG", "PNG", "WEBP", "BMP", "TIFF"})
_ANSWER_BYTES = 1_000_000


def open_formats(limits: PhotoLimits) -> tuple[str, ...]:
    """Return which of ``limits.formats`` are read here; the first call starts a child.

    Those that only children read are left out where their libraries are too old, and while no
    child can be started.
    """
    try:
        closed = set(closed_formats())
    except NoDecoderError:
        closed = set(limits.formats) - OWN_FORMATS
    return tuple(name for name in limits.formats if name not in closed)


def closed_formats() -> Mapping[str, str]:
    """Return the formats that this installation does not read, and why; it starts a child once.

    Raises:
        NoDecoderError: no child can be started.
    """
    closed: Mapping[str, str] = _hello()["closed"]
    return closed


def is_confined() -> bool:
    """Tell whether the kernel lets children confine themselves (seccomp)."""
    return bool(_hello()["confined"])


@functools.cache
def _hello() -> Mapping[str, Any]:
    with ChildPool(1, output_bytes=_ANSWER_BYTES) as pool:
        return pool.hello()
