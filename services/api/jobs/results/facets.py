"""`/v1/jobs/{job_id}/facets`: how many photos and faces each filter would find."""

from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from services.api.dependencies import FaceReader, Transaction
from services.api.docs import problems
from services.api.ids import JobId
from services.api.jobs.results.narrowing import AnyWarning, Narrowing
from services.api.problems import ProblemCode
from services.common.domain.emotions import EMOTIONS, Emotion
from services.common.domain.jobs import ItemStatus
from services.common.jobs.repositories.facets import BINS, MOST_FOLDERS, FacetRepository
from services.common.jobs.repositories.items import ItemRepository
from services.common.jobs.views import find_job

router = APIRouter(prefix="/v1/jobs/{job_id}", tags=["results"])

FACETS_EXAMPLE: dict[str, Any] = {
    "photos": 2,
    "faces": 3,
    "expressions": {emotion.value: 0 for emotion in EMOTIONS} | {"happiness": 2, "neutral": 1},
    "uncertain": 1,
    "reviewed": 0,
    "warnings": {warning.value: 0 for warning in AnyWarning} | {"small_face": 1},
    "confidence": [0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 0],
    "statuses": {status.value: 0 for status in ItemStatus} | {"succeeded": 2},
    "retryable": 0,
    "folders": [{"name": "2026", "photos": 2}, {"name": "2026/may", "photos": 1}],
}


class FolderCount(BaseModel):
    """A folder, and how many photos lie in it and below."""

    name: str
    photos: int


class JobFacets(BaseModel):
    """What fits, and what each choice of a filter would find instead, the others staying.

    A facet is counted without its own filter: with `expression=anger` the other six are told too.
    """

    model_config = ConfigDict(json_schema_extra={"example": FACETS_EXAMPLE})

    photos: int = Field(description="photos that fit")
    faces: int = Field(description="faces that fit, in such photos")
    expressions: dict[Emotion, int] = Field(description="faces by first answer")
    uncertain: int = Field(description="faces whose first answer is uncertain")
    reviewed: int = Field(description="faces on which a reviewer has a vote")
    warnings: dict[AnyWarning, int] = Field(
        description="faces with `small_face` or `cut_off`; photos with each of the others"
    )
    confidence: list[int] = Field(
        min_length=BINS,
        max_length=BINS,
        description=f"faces by the probability of the first answer, in {BINS} steps from 0 to 1",
    )
    statuses: dict[ItemStatus, int] = Field(description="photos by status")
    retryable: int = Field(
        description="photos of the job, whatever the filter, that failed and that `/retry` would"
        " try again: none whose file is at fault, and none once the photos are erased"
    )
    folders: list[FolderCount] = Field(
        max_length=MOST_FOLDERS, description=f"the largest {MOST_FOLDERS}, by size"
    )


@router.get(
    "/facets",
    summary="Count what each filter would find",
    responses={**problems(ProblemCode.NOT_FOUND, ProblemCode.GONE)},
)
def get_facets(
    *, session: Transaction, caller: FaceReader, job_id: JobId, narrow: Narrowing
) -> JobFacets:
    """Count the photos and faces that fit, and those of each choice that a filter has."""
    job = find_job(session, caller.tenant, job_id)
    found = FacetRepository(session).read(job.id, narrow)
    kept = job.inputs_erased_at is None
    return JobFacets(
        photos=found.photos,
        faces=found.faces,
        expressions=found.expressions,
        uncertain=found.uncertain,
        reviewed=found.reviewed,
        warnings={AnyWarning(one): count for one, count in found.warnings.items()},
        confidence=found.confidence,
        statuses=found.statuses,
        retryable=ItemRepository(session).count_retryable(job.id) if kept else 0,
        folders=[FolderCount(name=name, photos=n) for name, n in found.folders.items()],
    )
