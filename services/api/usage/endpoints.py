"""`/v1/usage`: what was used, by tenant and day."""

import datetime as dt
from collections.abc import Iterator
from datetime import UTC, timedelta
from typing import Annotated, Literal

from fastapi import APIRouter, Header, Query, Response
from fastapi.responses import StreamingResponse

from services.api.accept import preferred
from services.api.bodies import JSON
from services.api.csv_rows import csv_rows
from services.api.dependencies import Reader, State, check_scope
from services.api.docs import problems
from services.api.downloads import while_live
from services.api.errors import ApiError
from services.api.gzipped import packed
from services.api.keys.schemas import Name
from services.api.pagination import Cursor, Page, Paging, decode_day, encode_day
from services.api.problems import ProblemCode
from services.api.schemas import GivenDay
from services.api.state import ApiState
from services.api.usage.schemas import USAGE_COLUMNS, UsageObject, usage_object, usage_row
from services.common.db.session import unit_of_work
from services.common.keys.service import Principal, Scope
from services.common.tenants.repositories.usage import DailyUsage, UsageRepository

CSV = "text/csv"
_DAYS = timedelta(days=30)
_ROWS = 1_000
_CSV_EXAMPLE = (
    "day,tenant,photos,bytes,faces,core_seconds\r\n2026-11-30,archive,1200,3100000000,2104,61.5\r\n"
)

router = APIRouter(prefix="/v1/usage", tags=["usage"])


@router.get(
    "",
    response_model=Page[UsageObject],
    summary="Read what was used, by day",
    responses={
        200: {"content": {CSV: {"schema": {"type": "string"}, "example": _CSV_EXAMPLE}}},
        **problems(ProblemCode.NOT_ACCEPTABLE, ProblemCode.INSUFFICIENT_SCOPE, 422),
    },
)
def get_usage(
    *,
    state: State,
    caller: Reader,
    paging: Paging,
    first: Annotated[
        GivenDay | None,
        Query(alias="from", description="first day, in UTC; 30 days before the last if left out"),
    ] = None,
    last: Annotated[
        GivenDay | None,
        Query(alias="to", description="last day, included; today if left out"),
    ] = None,
    tenant: Annotated[
        Name | None, Query(description="for operators, who else see all tenants")
    ] = None,
    fmt: Annotated[
        Literal["json", "csv"] | None,
        Query(alias="format", description="goes before `Accept`; CSV comes whole, without pages"),
    ] = None,
    accept: Annotated[str | None, Header(include_in_schema=False)] = None,
    accept_encoding: Annotated[str | None, Header(include_in_schema=False)] = None,
    cursor: Cursor = None,
) -> Page[UsageObject] | Response:
    """Page through days and tenants; a tenant sees itself, an operator all, as JSON or CSV.

    It is counted where the work is done, in the same transaction, and is complete for every job
    that has ended. Requests that a limit refused are not among it. A first day behind the last
    gives no rows.
    """
    to = last or dt.datetime.now(UTC).date()
    begin = first or to - min(_DAYS, to - dt.date.min)
    whose = _whose(caller, tenant)
    if _format(fmt, accept) == CSV:
        rows = _csv(state, first=begin, last=to, tenant=whose)
        body, encoding = packed(rows, accept_encoding)
        return StreamingResponse(while_live(state, caller, body), media_type=CSV, headers=encoding)
    with unit_of_work(state.sessions) as session:
        found = UsageRepository(session).page(
            first=begin, last=to, tenant=whose, after=decode_day(cursor), limit=paging.fetch
        )
    return paging.page(
        found, show=usage_object, cursor_of=lambda usage: encode_day(usage.day, usage.tenant)
    )


def _whose(caller: Principal, tenant: str | None) -> str | None:
    if tenant not in {None, caller.tenant}:
        check_scope(caller, Scope.ADMIN)
    return tenant if caller.may(Scope.ADMIN) else caller.tenant


def _format(fmt: str | None, accept: str | None) -> str:
    if fmt is not None:
        return CSV if fmt == "csv" else JSON
    chosen = preferred(accept, [JSON, CSV])
    if chosen is None:
        raise ApiError(ProblemCode.NOT_ACCEPTABLE, f"Usage is offered as {JSON} and {CSV}.")
    return chosen


def _csv(state: ApiState, *, first: dt.date, last: dt.date, tenant: str | None) -> Iterator[bytes]:
    """Yield the rows a thousand at a time, each from a transaction of its own."""
    yield csv_rows([USAGE_COLUMNS])
    after: tuple[dt.date, str] | None = None
    found: list[DailyUsage] = []
    while after is None or len(found) == _ROWS:
        with unit_of_work(state.sessions) as session:
            found = UsageRepository(session).page(
                first=first, last=last, tenant=tenant, after=after, limit=_ROWS
            )
        if not found:
            return
        yield csv_rows(usage_row(usage) for usage in found)
        after = found[-1].day, found[-1].tenant
