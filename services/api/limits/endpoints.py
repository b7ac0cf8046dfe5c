"""`/v1/limits`."""

from fastapi import APIRouter

from services.api.bodies import JSON
from services.api.dependencies import Caller, State
from services.api.docs import problems
from services.api.limits.schemas import LimitsObject, limits_object
from services.common.config import Settings
from services.common.domain.limits import PhotoLimits

router = APIRouter(prefix="/v1/limits", tags=["limits"])


# What a deployment enforces that sets nothing.
_EXAMPLE = limits_object(PhotoLimits(), Settings.model_construct()).model_dump(mode="json")


@router.get(
    "",
    summary="Read the limits",
    responses={200: {"content": {JSON: {"example": _EXAMPLE}}}, **problems()},
)
def get_limits(state: State, _caller: Caller) -> LimitsObject:
    """Tell every limit that this deployment enforces."""
    return limits_object(state.limits, state.settings)
