"""A candidate on trial: it answers a share of the chunks, and agreement is counted."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from services.common.db.tables import Model
from services.common.registry.errors import CanaryIsActiveError
from services.common.registry.repository import ModelRepository


@dataclass(frozen=True, slots=True)
class CanaryReport:
    """How the trial goes. Both measures are None before the first face.

    Attributes:
        candidate: the model on trial.
        baseline: the active model, whose answers are compared.
        share: of the chunks that the candidate answers, 0..1.
        started_at: in UTC.
        chunks: answered by the candidate so far (parts of a chunk count as one each).
        photos: in them.
        faces: in them.
        agreement: share of faces whose first answer is the baseline's.
        mean_abs_dp: mean absolute difference in the probability of the baseline's first answer.
    """

    candidate: Model
    baseline: Model | None
    share: float
    started_at: datetime
    chunks: int
    photos: int
    faces: int
    agreement: float | None
    mean_abs_dp: float | None


@dataclass(frozen=True, slots=True)
class Agreement:
    """What one answered part of a chunk adds to the report."""

    photos: int
    faces: int
    agreed: int
    abs_dp: float


def start_canary(session: Session, model: Model, *, share: float, actor: str) -> None:
    """Put ``model`` on trial, in place of one that is; its counts begin at zero.

    Raises:
        CanaryIsActiveError: it is the active model.
    """
    models = ModelRepository(session)
    models.lock()
    active = models.active()
    if active is not None and active.id == model.id:
        raise CanaryIsActiveError(
            f"{model.name}-{model.version} answers all photos already; choose another model."
        )
    models.remove_canary()
    models.add_canary(model.id, share=share, actor=actor)


def stop_canary(session: Session) -> None:
    """End the trial; without one nothing happens."""
    ModelRepository(session).remove_canary()


def record_canary(session: Session, *, model_id: int, found: Agreement) -> None:
    """Add to the counts, unless the trial of that model is over."""
    ModelRepository(session).count_canary(
        model_id,
        photos=found.photos,
        faces=found.faces,
        agreed=found.agreed,
        abs_dp=found.abs_dp,
    )


def canary_report(session: Session) -> CanaryReport | None:
    """Return how the trial goes; None when there is none."""
    models = ModelRepository(session)
    row = models.canary()
    if row is None:
        return None
    candidate = session.get_one(Model, row.model_id)
    return CanaryReport(
        candidate=candidate,
        baseline=models.active(),
        share=row.share,
        started_at=row.started_at,
        chunks=row.chunks,
        photos=row.photos,
        faces=row.faces,
        agreement=row.agreed / row.faces if row.faces else None,
        mean_abs_dp=row.abs_dp / row.faces if row.faces else None,
    )
