"""`POST /v1/jobs` and `/v1/jobs/urls`: photos in, a job out."""

from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Header, HTTPException, Request, Response
from pydantic import Field
from starlette.concurrency import run_in_threadpool

from services.api.asked import asked_of
from services.api.audit.refusals import audits
from services.api.bodies import is_json, json_response
from services.api.dependencies import Base, IdempotencyKey, State, Submitter
from services.api.docs import BODY, IDEMPOTENT, carrying, json_body, problems
from services.api.jobs.openapi import SUBMISSION_BODY
from services.api.jobs.polling import parse_wait, poll_headers, wait_until_final
from services.api.jobs.results.schemas import NO_VOTES, PhotoResult, photo_result
from services.api.jobs.schemas import JobObject, job_object, job_path
from services.api.jobs.submission.intake import take_in
from services.api.jobs.submission.json_body import UrlJob, take_json, take_urls
from services.api.limits.enforcement import holding
from services.api.problems import ProblemCode
from services.api.state import ApiState
from services.common.audit.actions import Action
from services.common.db.session import unit_of_work
from services.common.domain.ids import IdKind, format_id
from services.common.jobs.repositories.results import ResultRepository
from services.common.jobs.submission import INTERACTIVE_PHOTOS, Submitted
from services.common.jobs.views import JobView, find_job, view_job
from services.common.keys.service import Principal
from services.common.reviews.vote_repository import VoteRepository

router = APIRouter(prefix="/v1/jobs", tags=["jobs"])

Prefer = Annotated[
    str | None,
    Header(
        description="`wait=n`, n up to 30: hold the answer of a job of <= 8 photos; ignored"
        " without the scope `jobs:read` and the output `full`"
    ),
]


class SubmittedJob(JobObject):
    """A job that was just submitted, or was before under the same `Idempotency-Key`."""

    results: list[PhotoResult] | None = Field(
        default=None,
        description="there where the job was finished within the time of `Prefer: wait`",
    )


_SAID = carrying("Location", "Idempotency-Replayed")
_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {"model": SubmittedJob, "description": "Finished within `Prefer: wait=n`", **_SAID},
    202: _SAID,
}
_SAID_OF_FILES = carrying("Location", "Idempotency-Replayed", "HFER-Passed-Over")


@router.post(
    "",
    status_code=202,
    response_model=SubmittedJob,
    summary="Submit photos as one job",
    openapi_extra=SUBMISSION_BODY,
    responses={
        **{status: {**answer, **_SAID_OF_FILES} for status, answer in _ANSWERS.items()},
        **problems(
            *BODY,
            *IDEMPOTENT,
            ProblemCode.NOT_FOUND,
            ProblemCode.UPLOAD_SEALED,
            ProblemCode.ARCHIVE_REFUSED,
            ProblemCode.UNSAFE_URL,
            ProblemCode.DETECTOR_UNAVAILABLE,
            ProblemCode.MODEL_UNAVAILABLE,
            ProblemCode.GONE,
        ),
    },
)
@audits(Action.JOB_SUBMITTED)
async def submit_job(
    *,
    request: Request,
    state: State,
    base: Base,
    caller: Submitter,
    key: IdempotencyKey,
    prefer: Prefer = None,
) -> Response:
    """Take 1 to 2,000 photos and analyse them in the background.

    Photos come as files or in zip or tar archives. One that is empty, too large or unreadable
    becomes a failed item; the others are not harmed. Results tell the apparent expression, not
    inner feeling. The JSON bodies that this path took before are still taken: that of
    `/v1/jobs/urls`, and `upload_id` with `config` to seal an upload.
    """
    take = take_json if is_json(request) else take_in
    async with holding(state, caller, "open_uploads"):
        submitted = await take(request, state, caller=caller, idempotency_key=key)
    return await _answer(request, state, submitted, caller=caller, base=base, prefer=prefer)


@router.post(
    "/urls",
    status_code=202,
    response_model=SubmittedJob,
    summary="Submit photos by URL as one job",
    openapi_extra=json_body(UrlJob),
    responses={
        **_ANSWERS,
        **problems(
            *BODY,
            *IDEMPOTENT,
            ProblemCode.UNSAFE_URL,
            ProblemCode.DETECTOR_UNAVAILABLE,
            ProblemCode.MODEL_UNAVAILABLE,
            ProblemCode.GONE,
        ),
    },
)
@audits(Action.JOB_SUBMITTED)
async def submit_urls(
    *,
    request: Request,
    state: State,
    base: Base,
    caller: Submitter,
    key: IdempotencyKey,
    prefer: Prefer = None,
) -> Response:
    """Take up to 5,000 photos by URL, which the service fetches, and analyse them.

    One that is not to be had becomes a failed item.
    """
    async with holding(state, caller, "open_uploads"):
        submitted = await take_urls(request, state, caller=caller, idempotency_key=key)
    return await _answer(request, state, submitted, caller=caller, base=base, prefer=prefer)


@router.api_route("/urls", methods=["GET", "DELETE"], include_in_schema=False)
async def refuse_other_methods_of_urls() -> None:
    """Say that the method is wrong: read as a job's id, the path would be a 404."""
    raise HTTPException(HTTPStatus.METHOD_NOT_ALLOWED)


def accepted(state: ApiState, submitted: Submitted, *, base: str) -> Response:
    """Answer 202 with the job and where it is."""
    with unit_of_work(state.sessions) as session:
        view = view_job(session, submitted.job.tenant, submitted.job.public_id)
    headers = {**poll_headers(view), **_headers(submitted, base=base)}
    return json_response(job_object(view, base=base), status=202, headers=headers)


async def _answer(
    request: Request,
    state: ApiState,
    submitted: Submitted,
    *,
    caller: Principal,
    base: str,
    prefer: str | None,
) -> Response:
    """Answer with the job, held back until it is finished where the caller prefers that."""
    asked_of(request.scope).job = format_id(IdKind.JOB, submitted.job.public_id)
    wait = parse_wait(prefer) if caller.sees_results else None
    if wait is None or (submitted.job.total or 0) > INTERACTIVE_PHOTOS:
        return await run_in_threadpool(accepted, state, submitted, base=base)
    view = await wait_until_final(
        request, state, caller=caller, job=submitted.job.public_id, seconds=wait
    )
    if not view.status.final:
        return await run_in_threadpool(accepted, state, submitted, base=base)
    body = await run_in_threadpool(_finished, state, view, base=base)
    headers = {"Preference-Applied": f"wait={wait}", **_headers(submitted, base=base)}
    return json_response(body, status=200, headers=headers)


def _headers(submitted: Submitted, *, base: str) -> dict[str, str]:
    location = base + job_path(format_id(IdKind.JOB, submitted.job.public_id))
    replayed = {"Idempotency-Replayed": "true"} if submitted.replayed else {}
    passed_over = {"HFER-Passed-Over": str(submitted.passed_over)} if submitted.passed_over else {}
    return {"Location": location, **replayed, **passed_over}


def _finished(state: ApiState, view: JobView, *, base: str) -> SubmittedJob:
    with unit_of_work(state.sessions) as session:
        job = find_job(session, view.job.tenant, view.job.public_id)
        records = ResultRepository(session).page(job.id, after_seq=-1, limit=INTERACTIVE_PHOTOS)
        # A repeated request may come to a job that people have reviewed meanwhile.
        said = VoteRepository(session).on_photos([record.public_id for record in records])
    results = [
        photo_result(record, top_n=job.options["top_n"], votes=said.get(record.public_id, NO_VOTES))
        for record in records
    ]
    body = job_object(view, base=base)
    return SubmittedJob(**dict(body), results=results)
