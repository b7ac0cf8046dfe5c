"""`/v1/jobs/{job_id}/items` and `/results`: what came of each photo."""

import uuid
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Header, Query, Request, Response
from fastapi.responses import StreamingResponse
from sqlalchemy.orm import Session

from services.api.asked import asked_of
from services.api.audit.refusals import audits
from services.api.dependencies import FaceReader, State, Transaction
from services.api.docs import problems
from services.api.downloads import while_live
from services.api.errors import ApiError
from services.api.gzipped import packed
from services.api.ids import ItemId, JobId, not_found
from services.api.jobs.openapi import CSV_EXAMPLE, JSONL_EXAMPLE
from services.api.jobs.results.formats import (
    CsvDialect,
    ResultFormat,
    negotiate,
    read_batches,
    write_results,
)
from services.api.jobs.results.narrowing import Narrowing
from services.api.jobs.results.schemas import NO_VOTES, PhotoResult, photo_result
from services.api.jobs.schemas import job_object
from services.api.pagination import (
    MAX_LIMIT,
    Cursor,
    Page,
    Paging,
    decode_place,
    encode_place,
)
from services.api.problems import ProblemCode
from services.api.schemas import PhotoIndex
from services.common.audit.actions import Action
from services.common.audit.service import record
from services.common.db.tables import Job
from services.common.domain.errors import JobError, JobErrorCode
from services.common.domain.ids import IdKind, format_id
from services.common.jobs.repositories.results import PhotoRecord, ResultRepository, is_full
from services.common.jobs.views import find_job, view_job
from services.common.reviews.vote_repository import VoteRepository

# Results of fewer photos are some 75 kB: not worth the packing.
_LARGE_PHOTOS = 50

Blind = Annotated[
    bool,
    Query(
        description="for reviewers who are not to see it: faces without what the model and others"
        " say. `emotions` and `top` are empty, `margin` 0, `uncertain` false, `reviewed` null"
    ),
]

router = APIRouter(prefix="/v1/jobs/{job_id}", tags=["results"])


@router.get(
    "/items",
    summary="List the photos of a job",
    responses={**problems(ProblemCode.NOT_FOUND, ProblemCode.GONE)},
)
def get_items(
    *,
    session: Transaction,
    caller: FaceReader,
    job_id: JobId,
    narrow: Narrowing,
    index: Annotated[
        list[PhotoIndex] | None,
        Query(max_length=MAX_LIMIT, description="only these photos, in this order"),
    ] = None,
    blind: Blind = False,
    paging: Paging,
    cursor: Cursor = None,
) -> Page[PhotoResult]:
    """Page through the photos in the order sent, finished or not; `status=failed` narrows.

    A page of photos with very many faces holds fewer photos than `limit`; `has_more` tells.
    What is asked of a face lists the photos with one face that fits all of it. `index=3&index=9`
    lists up to 200 photos by their numbers, as `/order` gives them, on one page.
    """
    after = decode_place(cursor)
    job = find_job(session, caller.tenant, job_id)
    results = ResultRepository(session)
    if index is not None:
        left = _following(list(dict.fromkeys(index)), after)
        paging = replace(paging, limit=MAX_LIMIT)
        records = results.at(job.id, left, wanted=narrow)
    else:
        records = results.page(
            job.id,
            after_seq=-1 if after is None else after,
            limit=paging.fetch,
            wanted=narrow,
        )
    return paging.page(
        records,
        show=_showing(session, job, records, blind=blind),
        cursor_of=lambda record: encode_place(record.seq),
        more=is_full(records),
    )


@router.get(
    "/items/{item_id}",
    summary="Get one photo",
    responses={**problems(ProblemCode.NOT_FOUND, ProblemCode.GONE)},
)
def get_item(
    session: Transaction, caller: FaceReader, job_id: JobId, item_id: ItemId, blind: Blind = False
) -> PhotoResult:
    """Tell what came of one photo."""
    job = find_job(session, caller.tenant, job_id)
    record = ResultRepository(session).get(job.id, item_id)
    if record is None:
        raise not_found(IdKind.ITEM)
    return _showing(session, job, [record], blind=blind)(record)


