"""Which models are in use: by whom, and as what."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from services.common.processes.repositories import RefusedModel, WorkerRepository
from services.common.registry.canary import canary_report


@dataclass(frozen=True, slots=True)
class Usage:
    """What a model's row does not say.

    Attributes:
        canary_id: row id of the canary, None without one.
        workers: live worker processes by the version of the model that they answer with.
        refusals: why live worker processes do not use a model that they should.
    """

    canary_id: int | None
    workers: Mapping[str, int]
    refusals: Sequence[RefusedModel] = ()


def read_usage(session: Session) -> Usage:
    """Read the canary and the heartbeats of the workers."""
    report, workers = canary_report(session), WorkerRepository(session)
    return Usage(
        canary_id=None if report is None else report.candidate.id,
        workers=workers.answering(),
        refusals=workers.refusals(),
    )
