"""`/v1/jobs/{job_id}/items/{item_id}/annotated`: the photo with its faces drawn on it."""

import io
import uuid
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response

from services.api.dependencies import Reader, State
from services.api.docs import problems
from services.api.jobs.ids import ItemId, JobId
from services.api.problems import ProblemCode
from services.api.state import ApiState
from services.common.db.session import unit_of_work
from services.common.domain.errors import JobError, JobErrorCode
from services.common.domain.jobs import ItemStatus
from services.common.jobs.outcomes import from_payload
from services.common.jobs.repositories.results import PhotoRecord, ResultRepository
from services.common.jobs.views import find_job
from services.common.storage import ObjectMissingError
from services.common.storage_keys import annotated_key

router = APIRouter(prefix="/v1/jobs/{job_id}/items/{item_id}", tags=["results"])

_JPEG = "image/jpeg"
_WITH_RESULT = frozenset({ItemStatus.SUCCEEDED, ItemStatus.NO_FACE})


@router.get(
    "/annotated",
    summary="Get the annotated photo",
    response_class=Response,
    responses={
        200: {
            "content": {_JPEG: {"schema": {"type": "string", "format": "binary"}}},
            "description": "The upright photo with a numbered, coloured box per face",
        },
        **problems(ProblemCode.NOT_FOUND, ProblemCode.JOB_NOT_FINISHED, ProblemCode.GONE),
    },
)
def get_annotated(
    state: State,
    caller: Reader,
    job_id: JobId,
    item_id: ItemId,
    style: Annotated[Literal["box"], Query()] = "box",  # noqa: ARG001 - one style so far
) -> Response:
    """Draw the faces; the numbers are their `face_index`. Drawn once, then kept."""
    record = _find(state, caller.tenant, job_id, item_id)
    key = annotated_key(job_id, item_id)
    try:
        picture = state.storage.get(key)
    except ObjectMissingError:
        picture = _render(state, record)
        state.storage.put(key, io.BytesIO(picture), size=len(picture), content_type=_JPEG)
    return Response(picture, media_type=_JPEG, headers={"Cache-Control": "private, max-age=300"})


def _find(state: ApiState, tenant: str, job_id: uuid.UUID, item_id: uuid.UUID) -> PhotoRecord:
    """Return a photo with a result, in a transaction that ends before the bucket is asked."""
    with unit_of_work(state.sessions) as session:
        job = find_job(session, tenant, job_id)
        record = ResultRepository(session).get(job.id, item_id)
    if record is None:
        raise JobError(JobErrorCode.NOT_FOUND, "There is no such photo in this job.")
    if record.status in {ItemStatus.QUEUED, ItemStatus.RUNNING}:
        raise JobError(
            JobErrorCode.JOB_NOT_FINISHED, f"The photo is {record.status}; ask again later."
        )
    if record.status not in _WITH_RESULT:
        raise JobError(
            JobErrorCode.NOT_FOUND, f"The photo is {record.status}; there is nothing to draw."
        )
    if job.inputs_erased_at is not None:
        raise _photo_gone()
    return record


def _render(state: ApiState, record: PhotoRecord) -> bytes:
    # Here, because most API processes never draw: Pillow and numpy are 30 MB.
    from services.imaging.annotate import annotate_photo

    try:
        photo = state.storage.get(record.object_key)
    except ObjectMissingError:
        raise _photo_gone() from None
    with state.turn_to_draw():
        return annotate_photo(photo, from_payload(record.payload or {}), limits=state.limits)


def _photo_gone() -> JobError:
    return JobError(JobErrorCode.GONE, "The photo is erased; its results are still there.")
