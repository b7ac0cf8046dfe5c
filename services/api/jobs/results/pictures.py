"""`/v1/jobs/{job_id}/items/{item_id}/annotated` and `/photo`: pictures of one photo."""

from enum import StrEnum
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Response
from starlette.concurrency import run_in_threadpool

from services.api.dependencies import FaceReader, State
from services.api.docs import carrying, problems
from services.api.ids import ItemId, JobId
from services.api.jobs.results.drawing import (
    JPEG,
    annotated_picture,
    find_drawable,
    preview_picture,
)
from services.api.jobs.results.tiles import thumbnail_picture
from services.api.problems import ProblemCode
from services.api.ranges import Ranged, ranged_responses
from services.imaging.tiles import THUMBNAIL_PX

router = APIRouter(prefix="/v1/jobs/{job_id}/items/{item_id}", tags=["results"])

PICTURE_CACHE = {"Cache-Control": "private, max-age=300"}


class PreviewSize(StrEnum):
    """Longest side of a scaled photo; a smaller photo keeps its size."""

    THUMBNAIL = "thumbnail"
    SMALL = "small"
    MEDIUM = "medium"
    LARGE = "large"

    @property
    def longest_side(self) -> int:
        """In pixels: a tile, a card, a page, a whole screen."""
        sides = {"thumbnail": THUMBNAIL_PX, "small": 480, "medium": 1280, "large": 2560}
        return sides[self.value]


def jpeg_responses(description: str) -> dict[int | str, dict[str, Any]]:
    """Document the answers of an operation that gives a picture."""
    content = {JPEG: {"schema": {"type": "string", "format": "binary"}}}
    return {
        200: {"content": content, "description": description, **carrying("ETag")},
        **ranged_responses(content),
        **problems(
            ProblemCode.RANGE_NOT_SATISFIABLE,
            ProblemCode.NOT_FOUND,
            ProblemCode.JOB_NOT_FINISHED,
            ProblemCode.GONE,
            ProblemCode.PHOTO_FAILED,
        ),
    }


@router.get(
    "/annotated",
    summary="Get the annotated photo",
    response_class=Response,
    responses=jpeg_responses("The upright photo with a numbered, coloured box per face"),
)
async def get_annotated(
    *,
    state: State,
    caller: FaceReader,
    job_id: JobId,
    item_id: ItemId,
    ranges: Ranged,
    style: Annotated[Literal["box"], Query()] = "box",  # noqa: ARG001 - one style so far
) -> Response:
    """Draw the faces; the numbers are their `face_index`. Drawn once, then kept.

    For a key with the output `blurred` nobody can be recognised by the faces that were found; 403
    where the analysis left faces out.
    """
    record = await run_in_threadpool(find_drawable, state, caller.tenant, job_id, item_id)
    picture = await annotated_picture(state, caller, job_id, record)
    return ranges.answer(picture, media_type=JPEG, headers=PICTURE_CACHE)


@router.get(
    "/photo",
    summary="Get the photo, scaled for a screen",
    response_class=Response,
    responses=jpeg_responses("The upright photo without metadata, nothing drawn on it"),
)
async def get_photo(
    *,
    state: State,
    caller: FaceReader,
    job_id: JobId,
    item_id: ItemId,
    ranges: Ranged,
    size: Annotated[
        PreviewSize, Query(description="longest side: 320, 480, 1,280 or 2,560 pixels")
    ] = PreviewSize.MEDIUM,
) -> Response:
    """Show the photo itself: `box_norm` of a face holds at every size. Scaled once, then kept.

    A thumbnail is there from the analysis on, for galleries.

    For a key with the output `blurred` nobody can be recognised by the faces that were found; 403
    where the analysis left faces out.
    """
    record = await run_in_threadpool(find_drawable, state, caller.tenant, job_id, item_id)
    if size is PreviewSize.THUMBNAIL:
        picture = await thumbnail_picture(state, caller, job_id, record)
    else:
        picture = await preview_picture(
            state,
            caller,
            job_id,
            record,
            name=size.value,
            longest_side=size.longest_side,
        )
    return ranges.answer(picture, media_type=JPEG, headers=PICTURE_CACHE)
