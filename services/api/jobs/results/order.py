"""`/v1/jobs/{job_id}/order`: a job's photos or faces in one order, as numbers."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from services.api.dependencies import FaceReader, Transaction
from services.api.docs import problems
from services.api.gzipped import GZIP, gzipped, takes_gzip
from services.api.ids import JobId
from services.api.jobs.results.narrowing import Narrowing
from services.api.problems import ProblemCode
from services.common.domain.photo_filters import Sort
from services.common.jobs.repositories.orders import LONGEST_ORDER, Order, OrderRepository
from services.common.jobs.views import find_job

router = APIRouter(prefix="/v1/jobs/{job_id}", tags=["results"])

_JSON = "application/json"
# Less is one packet.
_SMALLEST_PACKED = 1_400

ORDER_EXAMPLE: dict[str, Any] = {
    "total": 3,
    "index": [7, 0, 2],
    "ratio": [150, 66, 150],
    "face_index": None,
    "reviewed": None,
    "expression": None,
}


class Of(StrEnum):
    """What stands in the order."""

    PHOTOS = "photos"
    FACES = "faces"


class OrderObject(BaseModel):
    """Photos or faces in one order, as arrays of equal length: entry i of each is of the i-th."""

    model_config = ConfigDict(json_schema_extra={"example": ORDER_EXAMPLE})

    total: int = Field(description="how many fit")
    index: list[int] = Field(
        description="the photo's place among those sent, from 0, as `/items?index=` takes it; of"
        f" the first {LONGEST_ORDER:,} where more fit"
    )
    ratio: list[int] | None = Field(
        description="of photos: width over height in hundredths, 100 where the size is not known;"
        " null of faces"
    )
    face_index: list[int] | None = Field(
        description="of faces: the face's number in it; null of photos"
    )
    reviewed: list[int] | None = Field(
        description="of faces: 1 where a reviewer has a vote on it, else 0; null of photos"
    )
    expression: list[int] | None = Field(
        description="of faces: the first answer, 0 to 6 in the order surprise, fear, disgust,"
        " happiness, anger, sadness, neutral; null of photos"
    )


@router.get(
    "/order",
    summary="Order the photos or faces of a job",
    response_model=OrderObject,
    responses={**problems(ProblemCode.NOT_FOUND, ProblemCode.GONE)},
)
def get_order(
    *,
    session: Transaction,
    caller: FaceReader,
    job_id: JobId,
    of: Annotated[Of, Query(description="whether photos or single faces are listed")] = Of.PHOTOS,
    sort: Annotated[
        Sort,
        Query(
            description="`sent`; `uncertain`, lowest probability first; `margin`, smallest lead"
            " first; `confidence`, highest probability first; `faces`, most faces first; `name`;"
            " `captured`, earliest first; `rare`, rarest expression first; `size`, largest face"
            " first; `disagreement`, first where a reviewer and the model differ. A photo stands"
            " where the first of its faces that fit would, those without one last"
        ),
    ] = Sort.SENT,
    narrow: Narrowing,
    accept_encoding: Annotated[str | None, Header(include_in_schema=False)] = None,
) -> Response:
    """List all photos, or all faces, that fit, in one order and one answer: numbers only.

    The photos themselves are at `/items?index=…`. Of faces those are listed that fit themselves, of
    photos those with such a face.
    """
    job = find_job(session, caller.tenant, job_id)
    orders = OrderRepository(session)
    read = orders.faces if of is Of.FACES else orders.photos
    body = _written(read(job.id, sort, narrow))
    headers = {"Vary": "Accept-Encoding"}
    if len(body) >= _SMALLEST_PACKED and takes_gzip(accept_encoding):
        headers["Content-Encoding"] = GZIP
        body = b"".join(gzipped(iter([body])))
    return Response(body, media_type=_JSON, headers=headers)


def _written(order: Order) -> bytes:
    absent = dict.fromkeys(("ratio", "face_index", "reviewed", "expression"), "null")
    members: Mapping[str, object] = {"total": order.total, **absent, **order.arrays}
    return ("{" + ",".join(f'"{name}":{value}' for name, value in members.items()) + "}").encode()
