"""Ids in paths and bodies: what is no id of ours is not found, like an id that does not exist."""

import uuid
from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated

from fastapi import Depends, Path
from sqlalchemy.orm import Session

from services.api.errors import ApiError
from services.api.problems import ProblemCode
from services.api.schemas import path_id
from services.common.db.tables import Model
from services.common.domain.ids import IdKind, parse_id
from services.common.registry.repository import ModelRepository

_MISSING: Mapping[IdKind, str] = MappingProxyType(
    {
        IdKind.JOB: "There is no such job.",
        IdKind.ITEM: "There is no such photo in this job.",
        IdKind.UPLOAD: "There is no such upload.",
        IdKind.KEY: "There is no such key.",
        IdKind.MODEL: "There is no such model.",
        IdKind.ENDPOINT: "There is no such webhook endpoint.",
        IdKind.DATASET: "There is no such data set.",
        IdKind.MESSAGE: "There is no such message to this endpoint.",
        IdKind.CHANGE: "This reviewer made no such change in this job.",
        IdKind.ERASURE: "There is no receipt of such an erasure.",
        IdKind.DRAW: "There is no such draw in this job.",
    }
)


def read_id(kind: IdKind, text: str) -> uuid.UUID:
    """Read an id.

    Raises:
        ApiError: NOT_FOUND, it is none of this kind.
    """
    value = parse_id(kind, text)
    if value is None:
        raise not_found(kind)
    return value


def not_found(kind: IdKind) -> ApiError:
    """Return the problem of an id that leads to nothing."""
    return ApiError(ProblemCode.NOT_FOUND, _MISSING[kind])


def find_model(session: Session, model_id: str) -> Model:
    """Return the model with a public id.

    Raises:
        ApiError: NOT_FOUND.
    """
    model = ModelRepository(session).get(read_id(IdKind.MODEL, model_id))
    if model is None:
        raise not_found(IdKind.MODEL)
    return model


def get_job_id(
    job_id: Annotated[str, path_id(IdKind.JOB)],
) -> uuid.UUID:
    """Read the job's id of the path."""
    return read_id(IdKind.JOB, job_id)


def get_item_id(
    item_id: Annotated[str, path_id(IdKind.ITEM)],
) -> uuid.UUID:
    """Read the item's id of the path."""
    return read_id(IdKind.ITEM, item_id)


def get_draw_id(
    draw_id: Annotated[str, path_id(IdKind.DRAW)],
) -> uuid.UUID:
    """Read the draw's id of the path."""
    return read_id(IdKind.DRAW, draw_id)


def get_upload_id(
    upload_id: Annotated[str, path_id(IdKind.UPLOAD)],
) -> uuid.UUID:
    """Read the upload's id of the path."""
    return read_id(IdKind.UPLOAD, upload_id)


def get_key_id(
    key_id: Annotated[str, path_id(IdKind.KEY)],
) -> uuid.UUID:
    """Read the API key's id of the path."""
    return read_id(IdKind.KEY, key_id)


def get_endpoint_id(
    endpoint_id: Annotated[str, Path(examples=["whe_01936fd2c0a27b6e8f3a5b7c9d1e2f33"])],
) -> uuid.UUID:
    """Read the webhook endpoint's id of the path."""
    return read_id(IdKind.ENDPOINT, endpoint_id)


def get_message_id(
    message_id: Annotated[str, Path(examples=["msg_01936fd2c0a27b6e8f3a5b7c9d1e2f34"])],
) -> uuid.UUID:
    """Read the webhook message's id of the path."""
    return read_id(IdKind.MESSAGE, message_id)


def get_dataset_id(
    dataset_id: Annotated[str, path_id(IdKind.DATASET)],
) -> uuid.UUID:
    """Read the data set's id of the path."""
    return read_id(IdKind.DATASET, dataset_id)


def get_erased_id(
    job_id: Annotated[
        str,
        Path(
            examples=["job_01936fd2c0a27b6e8f3a5b7c9d1e2f30"],
            description="of the job, or of the erasure of photos (`ers_…`)",
            json_schema_extra={"pattern": "^(job|ers)_[0-9a-f]{32}$"},
        ),
    ],
) -> uuid.UUID:
    """Read the id of what was erased of the path: that of a job, or of an erasure of photos."""
    erasure = parse_id(IdKind.ERASURE, job_id)
    return read_id(IdKind.JOB, job_id) if erasure is None else erasure


JobId = Annotated[uuid.UUID, Depends(get_job_id)]
ItemId = Annotated[uuid.UUID, Depends(get_item_id)]
DatasetId = Annotated[uuid.UUID, Depends(get_dataset_id)]
DrawId = Annotated[uuid.UUID, Depends(get_draw_id)]
ErasedId = Annotated[uuid.UUID, Depends(get_erased_id)]
UploadId = Annotated[uuid.UUID, Depends(get_upload_id)]
KeyId = Annotated[uuid.UUID, Depends(get_key_id)]
EndpointId = Annotated[uuid.UUID, Depends(get_endpoint_id)]
MessageId = Annotated[uuid.UUID, Depends(get_message_id)]
# As it was sent: the model is looked up by `find_model`, which takes an id of a body as well.
ModelId = Annotated[str, path_id(IdKind.MODEL)]
