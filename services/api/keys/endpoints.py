"""`/v1/api-keys`: make, list, change, roll and revoke keys.

For operators, who see the whole deployment. Any key may look at itself.
"""

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from http import HTTPStatus

from fastapi import APIRouter, HTTPException, Response

from services.api.audit.refusals import audits
from services.api.dependencies import AnyKey, Base, Operator, State, Transaction
from services.api.docs import carrying, problems
from services.api.errors import invalid_field
from services.api.ids import KeyId
from services.api.keys.schemas import (
    CallerObject,
    IssuedKeyObject,
    KeyChange,
    KeyObject,
    KeyPurpose,
    KeyRoll,
    NewKey,
    key_object,
)
from services.api.pagination import (
    Cursor,
    Page,
    Paging,
    decode_id,
    encode_id,
)
from services.api.problems import ProblemCode
from services.common.audit.actions import Action
from services.common.audit.service import Changes, record
from services.common.domain.ids import IdKind, format_id
from services.common.keys.outputs import OutputMode
from services.common.keys.purposes import DeclaredPurpose, PurposeUnclearError
from services.common.keys.repository import KeyRepository
from services.common.keys.service import (
    IssuedKey,
    Scope,
    changeable_key,
    declare,
    issue_key,
    revoke_key,
    roll_key,
)

router = APIRouter(prefix="/v1/api-keys", tags=["api keys"])


@router.post(
    "",
    status_code=201,
    summary="Make a key",
    responses={201: carrying("Location"), **problems(ProblemCode.PURPOSE_PROHIBITED)},
)
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
    """Make a key. Its secret is in this answer and nowhere else.

    A purpose that Article 5 of the EU AI Act prohibits is refused, save for its exceptions.
    """
    issued = issue_key(
        session,
        tenant=wanted.tenant or caller.tenant,
        name=wanted.name,
        scopes=wanted.scopes,
        environment=state.settings.environment,
        expires_at=_checked_expiry(wanted.expires_at),
        purpose=None if wanted.purpose is None else _declared(wanted.purpose),
        output=_checked_output(wanted.output, wanted.scopes),
    )
    shown = _issued(issued)
    record(session, caller, Action.KEY_MADE, shown.id)
    response.headers["Location"] = f"{base}/v1/api-keys/{shown.id}"
    return shown


@router.get("", summary="List keys, newest first", responses={**problems()})
def get_keys(
    *,
    session: Transaction,
    _caller: Operator,
    paging: Paging,
    cursor: Cursor = None,
) -> Page[KeyObject]:
    """Page through the keys of all tenants, revoked ones included."""
    keys = KeyRepository(session).page(before=decode_id(cursor), limit=paging.fetch)
    return paging.page(keys, show=key_object, cursor_of=lambda key: encode_id(key.public_id))


@router.get("/current", summary="Look at the key that asks", responses={**problems()})
def get_current_key(caller: AnyKey) -> CallerObject:
    """Tell whose key this is and what it may do; any key may ask."""
    return CallerObject(
        id=caller.key_id,
        name=caller.key_name,
        tenant=caller.tenant,
        scopes=sorted(caller.scopes),
        output=caller.output,
        expires_at=caller.expires_at,
    )


@router.patch("/current", include_in_schema=False)
@router.delete("/current", include_in_schema=False)
async def refuse_to_change_current() -> None:
    """Say that the method is wrong: read as a key's id, the path would be a 404."""
    raise HTTPException(HTTPStatus.METHOD_NOT_ALLOWED)


