"""`/v1/models`: which models have been registered, and what is known of each."""

from fastapi import APIRouter

from services.api.dependencies import Caller, Transaction
from services.api.docs import problems
from services.api.errors import ApiError
from services.api.models.schemas import ModelDetail, ModelList, ModelObject, model_object
from services.api.problems import ProblemCode
from services.common.domain.ids import IdKind, parse_id
from services.common.models.repository import ModelRepository

router = APIRouter(prefix="/v1/models", tags=["models"])


@router.get("", summary="List models", responses={**problems()})
def get_models(session: Transaction, _caller: Caller) -> ModelList:
    """List all models; results name theirs as `model_version`."""
    rows = ModelRepository(session).all()
    data: list[ModelObject] = [model_object(row) for row in rows]
    return ModelList(data=data)


@router.get("/{model_id}", summary="Get a model with its manifest", responses={**problems(404)})
def get_model(session: Transaction, _caller: Caller, model_id: str) -> ModelDetail:
    """Tell all about a model: training data, recipe, metrics, thresholds, files."""
    public_id = parse_id(IdKind.MODEL, model_id)
    row = None if public_id is None else ModelRepository(session).get(public_id)
    if row is None:
        raise ApiError(ProblemCode.NOT_FOUND, "There is no such model.")
    return ModelDetail(**dict(model_object(row)), manifest=row.manifest)
