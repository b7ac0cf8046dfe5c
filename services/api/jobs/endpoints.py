"""`/v1/jobs`: submit, list, watch, cancel, retry, erase."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Header, Request, Response
from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool

from services.api.asked import asked_of
from services.api.audit.refusals import audits
from services.api.bodies import is_json
from services.api.dependencies import (
    Base,
    Eraser,
    ErasureReason,
    IdempotencyKey,
    Reader,
    State,
    Submitter,
    Transaction,
)
from services.api.docs import BODY, IDEMPOTENT, problems
from services.api.etags import matches
from services.api.ids import JobId
from services.api.jobs.openapi import SUBMISSION_BODY
from services.api.jobs.polling import etag_of, parse_wait, poll_headers, wait_until_final
from services.api.jobs.results.schemas import PhotoResult, photo_result
from services.api.jobs.schemas import JobObject, job_object, job_path
from services.api.jobs.submission.intake import announce, take_in
from services.api.jobs.submission.json_body import take_json
from services.api.limits.enforcement import holding
from services.api.problems import ProblemCode
from services.api.state import ApiState
from services.common.audit.actions import Action
from services.common.audit.service import record
from services.common.db.session import unit_of_work
from services.common.domain.ids import IdKind, format_id
from services.common.jobs.lifecycle import cancel, erase, retry
from services.common.jobs.repositories.erasures import ErasureRequest
from services.common.jobs.repositories.results import ResultRepository
from services.common.jobs.submission import INTERACTIVE_PHOTOS, Submitted
from services.common.jobs.views import JobView, find_job, view_job

router = APIRouter(prefix="/v1/jobs", tags=["jobs"])


class FinishedJob(JobObject):
    """A job that was finished within the time that the client wanted to wait."""

    results: list[PhotoResult]


@router.post(
    "",
    status_code=202,
    response_model=JobObject,
    summary="Submit photos as one job",
    openapi_extra=SUBMISSION_BODY,
    responses={
        200: {"model": FinishedJob, "description": "Finished within `Prefer: wait=n`"},
        **problems(
            *BODY,
            *IDEMPOTENT,
            ProblemCode.NOT_FOUND,
            ProblemCode.UPLOAD_SEALED,
            ProblemCode.ARCHIVE_REFUSED,
            ProblemCode.UNSAFE_URL,
            ProblemCode.DETECTOR_UNAVAILABLE,
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
    prefer: Annotated[
        str | None,
        Header(
            description="`wait=n`, n up to 30: hold the answer of a job of <= 8 photos; ignored"
            " without the scope `jobs:read` and the output `full`"
        ),
    ] = None,
) -> Response:
    """Take 1 to 2,000 photos, or an upload of up to 100,000, and analyse them in the background.

    Photos come as files, in zip or tar archives, or by URL. One that is empty, too large,
    unreadable or not to be had becomes a failed item; the others are not harmed. Results tell
    the apparent expression, not inner feeling.
    """
    take = take_json if is_json(request) else take_in
    async with holding(state, caller, "open_uploads"):
        submitted = await take(request, state, caller=caller, idempotency_key=key)
    asked_of(request.scope).job = format_id(IdKind.JOB, submitted.job.public_id)
    wait = parse_wait(prefer) if caller.sees_results else None
    if wait is None or (submitted.job.total or 0) > INTERACTIVE_PHOTOS:
        return await run_in_threadpool(_accepted, state, submitted, base=base)
    view = await wait_until_final(
        request, state, caller=caller, job=submitted.job.public_id, seconds=wait
    )
    if not view.status.final:
        return await run_in_threadpool(_accepted, state, submitted, base=base)
    body = await run_in_threadpool(_finished, state, view, base=base)
    headers = {"Preference-Applied": f"wait={wait}", **_submission_headers(submitted, base=base)}
    return _json(body, status=200, headers=headers)


@router.get(
    "/{job_id}",
    response_model=JobObject,
    summary="Watch a job",
    responses={
        304: {"description": "Not changed since `If-None-Match`"},
        **problems(ProblemCode.NOT_FOUND, ProblemCode.GONE),
    },
)
def get_job(
    base: Base,
    session: Transaction,
    caller: Reader,
    job_id: JobId,
    if_none_match: Annotated[str | None, Header()] = None,
) -> Response:
    """Tell how far a job is. `Retry-After` says when to look again, until it is final."""
    view = view_job(session, caller.tenant, job_id)
    etag = etag_of(view)
    headers = {"ETag": etag, "Cache-Control": "private, no-cache", **poll_headers(view)}
    if matches(if_none_match, etag):
        return Response(status_code=304, headers=headers)
    return _json(job_object(view, base=base), status=200, headers=headers)


@router.post(
    "/{job_id}/cancel",
    status_code=202,
    response_model=JobObject,
    summary="Cancel a job",
    responses={
        200: {"model": JobObject, "description": "It is cancelled already"},
        **problems(ProblemCode.NOT_FOUND, ProblemCode.JOB_FINAL, ProblemCode.GONE),
    },
)
@audits(Action.JOB_CANCELLED)
def cancel_job(
    state: State, base: Base, session: Transaction, caller: Submitter, job_id: JobId
) -> Response:
    """Stop a job. Photos already analysed keep their results; asking twice is fine."""
    cancel(session, caller.tenant, job_id)
    record(session, caller, Action.JOB_CANCELLED, format_id(IdKind.JOB, job_id))
    state.metrics.jobs.labels("cancelled").inc()
    view = view_job(session, caller.tenant, job_id)
    return _json(
        job_object(view, base=base),
        status=200 if view.status.final else 202,
        headers=poll_headers(view),
    )


@router.post(
    "/{job_id}/retry",
    status_code=202,
    response_model=JobObject,
    summary="Retry the failed photos of a job",
    responses={
        **problems(
            *IDEMPOTENT,
            ProblemCode.DETECTOR_UNAVAILABLE,
            ProblemCode.NOT_FOUND,
            ProblemCode.JOB_NOT_FINISHED,
            ProblemCode.NOTHING_TO_RETRY,
            ProblemCode.GONE,
        )
    },
)
@audits(Action.JOB_RETRIED)
def retry_job(
    state: State, base: Base, caller: Submitter, job_id: JobId, key: IdempotencyKey
) -> Response:
    """Make a new job of the photos that failed, with the same settings, labels and reference.

    Photos that were never stored (empty, too large) are left out.
    """
    with unit_of_work(state.sessions) as session:
        submitted = retry(
            session,
            caller.tenant,
            job_id,
            idempotency_key=key,
            rules=state.rules,
            key_id=caller.key_row,
        )
        if not submitted.replayed:
            record(session, caller, Action.JOB_RETRIED, format_id(IdKind.JOB, job_id))
    state.metrics.jobs.labels("retried").inc()
    announce(state, submitted)
    return _accepted(state, submitted, base=base)


@router.delete(
    "/{job_id}",
    status_code=204,
    summary="Erase a job",
    responses={**problems(ProblemCode.NOT_FOUND)},
)
@audits(Action.JOB_ERASED)
def delete_job(
    state: State,
    session: Transaction,
    caller: Eraser,
    job_id: JobId,
    reason: ErasureReason = None,
) -> None:
    """Erase a job's results, photos and annotated photos; a running job is stopped.

    From then on the job answers 410. The bytes of its photos leave the bucket within an hour or
    so; photos that another job of yours holds as well stay. `/v1/erasures` has the receipt.
    """
    asked = ErasureRequest(caller.key_id, caller.key_name, reason)
    if erase(session, caller.tenant, job_id, urls_hold=state.urls_hold, asked=asked):
        record(session, caller, Action.JOB_ERASED, format_id(IdKind.JOB, job_id))
        state.metrics.jobs.labels("erased").inc()


def _accepted(state: ApiState, submitted: Submitted, *, base: str) -> Response:
    with unit_of_work(state.sessions) as session:
        view = view_job(session, submitted.job.tenant, submitted.job.public_id)
    headers = {**poll_headers(view), **_submission_headers(submitted, base=base)}
    return _json(job_object(view, base=base), status=202, headers=headers)


def _submission_headers(submitted: Submitted, *, base: str) -> dict[str, str]:
    location = base + job_path(format_id(IdKind.JOB, submitted.job.public_id))
    replayed = {"Idempotency-Replayed": "true"} if submitted.replayed else {}
    passed_over = {"HFER-Passed-Over": str(submitted.passed_over)} if submitted.passed_over else {}
    return {"Location": location, **replayed, **passed_over}


def _finished(state: ApiState, view: JobView, *, base: str) -> FinishedJob:
    with unit_of_work(state.sessions) as session:
        job = find_job(session, view.job.tenant, view.job.public_id)
        records = ResultRepository(session).page(job.id, after_seq=-1, limit=INTERACTIVE_PHOTOS)
    results = [photo_result(record, top_n=job.options["top_n"]) for record in records]
    body = job_object(view, base=base)
    return FinishedJob(**dict(body), results=results)


def _json(body: BaseModel, *, status: int, headers: Mapping[str, Any]) -> Response:
    return Response(
        body.model_dump_json(),
        status_code=status,
        media_type="application/json",
        headers=dict(headers),
    )
