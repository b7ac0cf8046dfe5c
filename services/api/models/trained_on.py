"""Which data set of the service a model was trained on, and what became of it."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ValidationError
from sqlalchemy.orm import Session

from services.api.models.schemas import TrainedOn
from services.common.datasets.repositories.datasets import DatasetRepository
from services.common.domain.bundles import DATA_SET
from services.common.domain.ids import IdKind, parse_id


class _Told(BaseModel):
    """What the trainer wrote into the manifest."""

    id: str
    name: str
    version: int
    faces: int


def trained_on(session: Session, manifest: Mapping[str, Any]) -> TrainedOn | None:
    """Read it from a manifest; lenient, as manifests come from other trainers and years."""
    metrics = manifest.get("metrics")
    try:
        told = _Told.model_validate(metrics.get(DATA_SET) if isinstance(metrics, Mapping) else None)
    except ValidationError:
        return None
    public_id = parse_id(IdKind.DATASET, told.id)
    found = None if public_id is None else DatasetRepository(session).anybodys(public_id)
    if found is None:
        return TrainedOn(**dict(told), state="deleted", erased=None, thinned_at=None)
    return TrainedOn(
        **dict(told),
        state="thinned" if found.erased else "whole",
        erased=found.erased,
        thinned_at=found.thinned_at,
    )
