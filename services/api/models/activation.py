"""An activation: figures first, then a trial load by a live worker, then the change itself."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from starlette.concurrency import run_in_threadpool

from services.api.dependencies import check_live
from services.api.ids import find_model
from services.api.models.schemas import ActivatedModel, model_object
from services.api.models.usage import read_usage
from services.api.state import ApiState
from services.common.audit.actions import Action
from services.common.audit.service import record
from services.common.db.session import unit_of_work
from services.common.keys.service import Principal
from services.common.processes.repositories import WorkerRepository
from services.common.registry.activation import activate, check_figures
from services.common.registry.errors import ModelNotLoadableError, TrialLoadUnfinishedError
from services.common.registry.trial_load_repository import LoadState, TrialLoadRepository

_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.05, 0.5


@dataclass(frozen=True, slots=True)
class Wish:
    """Which model shall answer, and who says so."""

    model_id: str
    force: bool
    caller: Principal


async def activate_checked(state: ApiState, wish: Wish) -> ActivatedModel:
    """Let a model answer once a live worker has loaded it; ``checked`` says whether one did.

    No connection of the pool is held while it is waited for.

    Raises:
        ApiError: NOT_FOUND; UNAUTHENTICATED, the caller's key was revoked or has expired meanwhile.
        ModelWorseError: see `check_figures`, as for ModelNotComparableError.
        ModelNotLoadableError: a worker could not load it.
        TrialLoadUnfinishedError: one began and did not end in time, and force was not given.
    """
    load_id = await run_in_threadpool(_ask, state, wish)
    checked = load_id is not None and await _is_loadable(state, load_id, wish)
    return await run_in_threadpool(_activate, state, wish, checked)


def _ask(state: ApiState, wish: Wish) -> int | None:
    """Check the figures and ask for a trial load; None where none is to be waited for."""
    with unit_of_work(state.sessions) as session:
        model = find_model(session, wish.model_id)
        drop = state.settings.models.max_f1_drop
        is_change = check_figures(session, model, max_f1_drop=drop, force=wish.force)
        if not is_change or not WorkerRepository(session).shipped():
            return None
        return TrialLoadRepository(session).request(model.id)


async def _is_loadable(state: ApiState, load_id: int, wish: Wish) -> bool:
    limit_s = state.settings.models.trial_load_s
    async with _withdrawing(state, load_id):
        found = await _finished(state, load_id, limit_s=limit_s)
    if found is None or found.claimed_by is None:
        return False
    if not found.finished:
        if wish.force:
            return False
        raise TrialLoadUnfinishedError(
            f"A worker on {found.claimed_by} did not load the model within {limit_s:g} s: it is "
            "slow, or loading ended it; its log tells. Ask again, raise "
            "HFER_MODELS__TRIAL_LOAD_S, or activate the model with force."
        )
    if found.error_code is not None:
        raise ModelNotLoadableError(
            f"A worker on {found.claimed_by} cannot load the model: {found.error_detail} "
            f"({found.error_code})"
        )
    return True


@asynccontextmanager
async def _withdrawing(state: ApiState, load_id: int) -> AsyncIterator[None]:
    def withdraw() -> None:
        with unit_of_work(state.sessions) as session:
            TrialLoadRepository(session).withdraw(load_id)

    try:
        yield
    finally:
        await run_in_threadpool(withdraw)


async def _finished(state: ApiState, load_id: int, *, limit_s: float) -> LoadState | None:
    """Look until it is finished or time is up; return the last look."""

    def look() -> LoadState | None:
        with unit_of_work(state.sessions) as session:
            return TrialLoadRepository(session).state(load_id)

    deadline, pause = time.monotonic() + limit_s, _FIRST_PAUSE_S
    while True:
        found = await run_in_threadpool(look)
        left = deadline - time.monotonic()
        if found is None or found.finished or left <= 0:
            return found
        await asyncio.sleep(min(pause, left))
        pause = min(pause * 2, _LONGEST_PAUSE_S)


def _activate(state: ApiState, wish: Wish, checked: bool) -> ActivatedModel:
    with unit_of_work(state.sessions) as session:
        check_live(session, wish.caller)
        model = find_model(session, wish.model_id)
        activate(
            session,
            model,
            max_f1_drop=state.settings.models.max_f1_drop,
            force=wish.force,
            actor=wish.caller.key_id,
        )
        record(session, wish.caller, Action.MODEL_ACTIVATED, wish.model_id)
        session.flush()
        session.refresh(model)
        shown = model_object(model, read_usage(session))
    return ActivatedModel(**dict(shown), checked=checked)
