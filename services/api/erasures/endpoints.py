"""`/v1/erasures`: receipts of jobs, and of photos of jobs, that were erased on demand."""

from typing import Annotated

from fastapi import APIRouter, Query

from services.api.dependencies import AnyKey, Reader, Transaction, tenant_asked_for
from services.api.docs import problems
from services.api.erasures.schemas import (
    ErasureObject,
    ReceiptKeys,
    erasure_object,
    key_object,
)
from services.api.ids import ErasedId, not_found
from services.api.pagination import Cursor, Page, Paging, decode_id, encode_id
from services.api.problems import ProblemCode
from services.api.schemas import PLAIN_TEXT
from services.common.domain.ids import IdKind
from services.common.jobs.repositories.receipts import ReceiptRepository
from services.common.keys.service import Scope

router = APIRouter(prefix="/v1/erasures", tags=["erasures"])


@router.get("", summary="List receipts of erasures", responses={**problems()})
def get_erasures(
    *,
    session: Transaction,
    caller: Reader,
    tenant: Annotated[
        str | None,
        Query(
            max_length=100,
            pattern=PLAIN_TEXT,
            description="whose, yours when left out; those of others, and of all by `*`, with the"
            " scope admin",
        ),
    ] = None,
    paging: Paging,
    cursor: Cursor = None,
) -> Page[ErasureObject]:
    """Page through receipts, of the newest job or erasure of photos first.

    What retention forgets by age has none.
    """
    rows = ReceiptRepository(session).page(
        tenant_asked_for(caller, tenant), before=decode_id(cursor), limit=paging.fetch
    )
    return paging.page(
        rows, show=erasure_object, cursor_of=lambda row: encode_id(row.job_public_id)
    )


@router.get("/keys", summary="Get the keys that sign receipts", responses={**problems()})
def get_receipt_keys(session: Transaction, _caller: AnyKey) -> ReceiptKeys:
    """Return the public halves of all keys that sign or signed receipts, as a JWK set.

    Keep it where this service cannot change it: a receipt is worth what the key's origin is.
    """
    return ReceiptKeys(keys=[key_object(key) for key in ReceiptRepository(session).signing_keys()])


@router.get(
    "/{job_id}",
    summary="Get the receipt of an erasure",
    responses={**problems(ProblemCode.NOT_FOUND)},
)
def get_erasure(session: Transaction, caller: Reader, job_id: ErasedId) -> ErasureObject:
    """Tell who wanted a job or photos erased, when rows went, and since when the bucket is empty.

    `hfer receipts verify` checks the signature without this service. Operators see all tenants'.
    """
    everybody = caller.may(Scope.ADMIN)
    erasure = ReceiptRepository(session).get(None if everybody else caller.tenant, job_id)
    if erasure is None:
        raise not_found(IdKind.ERASURE)
    return erasure_object(erasure)
