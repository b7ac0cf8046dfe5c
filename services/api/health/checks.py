"""What must answer before the service can do its work."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sqlalchemy.exc import SQLAlchemyError

from services.api.state import ApiState
from services.common.db.connections import DatabaseUnfitError
from services.common.db.session import ping, unit_of_work
from services.common.domain.errors import TransientError
from services.common.domain.queues import Queue
from services.common.processes.repositories import FetcherRepository, WorkerRepository

_NO_INGEST = (
    "Photos by URL wait, and no ingest process gave a sign of life lately;"
    " start one: python -m services.ingest."
)


@dataclass(frozen=True, slots=True)
class Check:
    """One part of the surroundings: is it well, and if not, a sentence fit for anyone's eyes."""

    ok: bool
    detail: str


def run_checks(state: ApiState) -> Mapping[str, Check]:
    """Try the database, the broker, the bucket, and look for a live worker with a model."""
    checks: Mapping[str, Callable[[ApiState], Check]] = {
        "database": _database,
        "broker": _broker,
        "bucket": _bucket,
        "worker": _worker,
    }
    found = {name: check(state) for name, check in checks.items()}
    state.readiness.note([name for name, check in found.items() if not check.ok])
    return found


def find_warnings(state: ApiState) -> list[str]:
    """What makes nothing red, but leaves some photos waiting: sentences fit for anyone's eyes."""
    with unit_of_work(state.sessions) as session:
        return [_NO_INGEST] if FetcherRepository(session).unattended() else []


def _database(state: ApiState) -> Check:
    try:
        with unit_of_work(state.sessions) as session:
            ping(session)
    except SQLAlchemyError as error:
        unfit = getattr(error, "orig", None)
        detail = unfit.detail if isinstance(unfit, DatabaseUnfitError) else "no answer"
        return Check(ok=False, detail=detail)
    return Check(ok=True, detail="answers")


def _broker(state: ApiState) -> Check:
    if state.notifier.depth(Queue.CPU_BATCH) is None:
        silent = "takes no messages; jobs are accepted and wait until it does"
        return Check(ok=False, detail=state.notifier.unfit or silent)
    return Check(ok=True, detail="answers")


def _bucket(state: ApiState) -> Check:
    try:
        state.storage.check()
    except TransientError as error:
        return Check(ok=False, detail=error.detail)
    return Check(ok=True, detail="answers")


def _worker(state: ApiState) -> Check:
    try:
        with unit_of_work(state.sessions) as session:
            live = WorkerRepository(session).live()
    except SQLAlchemyError:
        return Check(ok=False, detail="unknown without the database")
    if not live:
        return Check(ok=False, detail="no worker with a model gave a sign of life lately")
    counts = ", ".join(f"{count} {kind}" for kind, count in sorted(live.items()))
    return Check(ok=True, detail=f"alive: {counts}")
