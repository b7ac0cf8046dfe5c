"""What webhook endpoints and deliveries look like over HTTP."""

from typing import Annotated, Literal, Self, get_args

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from services.api.schemas import PLAIN_TEXT, Input, ShortText, UtcTime
from services.api.webhooks.examples import (
    DELIVERY_DETAIL_EXAMPLE,
    DELIVERY_EXAMPLE,
    ENDPOINT_EXAMPLE,
    ISSUED_EXAMPLE,
)
from services.common.db.webhook_tables import WebhookAttempt, WebhookEndpoint
from services.common.domain.ids import IdKind, format_id
from services.common.domain.webhooks import (
    SUBSCRIBABLE,
    AttemptResult,
    DeliveryStatus,
    DisabledReason,
)
from services.common.net.guard import MAX_URL_CHARS
from services.common.webhooks.repositories.deliveries import DeliveryRow

ReceiverUrl = Annotated[
    str, StringConstraints(min_length=1, max_length=MAX_URL_CHARS, pattern=PLAIN_TEXT)
]
Subscribable = Literal[
    "job.succeeded",
    "job.failed",
    "job.cancelled",
    "job.expired",
    "model.activated",
    "endpoint.disabled",
]
Subscription = Annotated[list[Subscribable], Field(min_length=1, max_length=len(SUBSCRIBABLE))]


class NewEndpoint(Input):
    """A receiver of messages."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {name: ENDPOINT_EXAMPLE[name] for name in ("url", "events", "description")}
        }
    )

    url: ReceiverUrl = Field(description="https; a public address, no redirects are followed")
    events: Subscription = Field(
        default_factory=lambda: list(get_args(Subscribable)),
        description="what it is told of; all when left out",
    )
    description: ShortText | None = Field(default=None, description="yours, given back")


class EndpointChange(Input):
    """What to change; what is left out stays."""

    model_config = ConfigDict(json_schema_extra={"example": {"enabled": True}})

    url: ReceiverUrl | None = None
    events: Subscription | None = None
    description: ShortText | None = None
    enabled: bool | None = Field(default=None, description="true: also forgets the failures")

    @model_validator(mode="after")
    def _is_no_null(self) -> Self:
        nulls = [name for name in self.model_fields_set if getattr(self, name) is None]
        if set(nulls) - {"description"}:
            raise ValueError("only description may be null")
        return self


class EndpointObject(BaseModel):
    """A webhook endpoint, without its secret."""

    model_config = ConfigDict(json_schema_extra={"example": ENDPOINT_EXAMPLE})

    id: str
    object: Literal["webhook_endpoint"] = "webhook_endpoint"
    url: str
    description: str | None
    events: list[str]
    enabled: bool
    disabled_reason: DisabledReason | None = Field(
        description="`user`: by you; `gone`: it answered 410; `failing`: nothing arrived for days;"
        " `key_revoked`, `key_expired`: the key that made or last changed it was revoked or has"
        " expired, and another may switch it on"
    )
    disabled_at: UtcTime | None
    failing_since: UtcTime | None = Field(description="first failure after the last success")
    former_secret_until: UtcTime | None = Field(
        description="until then messages carry the signature of the former secret as well"
    )
    created_at: UtcTime


class IssuedEndpointObject(EndpointObject):
    """An endpoint with its new secret: the only time that it is shown."""

    model_config = ConfigDict(json_schema_extra={"example": ISSUED_EXAMPLE})

    secret: str = Field(description="`whsec_` and base64", examples=["whsec_…"])


class AttemptObject(BaseModel):
    """One attempt to deliver a message."""

    attempted_at: UtcTime
    result: AttemptResult = Field(
        description="`delivered`: a 2xx; `refused`: another status; `redirected`: 3xx is a failure;"
        " `gone`: 410; `blocked`: the address must not be spoken to; `unsigned`: the secret cannot"
        " be read, rotate it"
    )
    status_code: int | None
    detail: str | None = Field(description="why there is no status")
    body: str | None = Field(description="the first 1,000 bytes of the answer")
    milliseconds: float


class DeliveryObject(BaseModel):
    """A message to one endpoint and how its delivery stands."""

    model_config = ConfigDict(json_schema_extra={"example": DELIVERY_EXAMPLE})

    message_id: str = Field(description="the header `webhook-id`, the same at every attempt")
    type: str
    subject: str = Field(description="id of the job, model or endpoint that it is about")
    status: DeliveryStatus
    tries: int = Field(description="attempts made, since the last redelivery was asked for")
    next_at: UtcTime | None = Field(description="when the next attempt is due")
    finished_at: UtcTime | None
    created_at: UtcTime
    last_attempt: AttemptObject | None


class DeliveryDetail(DeliveryObject):
    """A delivery with every attempt, the first one first."""

    model_config = ConfigDict(json_schema_extra={"example": DELIVERY_DETAIL_EXAMPLE})

    attempts: list[AttemptObject]


def endpoint_object(endpoint: WebhookEndpoint) -> EndpointObject:
    """Turn a row into its public form."""
    return EndpointObject(
        id=format_id(IdKind.ENDPOINT, endpoint.public_id),
        url=endpoint.url,
        description=endpoint.description,
        events=endpoint.events,
        enabled=endpoint.enabled,
        disabled_reason=None
        if endpoint.disabled_reason is None
        else DisabledReason(endpoint.disabled_reason),
        disabled_at=endpoint.disabled_at,
        failing_since=endpoint.failing_since,
        former_secret_until=endpoint.former_until,
        created_at=endpoint.created_at,
    )


def delivery_object(row: DeliveryRow) -> DeliveryObject:
    """Turn a row of the log into its public form."""
    delivery, event = row.delivery, row.event
    status = DeliveryStatus(delivery.status)
    return DeliveryObject(
        message_id=format_id(IdKind.MESSAGE, event.public_id),
        type=event.type,
        subject=str(event.data["id"]),
        status=status,
        tries=delivery.tries,
        next_at=delivery.next_at if status is DeliveryStatus.PENDING else None,
        finished_at=delivery.finished_at,
        created_at=event.created_at,
        last_attempt=None if row.last is None else attempt_object(row.last),
    )


def attempt_object(attempt: WebhookAttempt) -> AttemptObject:
    """Turn an attempt into its public form."""
    return AttemptObject(
        attempted_at=attempt.attempted_at,
        result=AttemptResult(attempt.result),
        status_code=attempt.status_code,
        detail=attempt.detail,
        body=attempt.body,
        milliseconds=round(attempt.milliseconds, 1),
    )
