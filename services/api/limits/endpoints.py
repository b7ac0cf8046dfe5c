"""`/v1/limits`."""

from dataclasses import replace

from fastapi import APIRouter

from services.api.bodies import JSON
from services.api.dependencies import AnyKey, State
from services.api.docs import problems
from services.api.limits.enforcement import limits_of
from services.api.limits.schemas import LimitsObject, limits_object
from services.api.state import ApiState
from services.common.api_settings import ApiSettings
from services.common.config import Settings
from services.common.db.session import unit_of_work
from services.common.domain.limits import PhotoLimits
from services.common.limit_settings import LimitSettings
from services.common.processes.repositories import WorkerRepository
from services.imaging.open_formats import open_formats

router = APIRouter(prefix="/v1/limits", tags=["limits"])


# What a deployment enforces that sets nothing.
_EXAMPLE = limits_object(
    PhotoLimits(),
    Settings.model_construct(),
    LimitSettings().tenant_limits(open_photos=ApiSettings().queue_cap_photos),
).model_dump(mode="json")


@router.get(
    "",
    summary="Read the limits",
    responses={200: {"content": {JSON: {"example": _EXAMPLE}}}, **problems()},
)
def get_limits(state: State, caller: AnyKey) -> LimitsObject:
    """Tell every limit that holds for your key and tenant, and which formats are read."""
    limits = replace(state.limits, formats=_formats(state))
    return limits_object(limits, state.settings, limits_of(state, caller))


def _formats(state: ApiState) -> tuple[str, ...]:
    """Return what this process and every live worker read: a photo may come to any of them."""
    with unit_of_work(state.sessions) as session:
        workers = WorkerRepository(session).formats()
    here = open_formats(state.limits)
    return tuple(name for name in here if all(name in worker for worker in workers))
