"""`/v1/jobs/{job_id}/draws`: faces drawn at random, from which the model's accuracy is told."""

import secrets
from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from services.api.audit.refusals import audits
from services.api.dependencies import FaceReader, Reviewing, Transaction
from services.api.docs import problems
from services.api.ids import DrawId, JobId, not_found
from services.api.problems import ProblemCode
from services.api.schemas import WHOLE, Input, UtcTime
from services.common.audit.actions import Action
from services.common.audit.service import record
from services.common.domain.errors import JobError, JobErrorCode
from services.common.domain.ids import IdKind, format_id
from services.common.domain.jobs import JobStatus
from services.common.jobs.repositories.faces import FaceRepository
from services.common.jobs.views import find_job
from services.common.reviews.draw_repository import Draw, DrawRepository, FaceOfDraw

router = APIRouter(prefix="/v1/jobs/{job_id}/draws", tags=["reviews"])

# Ten times what an interval of a point either side needs of a person's time.
_MOST_FACES = 10_000
_LAST_SEED = 2**31 - 1
_DRAW: dict[str, Any] = {
    "draw_id": "drw_01936fd2c0a27b6e8f3a5b7c9d1e2f34",
    "seed": 7,
    "by_expression": False,
    "faces": 2,
    "reviewed": 1,
    "population": 4_210,
    "drawn_at": "2026-12-01T07:00:00Z",
}


class WantedDraw(Input):
    """How many faces to draw, and how."""

    model_config = ConfigDict(json_schema_extra={"example": {"count": 300}})

    count: Annotated[int, Field(ge=1, le=_MOST_FACES), WHOLE]
    seed: Annotated[int, Field(ge=0, le=_LAST_SEED), WHOLE] | None = Field(
        default=None, description="the same seed draws the same; without it one is chosen and told"
    )
    by_expression: bool = Field(
        default=False,
        description="as many of each of the model's answers, so that rare ones are seen, in place"
        " of all faces alike; the accuracy weighs them back",
    )


class DrawObject(BaseModel):
    """Faces drawn at random from a job's."""

    model_config = ConfigDict(json_schema_extra={"example": _DRAW})

    draw_id: str
    seed: int
    by_expression: bool
    faces: int = Field(
        description="how many were drawn: fewer than asked for where there are no more"
    )
    reviewed: int = Field(description="of them, those with a vote")
    population: int = Field(description="faces of the job")
    drawn_at: UtcTime


class DrawnFaces(DrawObject):
    """A draw with its faces, in the random order in which they are to be reviewed.

    The lists go together: one place in each of them is one face.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "example": _DRAW
            | {
                "item_id": ["itm_01936fd2c0a27b6e8f3a5b7c9d1e2f31"] * 2,
                "index": [812, 812],
                "face_index": [0, 3],
                "probability": [0.000475, 0.000475],
                "votes": [1, 0],
            }
        }
    )

    item_id: list[str]
    index: list[int] = Field(description="the photos' places in the job")
    face_index: list[int]
    probability: list[float] = Field(description="how probable it was that the face is drawn")
    votes: list[int] = Field(description="how many reviewers have a vote on it")


class Draws(BaseModel):
    """A job's draws, the newest first."""

    data: list[DrawObject]


@router.post(
    "",
    summary="Draw faces at random",
    status_code=201,
    responses={
        **problems(ProblemCode.NOT_FOUND, ProblemCode.JOB_NOT_FINISHED, ProblemCode.GONE),
    },
)
@audits(Action.REVIEWS_DRAWN)
def post_draw(
    session: Transaction, caller: Reviewing, job_id: JobId, wanted: WantedDraw
) -> DrawnFaces:
    """Draw faces of a final job, to be reviewed blind and in this order.

    From their votes `GET …/reviews/summary` tells how right the model is on the job. What was
    answered behind the first face without a vote does not count yet.
    """
    job = find_job(session, caller.tenant, job_id, lock=True)
    if not JobStatus(job.status).final:
        raise JobError(
            JobErrorCode.JOB_NOT_FINISHED, f"The job is {job.status}; draw when all is analysed."
        )
    tally = FaceRepository(session).tally(job.id)
    draws = DrawRepository(session)
    draw_id = draws.make(
        job.id,
        count=wanted.count,
        seed=secrets.randbelow(_LAST_SEED) if wanted.seed is None else wanted.seed,
        by_expression=wanted.by_expression,
        populations=[of_class.faces for of_class in tally.values()],
    )
    record(session, caller, Action.REVIEWS_DRAWN, format_id(IdKind.JOB, job_id))
    (draw,) = draws.of_job(job.id, draw_id)
    return _drawn(draw, draws.faces(job.id, draw_id))


@router.get(
    "",
    summary="List the draws of a job",
    responses={**problems(ProblemCode.NOT_FOUND, ProblemCode.GONE)},
)
def get_draws(session: Transaction, caller: FaceReader, job_id: JobId) -> Draws:
    """List a job's draws, the newest first, without their faces."""
    job = find_job(session, caller.tenant, job_id)
    return Draws(
        data=[DrawObject(**_head(draw)) for draw in DrawRepository(session).of_job(job.id)]
    )


@router.get(
    "/{draw_id}",
    summary="Get a draw with its faces",
    responses={**problems(ProblemCode.NOT_FOUND, ProblemCode.GONE)},
)
def get_draw(
    session: Transaction, caller: FaceReader, job_id: JobId, draw_id: DrawId
) -> DrawnFaces:
    """Tell which faces were drawn, in their order, and how many votes each has."""
    job = find_job(session, caller.tenant, job_id)
    draws = DrawRepository(session)
    found = draws.of_job(job.id, draw_id)
    if not found:
        raise not_found(IdKind.DRAW)
    return _drawn(found[0], draws.faces(job.id, draw_id))


def _head(draw: Draw) -> dict[str, Any]:
    return {
        "draw_id": format_id(IdKind.DRAW, draw.public_id),
        "seed": draw.seed,
        "by_expression": draw.by_expression,
        "faces": draw.faces,
        "reviewed": draw.reviewed,
        "population": draw.population,
        "drawn_at": draw.drawn_at,
    }


def _drawn(draw: Draw, faces: list[FaceOfDraw]) -> DrawnFaces:
    return DrawnFaces(
        **_head(draw),
        item_id=[format_id(IdKind.ITEM, face.item) for face in faces],
        index=[face.seq for face in faces],
        face_index=[face.face_index for face in faces],
        probability=[face.probability for face in faces],
        votes=[face.votes for face in faces],
    )
