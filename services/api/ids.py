"""Ids in paths: what is no id of ours is not found, like an id that does not exist."""

import uuid
from typing import Annotated

from fastapi import Depends

from services.api.errors import ApiError
from services.api.problems import ProblemCode
from services.api.schemas import path_id
from services.common.domain.ids import IdKind, parse_id


def get_job_id(
    job_id: Annotated[str, path_id(IdKind.JOB)],
) -> uuid.UUID:
    """Read the job's id of the path."""
    return _read(IdKind.JOB, job_id, "There is no such job.")


def get_item_id(
    item_id: Annotated[str, path_id(IdKind.ITEM)],
) -> uuid.UUID:
    """Read the item's id of the path."""
    return _read(IdKind.ITEM, item_id, "There is no such photo in this job.")


JobId = Annotated[uuid.UUID, Depends(get_job_id)]
ItemId = Annotated[uuid.UUID, Depends(get_item_id)]


def _read(kind: IdKind, text: str, detail: str) -> uuid.UUID:
    value = parse_id(kind, text)
    if value is None:
        raise ApiError(ProblemCode.NOT_FOUND, detail)
    return value
