"""`/upload_image` and `/emotions`: hfer's interface, on top of jobs."""

from dataclasses import astuple
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from fastapi.responses import StreamingResponse
from starlette.concurrency import run_in_threadpool

from services.api.audit.refusals import audits
from services.api.bodies import JSON
from services.api.compat.analysis import Analysed, analyse_one, face_missing, read_analysed
from services.api.compat.callers import CompatCaller
from services.api.compat.face_ids import face_index_of, format_face_id, parse_face_id
from services.api.compat.faces import colours, corners_of, in_reading_order, top_emotions
from services.api.compat.openapi import EMOTIONS_ANSWER, UPLOAD_ANSWER, UPLOAD_BODY
from services.api.compat.pictures import cut_out, numbered_picture
from services.api.compat.wire import write_answer
from services.api.dependencies import State
from services.api.docs import BODY, problems
from services.api.errors import ApiError
from services.api.problems import ProblemCode
from services.api.state import ApiState
from services.common.audit.actions import Action
from services.common.db.session import unit_of_work
from services.common.domain.faces import AnalysedFace
from services.common.jobs.repositories.results import ResultRepository

IMAGE, FACE_IMAGE = "image", "face_image"

router = APIRouter(tags=["compatibility"])


@router.post(
    "/upload_image",
    summary="Find the faces of one image, as hfer does",
    response_class=StreamingResponse,
    openapi_extra=UPLOAD_BODY,
    responses={
        200: UPLOAD_ANSWER,
        **problems(
            *BODY,
            ProblemCode.GONE,
            ProblemCode.PHOTO_FAILED,
        ),
    },
)
@audits(Action.JOB_SUBMITTED)
async def upload_image(
    request: Request,
    state: State,
    caller: CompatCaller,
    include_annotation: Annotated[
        bool, Query(description="with `colors` and the numbered picture in `image`")
    ] = True,
    include_bounding_box_coords: Annotated[
        bool, Query(description="with `bounding_box_coords`: top, right, bottom, left")
    ] = True,
) -> StreamingResponse:
    """Analyse the image as a job of one photo and wait for it, up to 30 s.

    The answer is a JSON string that holds JSON. Ids of faces stay good as long as the job does,
    in every process of the service. Results tell the apparent expression, not inner feeling.
    """
    found = await analyse_one(request, state, caller=caller, part=IMAGE)
    faces = in_reading_order(found.analysis)
    boxes = [corners_of(face, found.analysis) for face in faces]
    members: dict[str, Any] = {
        "face_ids": [format_face_id(found.record.public_id, face.face_index) for face in faces]
    }
    if include_annotation:
        shades = colours(len(faces))
        members["colors"] = shades
        members["image"] = await numbered_picture(state, caller, found.record, boxes, shades)
    if include_bounding_box_coords:
        members["bounding_box_coords"] = [astuple(box) for box in boxes]
    return _answer(members)


@router.get(
    "/emotions",
    summary="Read the expressions of one face, as hfer does",
    response_class=StreamingResponse,
    responses={
        200: EMOTIONS_ANSWER,
        **problems(
            *BODY,
            ProblemCode.NOT_FOUND,
            ProblemCode.GONE,
            ProblemCode.PHOTO_FAILED,
        ),
    },
)
async def get_emotions(
    *,
    request: Request,
    state: State,
    caller: CompatCaller,
    face_id: Annotated[
        str | None, Query(description="of `POST /upload_image`; it may be asked for again")
    ] = None,
    include_image: Annotated[bool, Query(description="with the face cut out in `image`")] = False,
    top_n: Annotated[int, Query(ge=1, le=7, description="length of `emotions`")] = 3,
    ret: Annotated[
        Literal["text", "num"], Query(description="name expressions by word, or by number 0..6")
    ] = "text",
) -> StreamingResponse:
    """Tell the most probable expressions of a face that was uploaded before.

    Without `face_id` the body may carry an image in a multipart field `face_image`, as hfer
    allowed; its largest face counts. Proxies may drop the body of a GET.
    """
    if face_id:
        found, face = await run_in_threadpool(_find, state, caller.tenant, face_id)
        box = corners_of(face, found.analysis)
    elif request.headers.get("content-type") is not None:
        found = await analyse_one(request, state, caller=caller, part=FACE_IMAGE)
        face, box = _largest(found), None
    else:
        raise ApiError(
            ProblemCode.NOT_FOUND, "Name a face by face_id, or send an image as face_image."
        )
    members: dict[str, Any] = {"emotions": top_emotions(face, top_n=top_n, named=ret == "text")}
    if include_image:
        members["image"] = await cut_out(state, caller, found.record, box)
    return _answer(members)


def _find(state: ApiState, tenant: str, text: str) -> tuple[Analysed, AnalysedFace]:
    wanted = parse_face_id(text)
    if wanted is None:
        raise face_missing()
    with unit_of_work(state.sessions) as session:
        record = ResultRepository(session).at_or_below(
            tenant, wanted, reach=state.limits.faces_per_photo - 1
        )
    found = read_analysed(record)
    number = face_index_of(wanted, found.record.public_id)
    for face in found.analysis.faces:
        if face.face_index == number:
            return found, face
    raise face_missing()


def _largest(found: Analysed) -> AnalysedFace:
    if not found.analysis.faces:
        raise ApiError(ProblemCode.PHOTO_FAILED, "no_face: There is no face in the image.")
    return found.analysis.faces[0]


def _answer(members: dict[str, Any]) -> StreamingResponse:
    return StreamingResponse(write_answer(members), media_type=JSON)