@router.get(
    "/results",
    summary="Stream the results of a job",
    response_class=StreamingResponse,
    responses={
        200: {
            "description": "The results in the order sent",
            "content": {
                "application/json": {"schema": {"$ref": "#/components/schemas/Results"}},
                "application/x-ndjson": {
                    "schema": {"type": "string", "description": "one PhotoResult per line"},
                    "example": JSONL_EXAMPLE,
                },
                "text/csv": {
                    "schema": {"type": "string", "description": "one row per face"},
                    "example": CSV_EXAMPLE,
                },
            },
        },
        **problems(
            ProblemCode.NOT_FOUND,
            ProblemCode.NOT_ACCEPTABLE,
            ProblemCode.JOB_NOT_FINISHED,
            ProblemCode.GONE,
        ),
    },
)
@audits(Action.RESULTS_DOWNLOADED)
def get_results(
    *,
    request: Request,
    state: State,
    session: Transaction,
    caller: FaceReader,
    job_id: JobId,
    fmt: Annotated[
        ResultFormat | None, Query(alias="format", description="stronger than `Accept`")
    ] = None,
    partial: Annotated[
        bool, Query(description="before the job is final: the photos that are")
    ] = False,
    narrow: Narrowing,
    bom: Annotated[
        bool, Query(description="begin CSV with a byte order mark, by which Excel knows UTF-8")
    ] = False,
    dialect: Annotated[
        CsvDialect | None, Query(description="of CSV: `excel` has the byte order mark")
    ] = None,
    accept: Annotated[str | None, Header(include_in_schema=False)] = None,
    accept_encoding: Annotated[str | None, Header(include_in_schema=False)] = None,
) -> Response:
    """Stream every photo's result, or those of some photos, as JSON, JSON Lines or CSV.

    Filters narrow as they do in `/items`. Results tell the apparent expression, not inner feeling.
    """
    chosen = fmt or negotiate(accept)
    if chosen is None:
        offered = ", ".join(known.media_type for known in ResultFormat)
        raise ApiError(ProblemCode.NOT_ACCEPTABLE, f"Results are offered as {offered}.")
    view = view_job(session, caller.tenant, job_id)
    if not (view.status.final or partial):
        raise JobError(
            JobErrorCode.JOB_NOT_FINISHED,
            f"The job is {view.status}; ask again later or add partial=true.",
        )
    if not asked_of(request.scope).head:
        record(session, caller, Action.RESULTS_DOWNLOADED, format_id(IdKind.JOB, job_id))
    body = write_results(
        chosen,
        job_object(view),
        read_batches(state.sessions, view, faces=state.limits.faces_per_photo, narrow=narrow),
        bom=bom or dialect is CsvDialect.EXCEL,
    )
    headers = _headers(chosen, job_id)
    if view.counts.total >= _LARGE_PHOTOS:
        body, encoding = packed(body, accept_encoding)
        headers |= encoding
    return StreamingResponse(
        while_live(state, caller, body), media_type=chosen.media_type, headers=headers
    )


def _showing(
    session: Session, job: Job, records: Sequence[PhotoRecord], *, blind: bool
) -> Callable[[PhotoRecord], PhotoResult]:
    """Return what makes the public form of these photos, with what people say of their faces."""
    photos = [] if blind else [record.public_id for record in records]
    said = VoteRepository(session).on_photos(photos)
    return lambda record: photo_result(
        record,
        top_n=job.options["top_n"],
        kept=job.inputs_erased_at is None,
        votes=said.get(record.public_id, NO_VOTES),
        blind=blind,
    )


def _following(index: list[int], after: int | None) -> list[int]:
    """Return what follows the photo that a page of these ended with."""
    return index[index.index(after) + 1 :] if after in index else index


def _headers(fmt: ResultFormat, job_id: uuid.UUID) -> dict[str, str]:
    headers = {"Vary": "Accept, Accept-Encoding"}
    if fmt is not ResultFormat.JSON:
        headers["Content-Disposition"] = f'attachment; filename="hfer-{job_id.hex}.{fmt}"'
    return headers
