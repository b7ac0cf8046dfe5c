"""Thumbnails and crops of a photo: out of the tiles that its worker wrote, else drawn and kept."""

import io
import uuid
from collections.abc import Sequence
from functools import partial
from typing import TypeVar

from starlette.concurrency import run_in_threadpool

from services.api.drawing.photo import draw_photo, pixels_of
from services.api.state import ApiState
from services.common.jobs.repositories.results import PhotoRecord
from services.common.keys.service import Principal
from services.common.storage import ObjectMissingError
from services.common.storage_keys import tiles_key
from services.imaging.tiles import FaceBox, crops_in, thumbnail_in

TILES = "application/octet-stream"
# Where the thumbnail ends at the latest: 300 faces have 1,218 bytes before it, and noise of pure
# colours takes 86,800. Of a crowd the rest is a megabyte.
_THUMBNAIL_BYTES = 98_304

Cut = TypeVar("Cut")


def boxes_of(record: PhotoRecord) -> list[FaceBox]:
    """Return the boxes of a photo's faces, in the order of ``face_index``."""
    return [face["box"] for face in (record.payload or {}).get("faces", ())]


async def thumbnail_picture(
    state: ApiState, caller: Principal, job_id: uuid.UUID, record: PhotoRecord
) -> bytes:
    """Return the photo as a JPEG of at most 320 pixels a side, blurred where the caller's key is.

    Raises:
        JobError: GONE, the photo is erased or was replaced.
        ApiError: PHOTO_FAILED, it cannot be drawn; OVERLOADED, too many pictures are being drawn;
            OUTPUT_RESTRICTED, its faces would have to be blurred and are not known.
    """
    # Blurred crops are for nobody.
    boxes = [] if caller.output.blurs_faces else boxes_of(record)
    kept = await run_in_threadpool(_stored, state, caller, job_id, record, at_most=_THUMBNAIL_BYTES)
    return thumbnail_in(kept, boxes) or _cut(
        thumbnail_in(await _drawn(state, caller, job_id, record, boxes), boxes)
    )


async def crop_pictures(
    state: ApiState,
    caller: Principal,
    job_id: uuid.UUID,
    record: PhotoRecord,
    *,
    wait_s: float | None = None,
) -> list[bytes]:
    """Return a JPEG of each face of a photo, for callers who see faces as they are.

    Args:
        state: of the process.
        caller: who asks for them.
        job_id: public id of the photo's job.
        record: a photo with a result.
        wait_s: longest wait for them where they are not there yet; the renderer's when None.

    Raises:
        JobError: GONE, the photo is erased or was replaced.
        ApiError: PHOTO_FAILED, it cannot be drawn; OVERLOADED, too many pictures are being drawn.
    """
    boxes = boxes_of(record)
    if not boxes:
        return []
    kept = await run_in_threadpool(_stored, state, caller, job_id, record)
    return crops_in(kept, boxes) or _cut(
        crops_in(await _drawn(state, caller, job_id, record, boxes, wait_s=wait_s), boxes)
    )


def _stored(
    state: ApiState,
    caller: Principal,
    job_id: uuid.UUID,
    record: PhotoRecord,
    *,
    at_most: int | None = None,
) -> bytes:
    """Return what is kept of a photo's tiles; nothing where nobody wrote any."""
    key = tiles_key(job_id, record.public_id, blurred=caller.output.blurs_faces)
    try:
        return state.storage.get(key, at_most=at_most)
    except ObjectMissingError:
        return b""


async def _drawn(
    state: ApiState,
    caller: Principal,
    job_id: uuid.UUID,
    record: PhotoRecord,
    boxes: Sequence[FaceBox],
    *,
    wait_s: float | None = None,
) -> bytes:
    """Have a child draw the tiles, and keep them: also in place of those of other faces."""
    key = tiles_key(job_id, record.public_id, blurred=caller.output.blurs_faces)
    make = partial(_draw_and_keep, state, caller, key, record, boxes)
    return await state.renderer.draw(
        key, make, tenant=caller.tenant, pixels=pixels_of(record), wait_s=wait_s
    )


def _draw_and_keep(
    state: ApiState, caller: Principal, key: str, record: PhotoRecord, boxes: Sequence[FaceBox]
) -> bytes:
    task = {"do": "tiles", "boxes": list(boxes), "pixels": pixels_of(record)}
    tiles = draw_photo(state, caller, record, task).read()
    state.storage.put(key, io.BytesIO(tiles), size=len(tiles), content_type=TILES)
    return tiles


def _cut(found: Cut | None) -> Cut:
    """Return what was cut out of tiles that were drawn for these very faces."""
    if found is None:
        raise RuntimeError("the child drew tiles of other faces")
    return found
