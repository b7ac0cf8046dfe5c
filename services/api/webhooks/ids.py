"""Ids of endpoints and messages in paths, and the endpoint of the caller that is meant."""

import uuid
from typing import Annotated

from fastapi import Depends, Path

from services.api.errors import ApiError
from services.api.problems import ProblemCode
from services.common.domain.ids import IdKind, parse_id


def get_endpoint_id(
    endpoint_id: Annotated[str, Path(examples=["whe_01936fd2c0a27b6e8f3a5b7c9d1e2f33"])],
) -> uuid.UUID:
    """Read the endpoint's id of the path."""
    return _read(IdKind.ENDPOINT, endpoint_id, "There is no such webhook endpoint.")


def get_message_id(
    message_id: Annotated[str, Path(examples=["msg_01936fd2c0a27b6e8f3a5b7c9d1e2f34"])],
) -> uuid.UUID:
    """Read the message's id of the path."""
    return _read(IdKind.MESSAGE, message_id, "There is no such message to this endpoint.")


EndpointId = Annotated[uuid.UUID, Depends(get_endpoint_id)]
MessageId = Annotated[uuid.UUID, Depends(get_message_id)]


def _read(kind: IdKind, text: str, detail: str) -> uuid.UUID:
    value = parse_id(kind, text)
    if value is None:
        raise ApiError(ProblemCode.NOT_FOUND, detail)
    return value
