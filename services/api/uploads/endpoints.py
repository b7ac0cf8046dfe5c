"""`/v1/uploads`: photos of a large job, put into the bucket by the client itself."""

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool

from services.api.asked import asked_of
from services.api.audit.refusals import audits
from services.api.bodies import JSON, read_model
from services.api.dependencies import (
    Base,
    ErasureReason,
    IdempotencyKey,
    Reader,
    State,
    Submitter,
    Transaction,
    check_live,
)
from services.api.docs import BODY, IDEMPOTENT, carrying, json_body, problems
from services.api.ids import UploadId
from services.api.jobs.schemas import JobObject
from services.api.jobs.submission.endpoints import accepted
from services.api.jobs.submission.json_body import seal_as_job
from services.api.limits.enforcement import holding
from services.api.problems import ProblemCode
from services.api.uploads.schemas import (
    MAX_BODY_BYTES,
    DeclaredFiles,
    MoreFiles,
    NewUpload,
    UploadObject,
    UploadSeal,
    upload_fields,
)
from services.api.uploads.urls import answer_with_urls
from services.common.audit.actions import Action
from services.common.audit.service import record
from services.common.db.session import unit_of_work
from services.common.domain.ids import IdKind, format_id
from services.common.jobs.repositories.erasures import ErasureRequest
from services.common.jobs.uploads import declare, discard, find_upload, start_upload

router = APIRouter(prefix="/v1/uploads", tags=["uploads"])


@router.post(
    "",
    status_code=201,
    response_model=DeclaredFiles,
    summary="Begin an upload",
    openapi_extra=json_body(NewUpload),
    responses={
        201: carrying("Location", "Idempotency-Replayed"),
        **problems(
            *BODY,
            *IDEMPOTENT,
            ProblemCode.GONE,
        ),
    },
)
@audits(Action.UPLOAD_BEGUN)
async def begin_upload(
    request: Request, state: State, base: Base, caller: Submitter, key: IdempotencyKey
) -> Response:
    """Declare the first files of a job of up to 100,000 photos and get a URL to put each at.

    Nothing is analysed before the upload is sealed. The same request under the same
    `Idempotency-Key` gives the same upload, with URLs for what is still missing.
    """
    async with holding(state, caller, "open_uploads"):
        body = await read_model(request, NewUpload, limit=MAX_BODY_BYTES, stall_s=state.stall_s)

    def begin() -> Response:
        files = [file.to_domain() for file in body.files]
        with unit_of_work(state.sessions) as session:
            check_live(session, caller)
            declaration = start_upload(
                session,
                caller.tenant,
                files,
                idempotency_key=key,
                rules=state.rules,
                key_id=caller.key_row,
            )
            if not declaration.replayed:
                upload_id = format_id(IdKind.UPLOAD, declaration.job.public_id)
                record(session, caller, Action.UPLOAD_BEGUN, upload_id)
        answer = answer_with_urls(state, declaration, base=base)
        replayed = {"Idempotency-Replayed": "true"} if declaration.replayed else {}
        headers = {"Location": f"{base}/v1/uploads/{answer.id}", **replayed}
        return Response(answer.model_dump_json(), status_code=201, media_type=JSON, headers=headers)

    return await run_in_threadpool(begin)


@router.post(
    "/{upload_id}/files",
    response_model=DeclaredFiles,
    summary="Add files to an upload, or get fresh URLs",
    openapi_extra=json_body(MoreFiles),
    responses={
        **problems(
            *BODY,
            ProblemCode.NOT_FOUND,
            ProblemCode.UPLOAD_MISMATCH,
            ProblemCode.UPLOAD_SEALED,
            ProblemCode.GONE,
        )
    },
)
async def add_files(
    request: Request, state: State, base: Base, caller: Submitter, upload_id: UploadId
) -> Response:
    """Declare the files that follow those declared so far.

    Sent again, it changes nothing: it answers with fresh URLs for the files that are not in
    the bucket yet. So an interrupted client goes through its files once more and puts the rest.
    """
    async with holding(state, caller, "open_uploads"):
        body = await read_model(request, MoreFiles, limit=MAX_BODY_BYTES, stall_s=state.stall_s)

    def add() -> Response:
        files = [file.to_domain() for file in body.files]
        with unit_of_work(state.sessions) as session:
            check_live(session, caller)
            declaration = declare(
                session, caller.tenant, upload_id, files, start=body.start, rules=state.rules
            )
        answer = answer_with_urls(state, declaration, base=base)
        return Response(answer.model_dump_json(), media_type=JSON)

    return await run_in_threadpool(add)


@router.post(
    "/{upload_id}/seal",
    status_code=202,
    response_model=JobObject,
    summary="Seal an upload as one job",
    openapi_extra=json_body(UploadSeal),
    responses={
        202: carrying("Location", "Idempotency-Replayed"),
        **problems(
            *BODY,
            *IDEMPOTENT,
            ProblemCode.NOT_FOUND,
            ProblemCode.UPLOAD_SEALED,
            ProblemCode.DETECTOR_UNAVAILABLE,
            ProblemCode.MODEL_UNAVAILABLE,
            ProblemCode.GONE,
        ),
    },
)
@audits(Action.JOB_SUBMITTED)
async def seal_upload(
    *,
    request: Request,
    state: State,
    base: Base,
    caller: Submitter,
    upload_id: UploadId,
    key: IdempotencyKey,
) -> Response:
    """Close an upload and analyse its photos; a second time it is the same job.

    Photos that were declared and never put become failed items.
    """
    async with holding(state, caller, "open_uploads"):
        body = await read_model(request, UploadSeal, limit=MAX_BODY_BYTES, stall_s=state.stall_s)

    def make_job() -> Response:
        submitted = seal_as_job(state, upload_id, body.config, caller=caller, key=key)
        asked_of(request.scope).job = format_id(IdKind.JOB, submitted.job.public_id)
        return accepted(state, submitted, base=base)

    return await run_in_threadpool(make_job)


@router.get(
    "/{upload_id}",
    summary="Look at an upload",
    responses={**problems(ProblemCode.NOT_FOUND, ProblemCode.GONE)},
)
def get_upload(
    base: Base, session: Transaction, caller: Reader, upload_id: UploadId
) -> UploadObject:
    """Tell how many files were declared, and which job they are when sealed."""
    job = find_upload(session, caller.tenant, upload_id)
    return UploadObject.model_validate(upload_fields(job, base=base))


@router.delete(
    "/{upload_id}",
    status_code=204,
    summary="Give an upload up",
    responses={**problems(ProblemCode.NOT_FOUND, ProblemCode.UPLOAD_SEALED)},
)
@audits(Action.UPLOAD_ERASED)
def delete_upload(
    state: State,
    session: Transaction,
    caller: Submitter,
    upload_id: UploadId,
    reason: ErasureReason = None,
) -> None:
    """Erase an upload that is not sealed, with the files that were put.

    One that is left alone is erased at its `expires_at`. The receipt is that of the job which it
    would have become: its id with the head `job_`.
    """
    asked = ErasureRequest(caller.key_id, caller.key_name, reason)
    if discard(session, caller.tenant, upload_id, urls_hold=state.urls_hold, asked=asked):
        record(session, caller, Action.UPLOAD_ERASED, format_id(IdKind.UPLOAD, upload_id))
