"""`/v1/jobs/{job_id}/crops` and `.../faces/{face_index}/crop`: faces cut out of their photos."""

import asyncio
import base64
import time
import uuid
from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Response
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool

from services.api.dependencies import PlainFaceReader, State
from services.api.docs import problems
from services.api.drawing.photo import photo_gone
from services.api.errors import ApiError
from services.api.ids import ItemId, JobId
from services.api.jobs.results.drawing import JPEG, WITH_RESULT, find_drawable
from services.api.jobs.results.pictures import PICTURE_CACHE, jpeg_responses
from services.api.jobs.results.tiles import boxes_of, crop_pictures
from services.api.problems import ProblemCode
from services.api.ranges import Ranged
from services.api.state import ApiState
from services.common.db.session import unit_of_work
from services.common.domain.errors import JobError, JobErrorCode
from services.common.jobs.repositories.results import PhotoRecord, ResultRepository
from services.common.jobs.views import find_job
from services.common.keys.service import Principal

router = APIRouter(prefix="/v1/jobs/{job_id}", tags=["results"])

SHEET_FACES = 64
# Photos whose tiles one request reads at a time: others want threads too.
_AT_ONCE = 8
# A sheet with gaps now is better than a whole one in half a minute: who asks again gets the rest.
_WAIT_S = 10.0
_NO_PICTURE = frozenset({JobErrorCode.GONE, ProblemCode.PHOTO_FAILED})

_EXAMPLE: dict[str, Any] = {
    "crops": [{"index": 17, "face_index": 0, "jpeg": "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBD"}],
    "pending": False,
}

FaceAddress = Annotated[str, Field(pattern=r"^[0-9]{1,6}\.[0-9]{1,3}$")]


class CropObject(BaseModel):
    """A face of the sheet."""

    index: int = Field(description="of its photo in the job")
    face_index: int
    jpeg: str | None = Field(
        description="the picture in base64; null where there is none, or not yet",
        json_schema_extra={"contentEncoding": "base64", "contentMediaType": JPEG},
    )


class CropSheet(BaseModel):
    """Faces in the order asked for."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    crops: list[CropObject]
    pending: bool = Field(
        description="some without a picture are still being drawn: ask for those again"
    )


@router.get(
    "/crops",
    summary="Get the crops of many faces at once",
    responses={**problems(ProblemCode.NOT_FOUND, ProblemCode.GONE)},
)
async def get_crops(
    *,
    state: State,
    caller: PlainFaceReader,
    job_id: JobId,
    response: Response,
    face: Annotated[
        list[FaceAddress],
        Query(
            min_length=1,
            max_length=SHEET_FACES,
            description="`index` of a photo and `face_index`, with a point between them;"
            " up to 64 times",
            examples=["0.0"],
        ),
    ],
) -> CropSheet:
    """Get up to 64 faces, each a square of at most 160 pixels, as JPEG.

    What is none of the job's faces, or of a photo without a result, has no picture.
    """
    wanted = [(int(index), int(number)) for index, _, number in map(_parted, face)]
    records = await run_in_threadpool(_records, state, caller, job_id, {at for at, _ in wanted})
    turns, late_at = asyncio.Semaphore(_AT_ONCE), time.monotonic() + _WAIT_S
    found = await asyncio.gather(
        *(_crops(state, caller, job_id, record, turns, late_at=late_at) for record in records)
    )
    crops = {record.seq: cut for record, cut in zip(records, found, strict=True)}
    response.headers.update(PICTURE_CACHE)
    return CropSheet(
        crops=[
            CropObject(index=at, face_index=number, jpeg=_jpeg_of(crops.get(at), number))
            for at, number in wanted
        ],
        pending=None in found,
    )


@router.get(
    "/items/{item_id}/faces/{face_index}/crop",
    summary="Get the crop of one face",
    response_class=Response,
    responses=jpeg_responses("A square around the face, of at most 160 pixels a side"),
)
async def get_crop(
    *,
    state: State,
    caller: PlainFaceReader,
    job_id: JobId,
    item_id: ItemId,
    face_index: Annotated[int, Path(ge=0, le=2**15 - 1, examples=[0])],
    ranges: Ranged,
) -> Response:
    """Get a face, cut out of its photo with a fifth of its length around it; never enlarged."""
    record = await run_in_threadpool(find_drawable, state, caller.tenant, job_id, item_id)
    if face_index >= len(boxes_of(record)):
        raise JobError(JobErrorCode.NOT_FOUND, "There is no such face in this photo.")
    crops = await crop_pictures(state, caller, job_id, record)
    return ranges.answer(crops[face_index], media_type=JPEG, headers=PICTURE_CACHE)


def _parted(address: str) -> tuple[str, str, str]:
    return address.partition(".")


def _records(
    state: ApiState, caller: Principal, job_id: uuid.UUID, places: set[int]
) -> list[PhotoRecord]:
    """Return those of a job's photos at these places that have a result.

    Raises:
        JobError: GONE, the photos are erased.
    """
    with unit_of_work(state.sessions) as session:
        job = find_job(session, caller.tenant, job_id)
        records = ResultRepository(session).at_places(job.id, places)
    if job.inputs_erased_at is not None:
        raise photo_gone()
    return [record for record in records if record.status in WITH_RESULT]


async def _crops(
    state: ApiState,
    caller: Principal,
    job_id: uuid.UUID,
    record: PhotoRecord,
    turns: asyncio.Semaphore,
    *,
    late_at: float,
) -> Sequence[bytes] | None:
    """Return the crops of a photo, none where it cannot be drawn; None: it is not yet."""
    async with turns:
        try:
            wait_s = max(0.0, late_at - time.monotonic())
            return await crop_pictures(state, caller, job_id, record, wait_s=wait_s)
        except (ApiError, JobError) as error:
            if error.code in _NO_PICTURE:
                return []
            if error.code is not ProblemCode.OVERLOADED:
                raise
            return None


def _jpeg_of(crops: Sequence[bytes] | None, number: int) -> str | None:
    if not crops or number >= len(crops):
        return None
    return base64.b64encode(crops[number]).decode()
