"""The pictures in answers: the photo with its faces numbered, and each face cut out."""

from collections.abc import Sequence

from services.api.compat.faces import Colour, Corners
from services.api.compat.wire import Picture
from services.api.errors import ApiError
from services.api.problems import ProblemCode
from services.api.state import ApiState
from services.common.jobs.repositories.results import PhotoRecord
from services.common.storage import ObjectMissingError


def numbered_picture(
    state: ApiState, record: PhotoRecord, boxes: Sequence[Corners], shades: Sequence[Colour]
) -> Picture:
    """Draw the faces on the upright photo, scaled down to the deployment's limit.

    Raises:
        ApiError: GONE, the photo is erased.
        TransientError: too many pictures are being drawn.
    """
    from services.imaging.decode import decode_photo
    from services.imaging.numbered import draw_numbered, shrink

    data = _fetch(state, record)
    with state.turn_to_draw():
        rgb = decode_photo(data, limits=state.limits).rgb
        small = shrink(rgb, pixels=state.settings.compat.picture_pixels)
        if not boxes:
            return Picture(small)
        scaled = [box.scaled(small.shape[1] / rgb.shape[1]) for box in boxes]
        frames = [(box.left, box.top, box.right - 1, box.bottom - 1) for box in scaled]
        return Picture(draw_numbered(small, frames, shades))


def cut_out(state: ApiState, record: PhotoRecord, box: Corners | None) -> Picture:
    """Return a face of the upright photo, or all of it; raises like `numbered_picture`."""
    from services.imaging.decode import decode_photo
    from services.imaging.numbered import shrink

    data = _fetch(state, record)
    with state.turn_to_draw():
        rgb = decode_photo(data, limits=state.limits).rgb
        part = rgb if box is None else rgb[box.top : box.bottom, box.left : box.right]
        return Picture(shrink(part, pixels=state.settings.compat.picture_pixels).copy())


def _fetch(state: ApiState, record: PhotoRecord) -> bytes:
    try:
        return state.storage.get(record.object_key)
    except ObjectMissingError:
        raise ApiError(
            ProblemCode.GONE, "The photo is erased; without include_image its emotions are there."
        ) from None
