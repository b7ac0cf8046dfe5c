"""What models look like over HTTP."""

from typing import Any

from pydantic import BaseModel, Field

from services.api.schemas import UtcTime
from services.common.db.models import Model
from services.common.domain.emotions import EMOTIONS, Emotion
from services.common.domain.ids import IdKind, format_id
from services.common.models.service import IDENTITY_DIGITS


class ModelObject(BaseModel):
    """A model of apparent facial expression, not of inner feeling."""

    id: str = Field(examples=["mdl_01936fd2c0a27b6e8f3a5b7c9d1e2f33"])
    name: str
    version: str
    model_version: str = Field(
        description="how results name it", examples=["starter-1.0.0+1a2b3c4d"]
    )
    sha256: str = Field(description="digest of the manifest, which holds those of all files")
    labels: list[Emotion] = Field(description="the expressions, in order")
    active: bool = Field(description="new photos are analysed with it")
    created_at: UtcTime
    activated_at: UtcTime | None


class ModelDetail(ModelObject):
    """A model with its manifest: training data, recipe, metrics, thresholds, files."""

    manifest: dict[str, Any]


class ModelList(BaseModel):
    """All models, newest first: there are few, the list is one page."""

    data: list[ModelObject]
    next_cursor: None = None
    has_more: bool = False


def model_object(model: Model) -> ModelObject:
    """Turn a row into its public form."""
    digest = model.sha256.hex()
    return ModelObject(
        id=format_id(IdKind.MODEL, model.public_id),
        name=model.name,
        version=model.version,
        model_version=f"{model.name}-{model.version}+{digest[:IDENTITY_DIGITS]}",
        sha256=digest,
        labels=list(EMOTIONS),
        active=model.active,
        created_at=model.created_at,
        activated_at=model.activated_at,
    )
