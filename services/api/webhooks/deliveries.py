"""`/v1/webhook-endpoints/{endpoint_id}/deliveries`: what was sent, what came of it, once more."""

from typing import Annotated

from fastapi import APIRouter, Query

from services.api.dependencies import State, Transaction, WebhookAdmin, WebhookReader
from services.api.docs import problems
from services.api.ids import EndpointId, MessageId
from services.api.pagination import (
    Cursor,
    Page,
    Paging,
    decode_id,
    encode_id,
)
from services.api.webhooks.schemas import (
    DeliveryDetail,
    DeliveryObject,
    attempt_object,
    delivery_object,
)
from services.common.domain.webhooks import DeliveryStatus
from services.common.webhooks.repositories.deliveries import DeliveryRepository
from services.common.webhooks.secrets import SecretBox
from services.common.webhooks.service import (
    find_delivery,
    find_endpoint,
    redeliver,
    send_test,
)

router = APIRouter(prefix="/v1/webhook-endpoints/{endpoint_id}", tags=["webhooks"])


@router.post(
    "/test",
    status_code=202,
    summary="Send a test message",
    responses={**problems(404, 409)},
)
def post_test(
    state: State, session: Transaction, caller: WebhookAdmin, endpoint_id: EndpointId
) -> DeliveryObject:
    """Send a message of the type `endpoint.test`; its delivery tells whether it arrived."""
    SecretBox.from_settings(state.settings.webhooks)
    endpoint = find_endpoint(session, caller.tenant, endpoint_id)
    return delivery_object(send_test(session, endpoint))


@router.get(
    "/deliveries", summary="List deliveries, newest first", responses={**problems(404, 422)}
)
def get_deliveries(
    *,
    session: Transaction,
    caller: WebhookReader,
    endpoint_id: EndpointId,
    status: Annotated[DeliveryStatus | None, Query()] = None,
    paging: Paging,
    cursor: Cursor = None,
) -> Page[DeliveryObject]:
    """Page through the messages to an endpoint, of the last 30 days; `status` narrows."""
    before = decode_id(cursor)
    endpoint = find_endpoint(session, caller.tenant, endpoint_id)
    rows = DeliveryRepository(session).page(
        endpoint.id, before=before, limit=paging.fetch, status=status
    )
    return paging.page(
        rows, show=delivery_object, cursor_of=lambda row: encode_id(row.event.public_id)
    )


@router.get("/deliveries/{message_id}", summary="Get a delivery", responses={**problems(404)})
def get_delivery(
    session: Transaction, caller: WebhookReader, endpoint_id: EndpointId, message_id: MessageId
) -> DeliveryDetail:
    """Tell of every attempt to deliver a message."""
    endpoint = find_endpoint(session, caller.tenant, endpoint_id)
    row = find_delivery(session, endpoint, message_id)
    attempts = DeliveryRepository(session).attempts(row.delivery.id)
    return DeliveryDetail(
        **dict(delivery_object(row)), attempts=[attempt_object(attempt) for attempt in attempts]
    )


@router.post(
    "/deliveries/{message_id}/redeliver",
    status_code=202,
    summary="Send a message again",
    responses={**problems(404, 409)},
)
def post_redelivery(
    session: Transaction, caller: WebhookAdmin, endpoint_id: EndpointId, message_id: MessageId
) -> DeliveryObject:
    """Send a message again under its own id, whatever came of it; retries begin anew."""
    endpoint = find_endpoint(session, caller.tenant, endpoint_id)
    return delivery_object(redeliver(session, endpoint, message_id))
