"""`/v1/webhook-endpoints`: who is told when jobs end, and with which secret it is signed."""

from fastapi import APIRouter, Response

from services.api.audit.refusals import audits
from services.api.dependencies import (
    Base,
    State,
    Transaction,
    WebhookAdmin,
    WebhookReader,
    hold_key,
)
from services.api.docs import carrying, problems
from services.api.errors import invalid_field
from services.api.ids import EndpointId
from services.api.pagination import (
    Cursor,
    Page,
    Paging,
    decode_id,
    encode_id,
)
from services.api.state import ApiState
from services.api.webhooks.schemas import (
    EndpointChange,
    EndpointObject,
    IssuedEndpointObject,
    NewEndpoint,
    endpoint_object,
)
from services.common.audit.actions import Action
from services.common.audit.service import record
from services.common.domain.ids import IdKind, format_id
from services.common.domain.webhooks import EventType
from services.common.net.guard import UrlBlockedError, check_url, webhook_policy
from services.common.webhooks.repositories.endpoints import EndpointRepository
from services.common.webhooks.secrets import SecretBox
from services.common.webhooks.service import (
    IssuedEndpoint,
    create_endpoint,
    find_endpoint,
    rotate_secret,
)

router = APIRouter(prefix="/v1/webhook-endpoints", tags=["webhooks"])


@router.post(
    "",
    status_code=201,
    summary="Make a webhook endpoint",
    responses={201: carrying("Location"), **problems(400, 409, 422)},
)
@audits(Action.WEBHOOK_MADE)
def post_endpoint(
    *,
    response: Response,
    state: State,
    base: Base,
    session: Transaction,
    caller: WebhookAdmin,
    wanted: NewEndpoint,
) -> IssuedEndpointObject:
    """Make an endpoint. The secret that signs its messages is in this answer and nowhere else.

    Its address is judged again at every delivery: what leads to a private network is refused.
    """
    settings = state.settings.webhooks
    box = SecretBox.from_settings(settings)
    _check_receiver(state, wanted.url)
    hold_key(session, caller)
    issued = create_endpoint(
        session,
        caller.tenant,
        url=wanted.url,
        events=[EventType(kind) for kind in dict.fromkeys(wanted.events)],
        description=wanted.description,
        box=box,
        most=settings.endpoints,
        key_id=caller.key_row,
    )
    shown = _issued(issued)
    record(session, caller, Action.WEBHOOK_MADE, shown.id)
    response.headers["Location"] = f"{base}/v1/webhook-endpoints/{shown.id}"
    return shown


@router.get("", summary="List webhook endpoints, newest first", responses={**problems(422)})
def get_endpoints(
    *,
    session: Transaction,
    caller: WebhookReader,
    paging: Paging,
    cursor: Cursor = None,
) -> Page[EndpointObject]:
    """Page through your endpoints."""
    rows = EndpointRepository(session).page(
        caller.tenant, before=decode_id(cursor), limit=paging.fetch
    )
    return paging.page(rows, show=endpoint_object, cursor_of=lambda row: encode_id(row.public_id))


@router.get("/{endpoint_id}", summary="Get a webhook endpoint", responses={**problems(404)})
def get_endpoint(
    session: Transaction, caller: WebhookReader, endpoint_id: EndpointId
) -> EndpointObject:
    """Tell how an endpoint is set up, and whether messages arrive."""
    return endpoint_object(find_endpoint(session, caller.tenant, endpoint_id))


@router.patch(
    "/{endpoint_id}", summary="Change a webhook endpoint", responses={**problems(400, 404, 422)}
)
@audits(Action.WEBHOOK_CHANGED)
def patch_endpoint(
    state: State,
    session: Transaction,
    caller: WebhookAdmin,
    endpoint_id: EndpointId,
    wanted: EndpointChange,
) -> EndpointObject:
    """Change an endpoint, or switch it off and on.

    While it is off nothing new is kept for it; what was pending goes on when it is on again.
    From then on it hangs on the key that changed it: it is switched off when that is revoked.
    """
    hold_key(session, caller)
    endpoint = find_endpoint(session, caller.tenant, endpoint_id, lock=True)
    endpoint.key_id = caller.key_row
    if wanted.url is not None:
        _check_receiver(state, wanted.url)
        endpoint.url = wanted.url
    if wanted.events is not None:
        endpoint.events = list(dict.fromkeys(wanted.events))
    if "description" in wanted.model_fields_set:
        endpoint.description = wanted.description
    session.flush()
    if wanted.enabled is not None:
        EndpointRepository(session).enable(endpoint, enabled=wanted.enabled)
    record(session, caller, Action.WEBHOOK_CHANGED, format_id(IdKind.ENDPOINT, endpoint_id))
    return endpoint_object(endpoint)


@router.delete(
    "/{endpoint_id}",
    status_code=204,
    summary="Delete a webhook endpoint",
    responses={**problems(404)},
)
@audits(Action.WEBHOOK_DELETED)
def delete_endpoint(session: Transaction, caller: WebhookAdmin, endpoint_id: EndpointId) -> None:
    """Delete an endpoint with its messages, sent or not, at once and for good."""
    EndpointRepository(session).delete(
        find_endpoint(session, caller.tenant, endpoint_id, lock=True)
    )
    record(session, caller, Action.WEBHOOK_DELETED, format_id(IdKind.ENDPOINT, endpoint_id))


@router.post(
    "/{endpoint_id}/rotate-secret",
    summary="Replace the secret of a webhook endpoint",
    responses={**problems(404, 409)},
)
@audits(Action.WEBHOOK_SECRET_ROTATED)
def post_rotation(
    state: State, session: Transaction, caller: WebhookAdmin, endpoint_id: EndpointId
) -> IssuedEndpointObject:
    """Draw a new secret, shown in this answer alone.

    For 24 hours messages carry two signatures, so that receivers have time to change over.
    """
    box = SecretBox.from_settings(state.settings.webhooks)
    hold_key(session, caller)
    endpoint = find_endpoint(session, caller.tenant, endpoint_id, lock=True)
    endpoint.key_id = caller.key_row
    record(session, caller, Action.WEBHOOK_SECRET_ROTATED, format_id(IdKind.ENDPOINT, endpoint_id))
    return _issued(rotate_secret(session, endpoint, box=box))


def _issued(issued: IssuedEndpoint) -> IssuedEndpointObject:
    return IssuedEndpointObject(**dict(endpoint_object(issued.endpoint)), secret=issued.secret)


def _check_receiver(state: ApiState, url: str) -> None:
    try:
        check_url(url, webhook_policy(state.settings.webhooks))
    except UrlBlockedError as error:
        raise invalid_field("#/url", error.detail) from None
