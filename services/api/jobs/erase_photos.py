"""`POST /v1/jobs/{job_id}/items/erase`: chosen photos of a job, and all that hangs on them."""

import uuid
from collections.abc import Sequence
from typing import Annotated, Any, Literal

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from services.api.audit.refusals import audits
from services.api.dependencies import Eraser, State, Transaction
from services.api.docs import problems
from services.api.errors import invalid_field
from services.api.ids import JobId, read_id
from services.api.problems import ProblemCode
from services.api.schemas import PLAIN_TEXT, WHOLE, Input
from services.common.audit.actions import Action
from services.common.audit.service import record
from services.common.domain.ids import IdKind, format_id
from services.common.jobs.lifecycle import erase_photos
from services.common.jobs.repositories.erasures import ErasureRequest

router = APIRouter(prefix="/v1/jobs/{job_id}/items", tags=["results"])

# Each has an entry of its own in the audit: a second or so for so many.
PHOTOS_A_REQUEST = 1_000

_ITEM = "itm_01936fd2c0a27b6e8f3a5b7c9d1e2f31"
_WANTED: dict[str, Any] = {"items": [_ITEM], "reason": "consent withdrawn on 2026-11-23"}
_ERASED: dict[str, Any] = {
    "object": "erased_photos",
    "erased": 1,
    "erased_before": 0,
    "erasure": "ers_01936fd2c0a27b6e8f3a5b7c9d1e2f35",
}

ItemText = Annotated[str, StringConstraints(max_length=64)]
PhotoNumber = Annotated[int, Field(ge=0, le=2**31 - 1), WHOLE]


class PhotosToErase(Input):
    """Which photos, by id or by number, and why."""

    model_config = ConfigDict(json_schema_extra={"example": _WANTED})

    items: list[ItemText] = Field(
        default=[], max_length=PHOTOS_A_REQUEST, description="ids of photos of the job"
    )
    index: list[PhotoNumber] = Field(
        default=[],
        max_length=PHOTOS_A_REQUEST,
        description="photos by their numbers in the job, as `/order` gives them",
    )
    reason: (
        Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=PLAIN_TEXT)] | None
    ) = Field(default=None, description="why, for the receipt; no names: it is kept")


class ErasedPhotosObject(BaseModel):
    """What was erased."""

    model_config = ConfigDict(json_schema_extra={"example": _ERASED})

    object: Literal["erased_photos"] = "erased_photos"
    erased: int = Field(description="photos erased by this request")
    erased_before: int = Field(description="photos of it that were erased already")
    erasure: str | None = Field(
        description="id of the receipt in `/v1/erasures`; null where all were erased already"
    )


@router.post(
    "/erase",
    summary="Erase photos of a job",
    responses={**problems(ProblemCode.NOT_FOUND, ProblemCode.JOB_NOT_FINISHED, ProblemCode.GONE)},
)
@audits(Action.PHOTO_ERASED)
def erase_items(
    state: State, session: Transaction, caller: Eraser, job_id: JobId, wanted: PhotosToErase
) -> ErasedPhotosObject:
    """Erase up to 1,000 photos of a final job, and all that is known of them; all, or none.

    Results, faces, reviews, crops, drawn faces and the photos' names go at once, out of data sets
    too; the bytes leave the bucket within an hour or so. Numbers and ids stay: each is listed from
    then on as `failed` with the error `erased`, and counted so. Photos of other jobs stay, also
    those that reruns and retries of this job have. `/v1/erasures` has the receipt.
    """
    if not wanted.items and not wanted.index:
        raise invalid_field("#/items", "Name at least one photo, by `items` or by `index`.")
    asked = ErasureRequest(caller.key_id, caller.key_name, wanted.reason)
    erased = erase_photos(
        session,
        caller.tenant,
        job_id,
        _read(wanted.items),
        places=list(dict.fromkeys(wanted.index)),
        urls_hold=state.urls_hold,
        asked=asked,
    )
    for item in erased.items:
        record(session, caller, Action.PHOTO_ERASED, format_id(IdKind.ITEM, item))
    return ErasedPhotosObject(
        erased=len(erased.items),
        erased_before=erased.before,
        erasure=None if erased.receipt is None else format_id(IdKind.ERASURE, erased.receipt),
    )


def _read(items: Sequence[str]) -> list[uuid.UUID]:
    return list(dict.fromkeys(read_id(IdKind.ITEM, item) for item in items))
