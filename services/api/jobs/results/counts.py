"""`/v1/jobs/{job_id}/counts`: expressions of a job where no face may be singled out."""

from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from services.api.dependencies import Reader, Transaction
from services.api.docs import problems
from services.api.ids import JobId
from services.api.jobs.results.disclosure import disclose
from services.api.problems import ProblemCode
from services.common.domain.emotions import Emotion
from services.common.domain.errors import JobError, JobErrorCode
from services.common.domain.jobs import JobStatus
from services.common.jobs.repositories.faces import FaceRepository
from services.common.jobs.views import find_job

router = APIRouter(prefix="/v1/jobs/{job_id}", tags=["results"])

COUNTS_EXAMPLE: dict[str, Any] = {
    "faces": 212,
    "groups": [
        {"expressions": ["happiness", "surprise"], "faces": 120},
        {"expressions": ["anger", "disgust", "fear", "sadness"], "faces": 17},
        {"expressions": ["neutral"], "faces": 75},
    ],
}


class GroupCount(BaseModel):
    """Faces whose first answer is one of these expressions."""

    expressions: list[Emotion]
    faces: int = Field(ge=5)


class ExpressionCounts(BaseModel):
    """How many faces of a finished job show what: apparent expressions, not inner feelings."""

    model_config = ConfigDict(json_schema_extra={"example": COUNTS_EXAMPLE})

    faces: int | None = Field(description="null below five")
    groups: list[GroupCount] = Field(
        description="the seven expressions where none has fewer than five faces, else three groups"
        " where none of these has, else nothing"
    )


@router.get(
    "/counts",
    summary="Count the expressions of a job",
    responses={**problems(ProblemCode.NOT_FOUND, ProblemCode.JOB_NOT_FINISHED, ProblemCode.GONE)},
)
def get_counts(session: Transaction, caller: Reader, job_id: JobId) -> ExpressionCounts:
    """Count faces by their first answer, with no count below five, also not by difference.

    Only of a final job: what changes between two looks would tell of single photos. It is all that
    keys with the output `aggregate` see of faces.
    """
    job = find_job(session, caller.tenant, job_id)
    if not JobStatus(job.status).final:
        raise JobError(
            JobErrorCode.JOB_NOT_FINISHED, f"The job is {job.status}; ask again when it is over."
        )
    tallies = FaceRepository(session).tally(job.id)
    told = disclose({emotion: tally.faces for emotion, tally in tallies.items()})
    return ExpressionCounts(
        faces=told.faces,
        groups=[GroupCount(expressions=list(group), faces=count) for group, count in told.groups],
    )
