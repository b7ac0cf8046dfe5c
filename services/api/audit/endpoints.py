"""`/v1/audit`: who did what. For operators, whose view is the deployment."""

from collections.abc import Iterator, Sequence
from typing import Annotated

from fastapi import APIRouter, Header, Query, Response
from fastapi.responses import StreamingResponse

from services.api.audit.schemas import ENTRY_EXAMPLE, AuditObject, audit_object
from services.api.csv_rows import csv_rows
from services.api.dependencies import Operator, State, Transaction
from services.api.docs import problems
from services.api.downloads import while_live
from services.api.errors import ApiError
from services.api.gzipped import packed
from services.api.jobs.results.formats import ResultFormat, negotiate
from services.api.pagination import Cursor, Page, Paging, decode_place, encode_place
from services.api.problems import ProblemCode
from services.api.schemas import GivenTime, ShortText
from services.common.audit.actions import Action
from services.common.audit.repository import AuditFilter, AuditRepository
from services.common.db.session import SessionFactory, unit_of_work

COLUMNS = tuple(AuditObject.model_fields)

router = APIRouter(prefix="/v1/audit", tags=["audit"])

# Entries of a transaction, some 300 kB: one for all would stay open as long as the client reads.
_SLICE = 1_000


@router.get(
    "",
    response_model=Page[AuditObject],
    summary="List who did what, newest first",
    responses={
        200: {
            "description": "A page of entries; with `format` all that fit, as they are read",
            "content": {
                "application/x-ndjson": {
                    "schema": {"type": "string", "description": "one AuditObject per line"},
                    "example": AuditObject.model_validate(ENTRY_EXAMPLE).model_dump_json() + "\n",
                },
                "text/csv": {
                    "schema": {"type": "string", "description": "one row per entry"},
                    "example": ",".join(COLUMNS) + "\r\n",
                },
            },
        },
        **problems(ProblemCode.NOT_ACCEPTABLE),
    },
)
def get_audit(
    *,
    state: State,
    session: Transaction,
    caller: Operator,
    tenant: Annotated[ShortText | None, Query(description="of the key that acted")] = None,
    key: Annotated[ShortText | None, Query(description="id of the key that acted")] = None,
    action: Annotated[Action | None, Query()] = None,
    about: Annotated[
        ShortText | None, Query(alias="object", description="id of what was acted on")
    ] = None,
    since: Annotated[GivenTime | None, Query(alias="from", description="included")] = None,
    until: Annotated[GivenTime | None, Query(alias="to", description="not included")] = None,
    fmt: Annotated[
        ResultFormat | None, Query(alias="format", description="stronger than `Accept`")
    ] = None,
    accept: Annotated[str | None, Header(include_in_schema=False)] = None,
    accept_encoding: Annotated[str | None, Header(include_in_schema=False)] = None,
    paging: Paging,
    cursor: Cursor = None,
) -> Page[AuditObject] | Response:
    """Page through the acts of all tenants. JSON Lines and CSV hold all that fit, from `cursor` on.

    Names of files and photos are not in it, and looking at a job, a photo or a picture is no act;
    to download the results or the pictures of a whole job is one.
    """
    chosen = fmt or negotiate(accept)
    if chosen is None:
        offered = ", ".join(known.media_type for known in ResultFormat)
        raise ApiError(ProblemCode.NOT_ACCEPTABLE, f"The audit is offered as {offered}.")
    narrow = AuditFilter(tenant, key, action, about, since, until)
    before = decode_place(cursor)
    if chosen is ResultFormat.JSON:
        rows = AuditRepository(session).page(narrow=narrow, before_id=before, limit=paging.fetch)
        return paging.page(rows, show=audit_object, cursor_of=lambda row: encode_place(row.id))
    slices = _slices(state.sessions, narrow, before_id=before)
    body = _jsonl(slices) if chosen is ResultFormat.JSONL else _csv(slices)
    body, encoding = packed(body, accept_encoding)
    return StreamingResponse(
        while_live(state, caller, body),
        media_type=chosen.media_type,
        headers={"Content-Disposition": f'attachment; filename="hfer-audit.{chosen}"', **encoding},
    )


def _slices(
    sessions: SessionFactory, narrow: AuditFilter, *, before_id: int | None
) -> Iterator[Sequence[AuditObject]]:
    while True:
        with unit_of_work(sessions) as session:
            rows = AuditRepository(session).page(narrow=narrow, before_id=before_id, limit=_SLICE)
        yield [audit_object(row) for row in rows]
        if len(rows) < _SLICE:
            return
        before_id = rows[-1].id


def _jsonl(slices: Iterator[Sequence[AuditObject]]) -> Iterator[bytes]:
    for entries in slices:
        yield b"".join(entry.model_dump_json().encode() + b"\n" for entry in entries)


def _csv(slices: Iterator[Sequence[AuditObject]]) -> Iterator[bytes]:
    yield csv_rows([COLUMNS])
    for entries in slices:
        yield csv_rows(list(entry.model_dump(mode="json").values()) for entry in entries)
