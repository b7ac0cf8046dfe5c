"""`/v1/limits`."""

from fastapi import APIRouter

from services.api.dependencies import Caller, State
from services.api.docs import problems
from services.api.limits.schemas import LimitsObject, limits_object

router = APIRouter(prefix="/v1/limits", tags=["limits"])


@router.get("", summary="Read the limits", responses={**problems()})
def get_limits(state: State, _caller: Caller) -> LimitsObject:
    """Tell every limit that this deployment enforces."""
    return limits_object(state)
