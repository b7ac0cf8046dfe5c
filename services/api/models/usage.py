"""Which models are in use: by whom, and as what."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from services.common.processes.repositories import RefusedModel, WorkerRepository
from services.common.registry.canary import canary_report
from services.common.registry.offers import offered
from services.common.registry.repository import ModelRepository


@dataclass(frozen=True, slots=True)
class Usage:
    """What a model's row does not say.

    Attributes:
        canary_id: row id of the canary, None without one.
        workers: live worker processes by the version of the model that they answer with.
        refusals: why live worker processes do not use a model that they should.
        offered_id: row id of the shipped model that is offered, None without one.
    """

    canary_id: int | None
    workers: Mapping[str, int]
    refusals: Sequence[RefusedModel] = ()
    offered_id: int | None = None


def read_usage(session: Session) -> Usage:
    """Read the canary and the heartbeats of the workers."""
    report, workers = canary_report(session), WorkerRepository(session)
    offer = offered(ModelRepository(session).all(), shipped=workers.shipped())
    return Usage(
        canary_id=None if report is None else report.candidate.id,
        workers=workers.answering(),
        refusals=workers.refusals(),
        offered_id=None if offer is None else offer.id,
    )
