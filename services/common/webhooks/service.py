"""The use cases of webhooks for those who receive: endpoints, their secrets, and trying again."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy.orm import Session

from services.common.db.webhook_tables import WebhookEndpoint, WebhookEvent
from services.common.domain.errors import HferError
from services.common.domain.ids import IdKind, format_id, new_uuid7
from services.common.domain.webhooks import EventType
from services.common.webhooks.repositories.deliveries import DeliveryRepository, DeliveryRow
from services.common.webhooks.repositories.endpoints import EndpointRepository
from services.common.webhooks.secrets import SecretBox, new_secret, show_secret

# Long enough for a receiver to be given the new secret on a working day.
FORMER_SECRET = timedelta(hours=24)


class EndpointMissingError(HferError):
    """The tenant has no such endpoint, or the endpoint no such delivery."""

    code = "not-found"


class EndpointLimitError(HferError):
    """The tenant has as many endpoints as it may have."""

    code = "endpoint-limit"


class EndpointDisabledError(HferError):
    """Nothing is sent to the endpoint at present."""

    code = "endpoint-disabled"


@dataclass(frozen=True, slots=True)
class IssuedEndpoint:
    """An endpoint with the secret that now signs, which is shown this once."""

    endpoint: WebhookEndpoint
    secret: str


def create_endpoint(
    session: Session,
    tenant: str,
    *,
    url: str,
    events: Sequence[EventType],
    description: str | None,
    box: SecretBox,
    most: int,
    key_id: int | None = None,
) -> IssuedEndpoint:
    """Make an endpoint; two requests at once may both pass the limit.

    Args:
        session: an open unit of work.
        tenant: whose it is.
        url: where messages go, checked by the caller.
        events: what it gets messages about.
        description: words of the owner.
        box: encrypts the secret.
        most: endpoints that the tenant may have.
        key_id: bigint id of the API key that makes it.

    Raises:
        EndpointLimitError: it has them already.
    """
    endpoints = EndpointRepository(session)
    if endpoints.count(tenant) >= most:
        raise EndpointLimitError(f"You have {most} endpoints, and no more may be; delete one.")
    secret = new_secret()
    endpoint = endpoints.add(
        WebhookEndpoint(
            public_id=new_uuid7(),
            tenant=tenant,
            key_id=key_id,
            url=url,
            description=description,
            events=[kind.value for kind in events],
            secret=box.lock(secret),
        )
    )
    return IssuedEndpoint(endpoint, show_secret(secret))


def find_endpoint(
    session: Session, tenant: str, public_id: uuid.UUID, *, lock: bool = False
) -> WebhookEndpoint:
    """Return an endpoint of the tenant; ``lock`` keeps other changes out until the commit.

    Raises:
        EndpointMissingError: it has no such endpoint.
    """
    endpoint = EndpointRepository(session).get(tenant, public_id, lock=lock)
    if endpoint is None:
        raise EndpointMissingError("There is no such webhook endpoint.")
    return endpoint


def rotate_secret(session: Session, endpoint: WebhookEndpoint, *, box: SecretBox) -> IssuedEndpoint:
    """Draw a new secret. Messages carry both signatures for 24 hours."""
    secret = new_secret()
    EndpointRepository(session).rotate(endpoint, secret=box.lock(secret), keep=FORMER_SECRET)
    return IssuedEndpoint(endpoint, show_secret(secret))


def send_test(session: Session, endpoint: WebhookEndpoint) -> DeliveryRow:
    """Send a message to one endpoint, to see whether it arrives.

    Raises:
        EndpointDisabledError: nothing is sent there.
    """
    _check_enabled(endpoint)
    event = WebhookEvent(
        public_id=new_uuid7(),
        type=EventType.ENDPOINT_TEST.value,
        data={"id": format_id(IdKind.ENDPOINT, endpoint.public_id)},
    )
    DeliveryRepository(session).add(endpoint, event)
    return find_delivery(session, endpoint, event.public_id)


def find_delivery(session: Session, endpoint: WebhookEndpoint, message: uuid.UUID) -> DeliveryRow:
    """Return the delivery of a message to an endpoint.

    Raises:
        EndpointMissingError: the message was not meant for it, or is forgotten.
    """
    row = DeliveryRepository(session).get(endpoint.id, message)
    if row is None:
        raise EndpointMissingError("There is no such message to this endpoint.")
    return row


def redeliver(session: Session, endpoint: WebhookEndpoint, message: uuid.UUID) -> DeliveryRow:
    """Send a message again, under its own id; a receiver that had it can tell.

    Raises:
        EndpointMissingError: the message was not meant for this endpoint, or is forgotten.
        EndpointDisabledError: nothing is sent there.
    """
    _check_enabled(endpoint)
    row = find_delivery(session, endpoint, message)
    DeliveryRepository(session).repeat(row.delivery.id)
    return find_delivery(session, endpoint, message)


def _check_enabled(endpoint: WebhookEndpoint) -> None:
    if not endpoint.enabled:
        raise EndpointDisabledError("This endpoint is disabled; enable it first.")
