"""`/v1/jobs/{job_id}`: watch, cancel, retry, erase."""

from typing import Annotated

from fastapi import APIRouter, Header, Response

from services.api.audit.refusals import audits
from services.api.bodies import json_response
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
from services.api.docs import IDEMPOTENT, carrying, problems
from services.api.etags import matches
from services.api.ids import JobId
from services.api.jobs.polling import etag_of, poll_headers
from services.api.jobs.schemas import JobObject, job_object
from services.api.jobs.submission.endpoints import accepted
from services.api.jobs.submission.intake import announce
from services.api.problems import ProblemCode
from services.common.audit.actions import Action
from services.common.audit.service import record
from services.common.db.session import unit_of_work
from services.common.domain.ids import IdKind, format_id
from services.common.jobs.lifecycle import cancel, erase, retry
from services.common.jobs.repositories.erasures import ErasureRequest
from services.common.jobs.views import view_job

router = APIRouter(prefix="/v1/jobs", tags=["jobs"])


@router.get(
    "/{job_id}",
    response_model=JobObject,
    summary="Watch a job",
    responses={
        200: carrying("ETag"),
        304: {"description": "Not changed since `If-None-Match`", **carrying("ETag")},
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
    return json_response(job_object(view, base=base), status=200, headers=headers)


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
    return json_response(
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
        202: carrying("Location", "Idempotency-Replayed"),
        **problems(
            *IDEMPOTENT,
            ProblemCode.DETECTOR_UNAVAILABLE,
            ProblemCode.MODEL_UNAVAILABLE,
            ProblemCode.NOT_FOUND,
            ProblemCode.JOB_NOT_FINISHED,
            ProblemCode.NOTHING_TO_RETRY,
            ProblemCode.GONE,
        ),
    },
)
@audits(Action.JOB_RETRIED)
def retry_job(
    state: State, base: Base, caller: Submitter, job_id: JobId, key: IdempotencyKey
) -> Response:
    """Make a new job of the photos that failed, with the same settings, labels and reference.

    Those that no retry can help are left out: `error.retryable` of a photo tells. `/rerun` takes
    all photos.
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
    return accepted(state, submitted, base=base)


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
