"""`/v1/api-keys`: make, list and revoke keys. For operators, whose view is the deployment.

Any key may look at itself.
"""

from http import HTTPStatus

from fastapi import APIRouter, HTTPException, Response

from services.api.audit.refusals import audits
from services.api.dependencies import Base, Caller, Operator, State, Transaction
from services.api.docs import problems
from services.api.ids import KeyId, not_found
from services.api.keys.schemas import CallerObject, IssuedKeyObject, KeyObject, NewKey, key_object
from services.api.pagination import (
    Cursor,
    Page,
    Paging,
    decode_number,
    encode_number,
)
from services.api.problems import ProblemCode
from services.common.audit.actions import Action
from services.common.audit.service import record
from services.common.domain.ids import IdKind, format_id
from services.common.keys.repository import KeyRepository
from services.common.keys.service import issue_key

router = APIRouter(prefix="/v1/api-keys", tags=["api keys"])


@router.post("", status_code=201, summary="Make a key", responses={**problems()})
@audits(Action.KEY_MADE)
def create_key(
    *,
    response: Response,
    state: State,
    base: Base,
    session: Transaction,
    caller: Operator,
    wanted: NewKey,
) -> IssuedKeyObject:
    """Make a key. Its secret is in this answer and nowhere else."""
    issued = issue_key(
        session,
        tenant=wanted.tenant or caller.tenant,
        name=wanted.name,
        scopes=wanted.scopes,
        environment=state.settings.environment,
    )
    shown = key_object(issued.key)
    record(session, caller, Action.KEY_MADE, shown.id)
    response.headers["Location"] = f"{base}/v1/api-keys/{shown.id}"
    return IssuedKeyObject(**dict(shown), secret=issued.secret)


@router.get("", summary="List keys, newest first", responses={**problems()})
def get_keys(
    *,
    session: Transaction,
    _caller: Operator,
    paging: Paging,
    cursor: Cursor = None,
) -> Page[KeyObject]:
    """Page through the keys of all tenants, revoked ones included."""
    keys = KeyRepository(session).page(before_id=decode_number(cursor), limit=paging.fetch)
    return paging.page(keys, show=key_object, cursor_of=lambda key: encode_number(key.id))


@router.get("/current", summary="Look at the key that asks", responses={**problems()})
def get_current_key(caller: Caller) -> CallerObject:
    """Tell whose key this is and what it may do; any key may ask."""
    return CallerObject(id=caller.key_id, tenant=caller.tenant, scopes=sorted(caller.scopes))


@router.delete("/current", include_in_schema=False)
async def refuse_to_delete_current() -> None:
    """Say that the method is wrong: read as a key's id, the path would be a 404."""
    raise HTTPException(HTTPStatus.METHOD_NOT_ALLOWED)


@router.delete(
    "/{key_id}",
    status_code=204,
    summary="Revoke a key",
    responses={**problems(ProblemCode.NOT_FOUND)},
)
@audits(Action.KEY_REVOKED)
def delete_key(session: Transaction, caller: Operator, key_id: KeyId) -> None:
    """Revoke a key at once and for good; jobs made with it stay."""
    if not KeyRepository(session).revoke(key_id):
        raise not_found(IdKind.KEY)
    record(session, caller, Action.KEY_REVOKED, format_id(IdKind.KEY, key_id))
