"""Pictures of a photo: drawn on demand from the stored bytes, then kept in the bucket."""

import io
import uuid
from collections.abc import Mapping
from functools import partial
from typing import Any

from starlette.concurrency import run_in_threadpool

from services.api.drawing.photo import draw_photo, photo_gone, pixels_of
from services.api.ids import not_found
from services.api.state import ApiState
from services.common.db.session import unit_of_work
from services.common.domain.errors import JobError, JobErrorCode
from services.common.domain.ids import IdKind
from services.common.domain.jobs import ItemStatus
from services.common.jobs.repositories.results import PhotoRecord, ResultRepository
from services.common.jobs.views import find_job
from services.common.keys.service import Principal
from services.common.storage import ObjectMissingError
from services.common.storage_keys import annotated_key, preview_key

JPEG = "image/jpeg"
WITH_RESULT = frozenset({ItemStatus.SUCCEEDED, ItemStatus.NO_FACE})


def find_drawable(
    state: ApiState, tenant: str, job_id: uuid.UUID, item_id: uuid.UUID
) -> PhotoRecord:
    """Return a photo with a result, in a transaction that ends before the bucket is asked.

    Raises:
        ApiError: NOT_FOUND.
        JobError: JOB_NOT_FINISHED, NOT_FOUND when there is nothing to draw, GONE when the photo
            is erased.
    """
    with unit_of_work(state.sessions) as session:
        job = find_job(session, tenant, job_id)
        record = ResultRepository(session).get(job.id, item_id)
    if record is None:
        raise not_found(IdKind.ITEM)
    if record.status in {ItemStatus.QUEUED, ItemStatus.RUNNING}:
        raise JobError(
            JobErrorCode.JOB_NOT_FINISHED, f"The photo is {record.status}; ask again later."
        )
    if record.status not in WITH_RESULT:
        raise JobError(
            JobErrorCode.NOT_FOUND, f"The photo is {record.status}; there is nothing to draw."
        )
    if job.inputs_erased_at is not None:
        raise photo_gone()
    return record


async def annotated_picture(
    state: ApiState,
    caller: Principal,
    job_id: uuid.UUID,
    record: PhotoRecord,
    *,
    wait_s: float | None = None,
) -> bytes:
    """Return the photo with its faces drawn on it, a JPEG.

    Args:
        state: of the process.
        caller: who asks for it, and as whom it is drawn.
        job_id: public id of the photo's job.
        record: a photo with a result.
        wait_s: longest wait for it; the renderer's when None.

    Raises:
        JobError: GONE, the photo is erased or was replaced.
        ApiError: PHOTO_FAILED, it cannot be drawn; OVERLOADED, too many pictures are being drawn;
            OUTPUT_RESTRICTED, its faces would have to be blurred and are not known.
    """
    payload = record.payload or {}
    task = {
        "do": "annotate",
        "width": payload["width"],
        "height": payload["height"],
        "faces": [
            {name: face[name] for name in ("face_index", "box", "probabilities", "uncertain")}
            for face in payload["faces"]
        ],
    }
    key = annotated_key(job_id, record.public_id, blurred=caller.output.blurs_faces)
    return await _kept(state, caller, key, record, task, wait_s=wait_s)


async def preview_picture(
    state: ApiState,
    caller: Principal,
    job_id: uuid.UUID,
    record: PhotoRecord,
    *,
    name: str,
    longest_side: int,
) -> bytes:
    """Return the photo without its metadata, a JPEG of at most ``longest_side`` pixels a side.

    Raises:
        JobError: GONE, the photo is erased or was replaced.
        ApiError: PHOTO_FAILED, it cannot be drawn; OVERLOADED, too many pictures are being drawn;
            OUTPUT_RESTRICTED, its faces would have to be blurred and are not known.
    """
    task = {"do": "scale", "longest_side": longest_side}
    key = preview_key(job_id, record.public_id, name, blurred=caller.output.blurs_faces)
    return await _kept(state, caller, key, record, task)


async def _kept(
    state: ApiState,
    caller: Principal,
    key: str,
    record: PhotoRecord,
    task: Mapping[str, Any],
    *,
    wait_s: float | None = None,
) -> bytes:
    try:
        return await run_in_threadpool(state.storage.get, key)
    except ObjectMissingError:
        make = partial(_draw_and_keep, state, caller, key, record, task)
        return await state.renderer.draw(
            key, make, tenant=caller.tenant, pixels=pixels_of(record), wait_s=wait_s
        )


def _draw_and_keep(
    state: ApiState, caller: Principal, key: str, record: PhotoRecord, task: Mapping[str, Any]
) -> bytes:
    picture = draw_photo(state, caller, record, task).read()
    state.storage.put(key, io.BytesIO(picture), size=len(picture), content_type=JPEG)
    return picture
