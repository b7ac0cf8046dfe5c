"""Pictures of a photo: rendered on demand from the stored bytes, then kept in the bucket."""

import io
import uuid
from collections.abc import Callable

from services.api.ids import not_found
from services.api.state import ApiState
from services.common.db.session import unit_of_work
from services.common.domain.errors import JobError, JobErrorCode
from services.common.domain.ids import IdKind
from services.common.domain.jobs import ItemStatus
from services.common.jobs.queue.outcomes import from_payload
from services.common.jobs.repositories.results import PhotoRecord, ResultRepository
from services.common.jobs.views import find_job
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


def annotated_picture(
    state: ApiState, job_id: uuid.UUID, record: PhotoRecord, *, turn_s: float | None = None
) -> bytes:
    """Return the photo with its faces drawn on it, a JPEG.

    Args:
        state: of the process.
        job_id: public id of the photo's job.
        record: a photo with a result.
        turn_s: longest wait for a turn to draw; the state's when None.

    Raises:
        JobError: GONE, the photo is erased.
        TransientError: too many photos are being drawn.
    """

    # Imported inside: most API processes never draw, and Pillow and numpy are 30 MB.
    def render(photo: bytes) -> bytes:
        from services.imaging.annotate import annotate_photo

        return annotate_photo(photo, from_payload(record.payload or {}), limits=state.limits)

    key = annotated_key(job_id, record.public_id)
    return _kept(state, key, record, render, turn_s=turn_s)


def preview_picture(
    state: ApiState, job_id: uuid.UUID, record: PhotoRecord, *, name: str, longest_side: int
) -> bytes:
    """Return the photo without its metadata, a JPEG of at most ``longest_side`` pixels a side.

    Raises:
        JobError: GONE, the photo is erased.
        TransientError: too many photos are being drawn.
    """

    def render(photo: bytes) -> bytes:
        from services.imaging.preview import scale_photo

        return scale_photo(photo, longest_side=longest_side, limits=state.limits)

    return _kept(state, preview_key(job_id, record.public_id, name), record, render)


def photo_gone() -> JobError:
    """Say that only the results are left."""
    return JobError(JobErrorCode.GONE, "The photo is erased; its results are still there.")


def _kept(
    state: ApiState,
    key: str,
    record: PhotoRecord,
    render: Callable[[bytes], bytes],
    *,
    turn_s: float | None = None,
) -> bytes:
    try:
        return state.storage.get(key)
    except ObjectMissingError:
        picture = _render(state, record, render, turn_s=turn_s)
    state.storage.put(key, io.BytesIO(picture), size=len(picture), content_type=JPEG)
    return picture


def _render(
    state: ApiState, record: PhotoRecord, render: Callable[[bytes], bytes], *, turn_s: float | None
) -> bytes:
    try:
        photo = state.storage.get(record.object_key)
    except ObjectMissingError:
        raise photo_gone() from None
    with state.turn_to_draw(turn_s):
        return render(photo)