@router.patch(
    "/{key_id}",
    summary="Change a key",
    responses={
        **problems(
            ProblemCode.NOT_FOUND, ProblemCode.KEY_NOT_CHANGEABLE, ProblemCode.PURPOSE_PROHIBITED
        )
    },
)
@audits(Action.KEY_CHANGED)
def patch_key(
    session: Transaction, caller: Operator, key_id: KeyId, wanted: KeyChange
) -> KeyObject:
    """Change name, purpose, output or expiry of a key; secret, tenant and scopes stay.

    It holds from the next request on. With another output, streams, long polls and downloads under
    way with the key end within a second or two, as they would show what it may not see, or less
    than it may. A purpose that Article 5 of the EU AI Act prohibits is refused as for a new key.
    """
    key = changeable_key(session, key_id, fields=wanted.model_fields_set)
    before = key_object(key)
    if wanted.name is not None:
        key.name = wanted.name
    if wanted.purpose is not None:
        declare(key, _declared(wanted.purpose))
    if wanted.output is not None:
        key.output = _checked_output(wanted.output, key.scopes).value
    if "expires_at" in wanted.model_fields_set:
        key.expires_at = _checked_expiry(wanted.expires_at)
    session.flush()
    after = key_object(key)
    changes = _changes(before, after, fields=wanted.model_fields_set)
    record(session, caller, Action.KEY_CHANGED, format_id(IdKind.KEY, key_id), changes=changes)
    return after


@router.post(
    "/{key_id}/roll",
    summary="Give a key another secret",
    responses={**problems(ProblemCode.NOT_FOUND, ProblemCode.KEY_NOT_ROLLABLE)},
)
@audits(Action.KEY_ROLLED)
def roll_api_key(
    state: State, session: Transaction, caller: Operator, key_id: KeyId, wanted: KeyRoll
) -> IssuedKeyObject:
    """Draw a new secret, shown in this answer alone, for the same key: its jobs and uploads stay.

    The present secret works for `overlap_s` more, so that whoever holds it has time to change
    over. One that was still in its overlap stops at once: only two are kept.
    """
    issued = roll_key(
        session,
        key_id,
        overlap=timedelta(seconds=wanted.overlap_s),
        environment=state.settings.environment,
        expires_at=_checked_expiry(wanted.expires_at),
    )
    record(session, caller, Action.KEY_ROLLED, format_id(IdKind.KEY, key_id))
    return _issued(issued)


@router.delete(
    "/{key_id}",
    status_code=204,
    summary="Revoke a key",
    responses={**problems(ProblemCode.NOT_FOUND)},
)
@audits(Action.KEY_REVOKED)
def delete_key(session: Transaction, caller: Operator, key_id: KeyId) -> None:
    """Revoke a key at once and for good.

    Streams, long polls and downloads under way with it end within a second or two, uploads that it
    began cannot be sealed, and webhook endpoints that it set up are switched off. Jobs made with it
    stay, and those that run finish. A second time changes nothing, and is no act of the audit.
    """
    if revoke_key(session, key_id):
        record(session, caller, Action.KEY_REVOKED, format_id(IdKind.KEY, key_id))


def _changes(before: KeyObject, after: KeyObject, *, fields: Collection[str]) -> Changes:
    old, new = (shown.model_dump(mode="json", include=set(fields)) for shown in (before, after))
    return {name: (old[name], new[name]) for name in sorted(old) if old[name] != new[name]}


def _issued(issued: IssuedKey) -> IssuedKeyObject:
    return IssuedKeyObject(**dict(key_object(issued.key)), secret=issued.secret)


def _declared(purpose: KeyPurpose) -> DeclaredPurpose:
    try:
        return DeclaredPurpose(purpose.name, purpose.exception, purpose.note)
    except PurposeUnclearError as error:
        raise invalid_field(f"#/purpose/{error.field}", error.detail) from None


def _checked_output(output: OutputMode, scopes: Collection[str]) -> OutputMode:
    if output is not OutputMode.FULL and Scope.ADMIN in scopes:
        raise invalid_field("#/output", "An operator's key can make others; leave its output full.")
    return output


def _checked_expiry(expires_at: datetime | None) -> datetime | None:
    if expires_at is not None and expires_at <= datetime.now(UTC):
        raise invalid_field("#/expires_at", "Name a moment to come.")
    return expires_at
