"""The JSON body of `POST /v1/jobs` that names an upload: it becomes a job."""

from pydantic import ConfigDict, Field
from starlette.concurrency import run_in_threadpool

from services.api.errors import ApiError
from services.api.jobs.schemas import JobConfig
from services.api.jobs.submission.intake import announce
from services.api.problems import ProblemCode
from services.api.schemas import Input
from services.api.state import ApiState
from services.common.db.session import unit_of_work
from services.common.domain.ids import IdKind, parse_id
from services.common.jobs.submission import Submitted
from services.common.jobs.uploads import Seal, seal


class UploadedJob(Input):
    """The upload to be analysed, and how."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "upload_id": "upl_01936fd2c0a27b6e8f3a5b7c9d1e2f30",
                "config": {"top_n": 3, "labels": {"album": "2026-11"}},
            }
        }
    )

    upload_id: str = Field(description="of `POST /v1/uploads`; it makes one job, once")
    config: JobConfig = JobConfig()


async def take_upload(
    state: ApiState, body: UploadedJob, *, tenant: str, idempotency_key: str | None
) -> Submitted:
    """Seal the upload that the body names, and tell the workers.

    It needs no idempotency key: an upload makes one job, however often it is sealed. A key that
    is given must not stand for another request.

    Raises:
        ApiError: NOT_FOUND.
        JobError: what `seal` raises.
    """
    return await run_in_threadpool(_seal, state, body, tenant, idempotency_key)


def _seal(state: ApiState, body: UploadedJob, tenant: str, key: str | None) -> Submitted:
    upload = parse_id(IdKind.UPLOAD, body.upload_id)
    if upload is None:
        raise ApiError(ProblemCode.NOT_FOUND, "There is no such upload.")
    config = body.config
    wanted = Seal(config.options(), dict(config.labels), config.client_ref)
    with unit_of_work(state.sessions) as session:
        submitted = seal(session, tenant, upload, wanted, idempotency_key=key, rules=state.rules)
    announce(state, submitted)
    return submitted
