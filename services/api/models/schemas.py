"""What models look like over HTTP."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from services.api.models.examples import CANARY_EXAMPLE, DETAIL_EXAMPLE, MODEL_EXAMPLE
from services.api.models.usage import Usage
from services.api.schemas import Input, UtcTime
from services.common.db.tables import Model
from services.common.domain.bundles import model_version
from services.common.domain.emotions import EMOTIONS, Emotion
from services.common.domain.ids import IdKind, format_id
from services.common.registry.canary import CanaryReport


class MetricsObject(BaseModel):
    """What the trainer measured, 0..1; null where the manifest does not say."""

    accuracy: float | None
    macro_recall: float | None
    macro_f1: float | None


class RefusalObject(BaseModel):
    """Why some workers do not use a model that they should; the model before it answers there."""

    code: str = Field(description="such as `bundle-refused`; `transient` may pass by itself")
    reason: str = Field(description="a sentence for the operator")
    workers: int = Field(description="live worker processes that refuse it for this reason")


class ModelObject(BaseModel):
    """A model of apparent facial expression, not of inner feeling."""

    model_config = ConfigDict(json_schema_extra={"example": MODEL_EXAMPLE})

    id: str
    name: str
    version: str
    model_version: str = Field(description="how results name it")
    sha256: str = Field(description="digest of the manifest, which holds those of all files")
    labels: list[Emotion] = Field(description="the expressions, in order")
    active: bool = Field(description="photos are analysed with it")
    canary: bool = Field(description="a share of the photos is, on trial")
    workers: int = Field(
        description="live worker processes that answer with it, trials aside, as of their last "
        "sign of life (at a change and every 10 s)"
    )
    refusals: list[RefusalObject] = Field(
        description="why workers that should use it do not, most frequent reason first; they try "
        "again every minute. Empty where nothing is wrong, and for a model that is not in use"
    )
    metrics: MetricsObject
    created_at: UtcTime
    activated_at: UtcTime | None


class ModelDetail(ModelObject):
    """A model with its manifest (training data, recipe, metrics, thresholds, files) and card."""

    model_config = ConfigDict(json_schema_extra={"example": DETAIL_EXAMPLE})

    manifest: dict[str, Any]
    card: str | None = Field(description="the model card, Markdown; null if the bundle has none")


class ModelList(BaseModel):
    """All models, newest first: there are few, the list is one page."""

    data: list[ModelObject]
    next_cursor: None = None
    has_more: bool = False


class Activation(Input):
    """How a model is to be activated."""

    model_config = ConfigDict(json_schema_extra={"example": {"force": False}})

    force: bool = Field(default=False, description="even if it is worse than the active model")


class NewCanary(Input):
    """A candidate to be tried."""

    model_config = ConfigDict(
        json_schema_extra={"example": {"model": MODEL_EXAMPLE["id"], "share": 0.1}}
    )

    model: str = Field(description="id of the candidate")
    share: float = Field(gt=0, le=1, description="of the chunks of photos, which it answers")


class CanaryObject(BaseModel):
    """A candidate on trial: it answers a share of the chunks beside the active model."""

    model_config = ConfigDict(json_schema_extra={"example": CANARY_EXAMPLE})

    candidate: ModelObject
    baseline: ModelObject | None = Field(description="the model that it is compared with")
    share: float
    started_at: UtcTime
    chunks: int
    photos: int
    faces: int = Field(description="classified by both models")
    agreement: float | None = Field(description="share of faces with the same first answer, 0..1")
    mean_abs_dp: float | None = Field(
        description="mean change of the probability of the baseline's first answer"
    )


def model_object(model: Model, usage: Usage) -> ModelObject:
    """Turn a row into its public form."""
    digest = model.sha256.hex()
    version = model_version(model.name, model.version, digest)
    return ModelObject(
        id=format_id(IdKind.MODEL, model.public_id),
        name=model.name,
        version=model.version,
        model_version=version,
        sha256=digest,
        labels=list(EMOTIONS),
        active=model.active,
        canary=model.id == usage.canary_id,
        workers=usage.workers.get(version, 0),
        refusals=[
            RefusalObject(code=refused.code, reason=refused.reason, workers=refused.workers)
            for refused in usage.refusals
            if refused.sha256 == model.sha256
        ],
        metrics=_metrics(model.manifest),
        created_at=model.created_at,
        activated_at=model.activated_at,
    )


def canary_object(report: CanaryReport, usage: Usage) -> CanaryObject:
    """Turn the report on a canary into its public form."""
    baseline = report.baseline
    return CanaryObject(
        candidate=model_object(report.candidate, usage),
        baseline=None if baseline is None else model_object(baseline, usage),
        share=report.share,
        started_at=report.started_at,
        chunks=report.chunks,
        photos=report.photos,
        faces=report.faces,
        agreement=report.agreement,
        mean_abs_dp=report.mean_abs_dp,
    )


def _metrics(manifest: dict[str, Any]) -> MetricsObject:
    measured = manifest.get("metrics")
    found = measured if isinstance(measured, dict) else {}
    return MetricsObject(**{name: _value(found.get(name)) for name in MetricsObject.model_fields})


def _value(metric: object) -> float | None:
    """Read a figure: a number, or one with its interval as ``{"value": …, "low": …}``."""
    value: object = metric.get("value") if isinstance(metric, dict) else metric
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value)
