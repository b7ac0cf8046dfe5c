"""A stored photo on its way into a child: fetched, verified, never decoded here."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

from services.api.drawing.blurring import faces_to_blur
from services.api.state import ApiState
from services.common.domain.errors import ItemError, ItemErrorCode, JobError, JobErrorCode
from services.common.domain.limits import PhotoLimits
from services.common.jobs.repositories.results import PhotoRecord
from services.common.keys.service import Principal
from services.common.storage import ObjectMissingError
from services.imaging.child_pool.process import Budget, Made

# Pillow's 4 bytes and numpy's 3 are there at once; what takes more is refused (ADR 0021).
_BYTES_A_PIXEL = 8
# These very bytes were analysed, so they are not damaged: libwebp and libtiff say so as well
# when they get no memory.
_SAID_OF_MEMORY = frozenset({ItemErrorCode.DECODE_FAILED, ItemErrorCode.TRUNCATED})


def pixels_of(record: PhotoRecord) -> int:
    """Return how many pixels the photo has, by its result."""
    payload = record.payload or {}
    return int(payload["width"]) * int(payload["height"])


def drawing_budget(pixels: int, *, limits: PhotoLimits) -> Budget:
    """Return what a child may use to draw a photo of so many pixels."""
    return Budget.of_photo(pixels, bytes_each=_BYTES_A_PIXEL, file_bytes=limits.photo_bytes)


def draw_photo(
    state: ApiState, caller: Principal, record: PhotoRecord, task: Mapping[str, Any]
) -> Made:
    """Have a child do ``task`` on the stored photo, as the caller may see it; blocks.

    Raises:
        ApiError: OUTPUT_RESTRICTED, faces would have to be blurred and are not known.
        JobError: GONE, the photo is erased or was replaced.
        ItemError: the child cannot read it.
        TransientError: the bucket does not answer, or no child can be started.
    """
    blurred = faces_to_blur(state, caller, record)
    budget = drawing_budget(pixels_of(record), limits=state.limits)
    try:
        return state.renderer.children.run(
            {**task, "blurred": blurred, "limits": asdict(state.limits)},
            _verified(state, record),
            budget,
        )
    except ItemError as error:
        if error.code not in _SAID_OF_MEMORY:
            raise
        raise ItemError(
            ItemErrorCode.OUT_OF_MEMORY,
            "The photo needs more memory to be drawn than a picture may take; its results are"
            " still there.",
        ) from error


def photo_gone() -> JobError:
    """Say that only the results are left."""
    return JobError(JobErrorCode.GONE, "The photo is erased; its results are still there.")


def _verified(state: ApiState, record: PhotoRecord) -> Iterator[bytes]:
    """Yield the stored bytes, and raise at their end if they are not those that were analysed.

    A presigned URL can replace a photo for as long as it holds, an hour.
    """
    digest = hashlib.sha256()
    left = state.limits.photo_bytes
    try:
        with state.storage.open(record.object_key) as chunks:
            for chunk in chunks:
                left -= len(chunk)
                if left < 0:
                    raise _replaced()
                digest.update(chunk)
                yield chunk
    except ObjectMissingError:
        raise photo_gone() from None
    if digest.digest() != record.sha256:
        raise _replaced()


def _replaced() -> JobError:
    return JobError(
        JobErrorCode.GONE,
        "The stored photo is not the one that was analysed; its results are still there.",
    )
