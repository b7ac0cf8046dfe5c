"""Models by the id in a path or a body: what is no id of ours is not found."""

from typing import Annotated

from sqlalchemy.orm import Session

from services.api.errors import ApiError
from services.api.problems import ProblemCode
from services.api.schemas import path_id
from services.common.db.tables import Model
from services.common.domain.ids import IdKind, parse_id
from services.common.registry.repository import ModelRepository

ModelId = Annotated[str, path_id(IdKind.MODEL)]


def find_model(session: Session, model_id: str) -> Model:
    """Return the model with a public id.

    Raises:
        ApiError: NOT_FOUND.
    """
    public_id = parse_id(IdKind.MODEL, model_id)
    model = None if public_id is None else ModelRepository(session).get(public_id)
    if model is None:
        raise ApiError(ProblemCode.NOT_FOUND, "There is no such model.")
    return model
