"""What the events of a job look like."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from pydantic import BaseModel, ConfigDict, Field

from services.api.jobs.examples import JOB_EXAMPLE
from services.api.jobs.results.schemas import PhotoResult
from services.api.jobs.schemas import Counts, JobObject, job_object
from services.common.jobs.views import JobView


class EventKind(StrEnum):
    """Names of events, as the field ``event`` of the stream has them."""

    JOB_PROGRESS = "job.progress"
    ITEM_FINISHED = "item.finished"
    JOB_FINISHED = "job.finished"


class JobProgress(BaseModel):
    """How far the job is: the data of `job.progress`."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                name: JOB_EXAMPLE[name]
                for name in ("id", "status", "counts", "progress", "eta_seconds")
            }
        }
    )

    id: str
    status: str = Field(description="as `GET /v1/jobs/{job_id}` tells it")
    counts: Counts
    progress: float = Field(ge=0, le=1, description="share of the photos that are final")
    eta_seconds: float | None = Field(description="at the pace so far; null while unknown")


EVENT_DATA: Mapping[EventKind, type[BaseModel]] = MappingProxyType(
    {
        EventKind.JOB_PROGRESS: JobProgress,
        EventKind.ITEM_FINISHED: PhotoResult,
        EventKind.JOB_FINISHED: JobObject,
    }
)


def job_progress(view: JobView) -> JobProgress:
    """Turn a view into what listeners see of it."""
    return JobProgress.model_validate(job_object(view), from_attributes=True)
