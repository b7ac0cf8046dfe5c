"""Photos of formats that are decoded in children only, for whoever decodes them."""

import atexit
import functools
import os
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.common.domain.errors import ItemError, ItemErrorCode
from services.common.domain.limits import PhotoLimits
from services.imaging.child_pool.pool import ChildPool
from services.imaging.child_pool.process import Budget

# A process decodes one or two photos at a time.
_CHILDREN = 2
# libheif and libavif hold planes, RGB and Pillow's 4 bytes at once; the worst seen is WebP's 16.
_BYTES_A_PIXEL = 16
_HEAD_BYTES = 1_000_000


def decode_in_child(
    data: bytes, *, limits: PhotoLimits
) -> tuple[NDArray[np.uint8], Mapping[str, Any]]:
    """Return a photo as uint8 ``[H, W, 3]``, read-only, and the other fields of `DecodedPhoto`.

    The children are the process' own, started with its first such photo.

    Raises:
        ItemError: as `decode_photo`; or TIME_LIMIT, OUT_OF_MEMORY, CRASHED_WORKER.
        TransientError: no child becomes free or can be started.
    """
    budget = Budget.of_photo(
        limits.photo_pixels, bytes_each=_BYTES_A_PIXEL, file_bytes=limits.photo_bytes
    )
    task = {"do": "decode", "limits": asdict(limits)}
    made = _pool(most_output(limits)).run(task, [data], budget)
    facts = made.facts
    width, height = int(facts["width"]), int(facts["height"])
    if not 0 < width * height <= limits.photo_pixels:
        raise ItemError(ItemErrorCode.CRASHED_WORKER, "The photo crashed its decoder.")
    pixels = np.frombuffer(made.map(width * height * 3), np.uint8)
    return pixels.reshape(height, width, 3), facts


def most_output(limits: PhotoLimits) -> int:
    """Return the most bytes that a child may write for one photo: its pixels, or a JPEG of it."""
    return limits.photo_pixels * 3 + _HEAD_BYTES


@functools.cache
def _pool(output_bytes: int) -> ChildPool:
    pool = ChildPool(_CHILDREN, output_bytes=output_bytes)
    atexit.register(pool.close)
    return pool


# A worker's child that was forked has its own: two processes cannot share a socket.
os.register_at_fork(after_in_child=_pool.cache_clear)
