"""The pictures in answers: the photo with its faces numbered, and each face cut out."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from services.api.compat.faces import Colour, Corners
from services.api.compat.wire import Picture
from services.api.drawing.photo import draw_photo, pixels_of
from services.api.errors import ApiError
from services.api.problems import ProblemCode
from services.api.state import ApiState
from services.common.domain.errors import JobError, JobErrorCode
from services.common.jobs.repositories.results import PhotoRecord
from services.common.keys.service import Principal


async def numbered_picture(
    state: ApiState,
    caller: Principal,
    record: PhotoRecord,
    boxes: Sequence[Corners],
    shades: Sequence[Colour],
) -> Picture:
    """Draw the faces on the upright photo, scaled down to the deployment's limit.

    Raises:
        ApiError: GONE, the photo is erased; PHOTO_FAILED, it cannot be drawn; OVERLOADED, too
            many pictures are being drawn; OUTPUT_RESTRICTED, its faces would have to be blurred and
            are not known.
    """
    task = {
        "do": "number",
        "width": (record.payload or {})["width"],
        "boxes": [_sides(box) for box in boxes],
        "shades": shades,
    }
    return await _drawn(state, caller, record, task)


async def cut_out(
    state: ApiState, caller: Principal, record: PhotoRecord, box: Corners | None
) -> Picture:
    """Return a face of the upright photo, or all of it; raises like `numbered_picture`."""
    return await _drawn(state, caller, record, {"do": "cut", "box": box and _sides(box)})


async def _drawn(
    state: ApiState, caller: Principal, record: PhotoRecord, task: Mapping[str, Any]
) -> Picture:
    def make() -> Picture:
        pixels = state.settings.compat.picture_pixels
        made = draw_photo(state, caller, record, {**task, "pixels": pixels})
        height, width = int(made.facts["height"]), int(made.facts["width"])
        rgb = np.frombuffer(made.read(), np.uint8)
        return Picture(rgb.reshape(height, width, 3))

    try:
        return await state.renderer.draw(
            object(), make, tenant=caller.tenant, pixels=pixels_of(record)
        )
    except JobError as error:
        if error.code is not JobErrorCode.GONE:
            raise
        raise ApiError(
            ProblemCode.GONE, "The photo is erased; without include_image its emotions are there."
        ) from None


def _sides(box: Corners) -> tuple[int, int, int, int]:
    return box.left, box.top, box.right, box.bottom
