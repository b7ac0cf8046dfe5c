"""Ids in paths: what is no id of ours is not found, like an id that does not exist."""

import uuid
from typing import Annotated

from fastapi import Depends, Path

from services.api.errors import ApiError
from services.api.problems import ProblemCode
from services.common.domain.ids import IdKind, parse_id


def get_job_id(
    job_id: Annotated[str, Path(examples=["job_01936fd2c0a27b6e8f3a5b7c9d1e2f30"])],
) -> uuid.UUID:
    """Read the job's id of the path."""
    return _read(IdKind.JOB, job_id, "There is no such job.")


def get_item_id(
    item_id: Annotated[str, Path(examples=["itm_01936fd2c0a27b6e8f3a5b7c9d1e2f31"])],
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
