"""`GET /v1/jobs`: list jobs, by filters and labels."""

import uuid
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request

from services.api.dependencies import Base, Reader, Transaction, tenant_asked_for
from services.api.docs import problems
from services.api.errors import invalid_field
from services.api.jobs.schemas import JobObject, job_object
from services.api.pagination import (
    Cursor,
    Page,
    Paging,
    decode_page_key,
    encode_page_key,
)
from services.api.query import takes_family
from services.api.schemas import PLAIN_TEXT, GivenTime
from services.common.domain.ids import IdKind, parse_id
from services.common.domain.jobs import JobStatus
from services.common.jobs.repositories.jobs import SEARCHED, JobFilter, PageKey
from services.common.jobs.views import JobView, list_jobs

router = APIRouter(prefix="/v1/jobs", tags=["jobs"])
_LABEL_PREFIX = "label."


@router.get("", summary="List jobs, newest first", responses={**problems()})
@takes_family(_LABEL_PREFIX)
def get_jobs(
    *,
    request: Request,
    base: Base,
    session: Transaction,
    caller: Reader,
    status: Annotated[
        Literal["queued", "running", "cancelling", "succeeded", "failed", "cancelled", "expired"]
        | None,
        Query(),
    ] = None,
    client_ref: Annotated[str | None, Query(max_length=255, pattern=PLAIN_TEXT)] = None,
    tenant: Annotated[
        str | None,
        Query(
            max_length=100,
            pattern=PLAIN_TEXT,
            description="whose jobs, yours when left out; those of others, and of all by `*`,"
            " with the scope admin",
        ),
    ] = None,
    parent_job_id: Annotated[
        str | None,
        Query(pattern=r"^job_[0-9a-f]{32}$", description="only retries and reruns of this job"),
    ] = None,
    q: Annotated[
        str | None,
        Query(
            min_length=1,
            max_length=255,
            pattern=PLAIN_TEXT,
            description="what a label's value or the `client_ref` contains, whatever the case,"
            f" among the newest {SEARCHED:,} jobs that fit otherwise",
        ),
    ] = None,
    created_after: Annotated[GivenTime | None, Query(description="RFC 3339")] = None,
    created_before: Annotated[GivenTime | None, Query(description="RFC 3339")] = None,
    paging: Paging,
    cursor: Cursor = None,
) -> Page[JobObject]:
    """Page through your jobs. A parameter `label.<name>=<value>` narrows to jobs so labelled."""
    narrow = JobFilter(
        status=None if status is None else JobStatus(status),
        client_ref=client_ref,
        labels=_label_filter(request),
        created_after=created_after,
        created_before=created_before,
        parent=None if parent_job_id is None else _parent(parent_job_id),
        text=q,
    )
    after = decode_page_key(cursor)
    wanted = tenant_asked_for(caller, tenant)
    views = list_jobs(session, wanted, narrow=narrow, after=after, limit=paging.fetch)
    return paging.page(
        views,
        show=lambda view: job_object(view, base=base),
        cursor_of=_cursor_of,
    )


def _parent(text: str) -> uuid.UUID:
    parent = parse_id(IdKind.JOB, text)
    if parent is None:
        raise invalid_field("#/query/parent_job_id", "Give the id of a job.")
    return parent


def _label_filter(request: Request) -> dict[str, str]:
    labels = {
        name.removeprefix(_LABEL_PREFIX): value
        for name, value in request.query_params.items()
        if name.startswith(_LABEL_PREFIX)
    }
    for name, value in labels.items():
        if not (name + value).isprintable():
            raise invalid_field(f"#/query/{_LABEL_PREFIX}{name}", "Use printable characters.")
    return labels


def _cursor_of(view: JobView) -> str:
    return encode_page_key(PageKey(view.job.created_at, view.job.public_id))
