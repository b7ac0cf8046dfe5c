"""`POST /v1/jobs/{job_id}/rerun`: the photos of a job once more, with another model or options."""

from typing import Annotated, Any

from fastapi import APIRouter, Body, Response
from pydantic import ConfigDict, Field

from services.api.audit.refusals import audits
from services.api.dependencies import Base, IdempotencyKey, State, Submitter
from services.api.docs import IDEMPOTENT, problems
from services.api.ids import JobId
from services.api.jobs.schemas import JobObject, check_kept
from services.api.jobs.submission.endpoints import accepted
from services.api.jobs.submission.intake import announce
from services.api.problems import ProblemCode
from services.api.schemas import WHOLE, Input, ShortText
from services.common.audit.actions import Action
from services.common.audit.service import record
from services.common.db.session import unit_of_work
from services.common.domain.faces import DetectorName, FaceSearch
from services.common.domain.ids import IdKind, format_id
from services.common.jobs.lifecycle import Rerun, rerun

router = APIRouter(prefix="/v1/jobs", tags=["jobs"])


class RerunOptions(Input):
    """Options that are others than the job's; null leaves one as it is."""

    # Bounds of what may be null stand at the number: elsewhere the document has no `minimum`.
    top_n: Annotated[int, Field(ge=1, le=7), WHOLE] | None = None
    min_face_px: Annotated[int, Field(ge=20, le=2000), WHOLE] | None = None
    detection_threshold: float | None = Field(default=None, ge=0.5, le=1.0)
    annotated: bool | None = None
    faces: FaceSearch | None = Field(default=None, strict=False)


class RerunInput(Input):
    """With which model, detector and options. Every field may be left out."""

    model_config = ConfigDict(
        json_schema_extra={"example": {"model": "mine-0.2.0", "options": {"top_n": 3}}}
    )

    model: ShortText | None = Field(
        default=None,
        description="id or version of a published model; null for whichever is active, also where"
        " the job asked for one",
    )
    detector: DetectorName | None = Field(
        default=None, strict=False, description="null for the job's"
    )
    options: RerunOptions = RerunOptions()
    keep_photos_s: Annotated[int, Field(ge=0), WHOLE] | None = Field(
        default=None,
        description="seconds after the end of the new job for which the photos are kept; null for"
        " the deployment's time",
    )

    def to_domain(self, *, at_most: int) -> Rerun:
        """Return it as the use case knows it.

        Raises:
            ApiError: VALIDATION, photos are kept for ``at_most`` seconds.
        """
        check_kept(self.keep_photos_s, at_most=at_most, pointer="#/keep_photos_s")
        asked: dict[str, Any] = {**dict(self.options), "detector": self.detector}
        changes = {name: value for name, value in asked.items() if value is not None}
        return Rerun(self.model, changes, self.keep_photos_s)


@router.post(
    "/{job_id}/rerun",
    status_code=202,
    response_model=JobObject,
    summary="Run a job again",
    responses={
        **problems(
            *IDEMPOTENT,
            ProblemCode.DETECTOR_UNAVAILABLE,
            ProblemCode.MODEL_UNAVAILABLE,
            ProblemCode.NOT_FOUND,
            ProblemCode.JOB_NOT_FINISHED,
            ProblemCode.GONE,
        )
    },
)
@audits(Action.JOB_RERUN)
def rerun_job(
    *,
    state: State,
    base: Base,
    caller: Submitter,
    job_id: JobId,
    key: IdempotencyKey,
    wanted: Annotated[RerunInput | None, Body()] = None,
) -> Response:
    """Make a new job of all photos of a job, while they are kept: the old one stays as it is.

    Each photo keeps its number, so that `/diff` can set both beside each other. Photos count
    towards your limits as if they were sent.
    """
    at_most = state.settings.retention.longest_inputs_s
    wish = (wanted or RerunInput()).to_domain(at_most=at_most)
    with unit_of_work(state.sessions) as session:
        submitted = rerun(
            session,
            caller.tenant,
            job_id,
            wish,
            idempotency_key=key,
            rules=state.rules,
            key_id=caller.key_row,
        )
        if not submitted.replayed:
            record(session, caller, Action.JOB_RERUN, format_id(IdKind.JOB, job_id))
    state.metrics.jobs.labels("rerun").inc()
    announce(state, submitted)
    return accepted(state, submitted, base=base)
