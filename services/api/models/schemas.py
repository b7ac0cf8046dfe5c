"""What models look like over HTTP."""

from dataclasses import asdict
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from services.api.models.examples import (
    ACTIVATED_EXAMPLE,
    CANARY_EXAMPLE,
    DETAIL_EXAMPLE,
    MODEL_EXAMPLE,
)
from services.api.models.usage import Usage
from services.api.schemas import Input, UtcTime
from services.common.db.tables import Model
from services.common.domain.bundles import Truth, model_version
from services.common.domain.emotions import EMOTIONS, Emotion
from services.common.domain.ids import IdKind, format_id
from services.common.registry.canary import CanaryReport
from services.common.registry.figures import headline


class MetricsObject(BaseModel):
    """What the trainer measured; null where the manifest does not say.

    Figures of two models may be compared where `test_sha256` is the same.
    """

    accuracy: float | None = Field(description="share of right answers, 0..1")
    macro_recall: float | None = Field(description="0..1")
    macro_f1: float | None = Field(description="0..1; what activations are held to")
    truth: Truth | None = Field(
        description="what a right answer is: the majority of several `judges`, or the label that"
        " the `data set` came with"
    )
    test_sha256: str | None = Field(
        description="of the images that were tested and their true labels; null: unknown"
    )
    n: int | None = Field(description="images that were tested")


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
    offered: bool = Field(
        description="the workers came with it, it has never answered and is newer than the active"
        " model: activate it when it suits you"
    )
    metrics: MetricsObject
    created_at: UtcTime
    activated_at: UtcTime | None


class TrainedOn(BaseModel):
    """What became of the data set of the service that a model was trained on."""

    id: str
    name: str
    version: int
    state: Literal["whole", "thinned", "deleted"] = Field(
        description="`thinned`: faces were erased from it, some perhaps after the model had"
        " learned from them; `deleted`: it is in this service no more, or never was"
    )
    faces: int = Field(description="that the model was trained and tested on")
    erased: int | None = Field(description="of the data set, up to now; null where it is deleted")
    thinned_at: UtcTime | None


class ModelDetail(ModelObject):
    """A model with its manifest (training data, recipe, metrics, thresholds, files) and card."""

    model_config = ConfigDict(json_schema_extra={"example": DETAIL_EXAMPLE})

    manifest: dict[str, Any]
    card: str | None = Field(description="the model card, Markdown; null if the bundle has none")
    data_set: TrainedOn | None = Field(
        description="the data set of reviews that it was trained on; null for a model of other data"
    )


class ActivatedModel(ModelObject):
    """A model that answers from now on."""

    model_config = ConfigDict(json_schema_extra={"example": ACTIVATED_EXAMPLE})

    checked: bool = Field(
        description="a live worker loaded it first; false: none was there to do so in time, or it"
        " was the active model already"
    )


class ModelList(BaseModel):
    """All models, newest first: there are few, the list is one page."""

    data: list[ModelObject]
    next_cursor: str | None = Field(default=None, description="always null")
    has_more: bool = Field(default=False, description="always false")


class Activation(Input):
    """How a model is to be activated."""

    model_config = ConfigDict(json_schema_extra={"example": {"force": False}})

    force: bool = Field(
        default=False,
        description="even if it is worse than the active model, cannot be compared with it, or a"
        " worker did not load it in time; not if a worker cannot load it",
    )


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
        offered=model.id == usage.offered_id,
        workers=usage.workers.get(version, 0),
        refusals=[
            RefusalObject(code=refused.code, reason=refused.reason, workers=refused.workers)
            for refused in usage.refusals
            if refused.sha256 == model.sha256
        ],
        metrics=MetricsObject(**asdict(headline(model.manifest))),
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
