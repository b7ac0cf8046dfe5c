"""`/v1/jobs/{job_id}/summary`: the faces of a job, added up by expression."""

from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from services.api.dependencies import FaceReader, Transaction
from services.api.docs import problems
from services.api.ids import JobId
from services.api.problems import ProblemCode
from services.common.domain.emotions import EMOTIONS, Emotion
from services.common.jobs.repositories.faces import FaceRepository
from services.common.jobs.views import find_job

router = APIRouter(prefix="/v1/jobs/{job_id}", tags=["results"])

SUMMARY_EXAMPLE: dict[str, Any] = {
    "faces": 3,
    "uncertain": 1,
    "expressions": {
        emotion.value: {"faces": 0, "uncertain": 0, "mean_p": None} for emotion in EMOTIONS
    }
    | {
        "happiness": {"faces": 2, "uncertain": 0, "mean_p": 0.91},
        "neutral": {"faces": 1, "uncertain": 1, "mean_p": 0.38},
    },
}


class ExpressionSummary(BaseModel):
    """Faces whose first answer is this expression."""

    faces: int
    uncertain: int = Field(description="of them, below the model's abstention threshold")
    mean_p: float | None = Field(description="mean probability of that answer; null without faces")


class JobSummary(BaseModel):
    """The faces found in a job so far: apparent expressions, not inner feelings."""

    model_config = ConfigDict(json_schema_extra={"example": SUMMARY_EXAMPLE})

    faces: int
    uncertain: int
    expressions: dict[Emotion, ExpressionSummary]


@router.get(
    "/summary",
    summary="Add up the faces of a job",
    responses={**problems(ProblemCode.NOT_FOUND, ProblemCode.GONE)},
)
def get_summary(session: Transaction, caller: FaceReader, job_id: JobId) -> JobSummary:
    """Count the faces found so far by their first answer; all seven expressions are listed."""
    job = find_job(session, caller.tenant, job_id)
    tallies = FaceRepository(session).tally(job.id)
    return JobSummary(
        faces=sum(tally.faces for tally in tallies.values()),
        uncertain=sum(tally.uncertain for tally in tallies.values()),
        expressions={
            emotion: ExpressionSummary(
                faces=tally.faces,
                uncertain=tally.uncertain,
                mean_p=None if tally.mean_p is None else round(tally.mean_p, 4),
            )
            for emotion, tally in tallies.items()
        },
    )
