"""What jobs look like over HTTP."""

from dataclasses import asdict
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from services.api.errors import invalid_field
from services.api.jobs.examples import JOB_EXAMPLE
from services.api.schemas import WHOLE, Input, ShortText, UtcTime, Whole
from services.common.domain.faces import AnalysisOptions, DetectorName, FaceSearch
from services.common.domain.ids import IdKind, format_id
from services.common.domain.jobs import JobCounts
from services.common.jobs.options import from_stored, model_of
from services.common.jobs.queue.repositories.turns import LAST_POSITION
from services.common.jobs.repositories.jobs import MadeBy
from services.common.jobs.views import JobView

MAX_LABELS = 16

LabelName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]{1,63}$")]

_DEFAULTS = AnalysisOptions()


class JobConfig(Input):
    """The `config` part of a submission. Every field may be left out."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {"top_n": 3, "min_face_px": 40, "labels": {"album": "2026-11"}}
        }
    )

    top_n: Whole = Field(default=_DEFAULTS.top_n, ge=1, le=7, description="length of `top`")
    min_face_px: Whole = Field(
        default=_DEFAULTS.min_face_px,
        ge=20,
        le=2000,
        description="faces whose longer side is below this many pixels are left out",
    )
    detection_threshold: float = Field(
        default=_DEFAULTS.detection_threshold,
        ge=0.5,
        le=1.0,
        description="lowest detection confidence that counts as a face: lower finds more faces that"
        " are small, dark or cut, and more that are none; MTCNN has none below 0.7",
    )
    annotated: bool = Field(
        default=_DEFAULTS.annotated,
        description="render annotated photos while analysing, not on first request",
    )
    faces: FaceSearch = Field(
        default=_DEFAULTS.faces,
        description="`detect` looks for faces; `whole` takes each picture for one face, cut out"
        " already, and neither `min_face_px` nor `detection_threshold` acts",
    )
    detector: DetectorName | None = Field(
        default=_DEFAULTS.detector,
        description="the detector to use, refused where no live worker has it; null for the"
        " deployment's",
    )
    model: ShortText | None = Field(
        default=None,
        description="id or version of the published model to answer with, as `/v1/models` names it;"
        " null for whichever is active",
    )
    keep_photos_s: Annotated[int, Field(ge=0), WHOLE] | None = Field(
        default=None,
        description="seconds after the job's end for which its photos are kept, up to"
        " `inputs_retention_max_seconds` of `/v1/limits`; null for the deployment's time. They go"
        " with the results at the latest",
    )
    keep_for_training: bool = Field(
        default=_DEFAULTS.keep_for_training,
        description="let faces that are reviewed outlive the photos, for data sets to train on:"
        " with the people's consent alone; refused where the deployment keeps none",
    )
    labels: dict[LabelName, ShortText] = Field(
        default_factory=dict,
        max_length=MAX_LABELS,
        description="yours; `GET /v1/jobs` filters by them",
    )
    client_ref: ShortText | None = Field(default=None, description="yours, given back")

    def options(self) -> AnalysisOptions:
        """Return the options of the analysis."""
        return AnalysisOptions(
            top_n=self.top_n,
            min_face_px=self.min_face_px,
            detection_threshold=self.detection_threshold,
            annotated=self.annotated,
            faces=self.faces,
            detector=self.detector,
            keep_for_training=self.keep_for_training,
        )

    def kept(self, *, at_most: int) -> int | None:
        """Return for how many seconds the photos are to be kept.

        Raises:
            ApiError: VALIDATION, the operator allows ``at_most`` seconds.
        """
        check_kept(self.keep_photos_s, at_most=at_most, pointer="#/config/keep_photos_s")
        return self.keep_photos_s


def check_kept(asked: int | None, *, at_most: int, pointer: str) -> None:
    """Refuse photos that are to be kept for more seconds than the operator allows.

    Raises:
        ApiError: VALIDATION.
    """
    if asked is not None and asked > at_most:
        raise invalid_field(
            pointer,
            f"This service keeps photos for {at_most} seconds at most; ask for less, or have its"
            " operator raise HFER_RETENTION__INPUTS_MAX_S.",
        )


class Counts(BaseModel):
    """Photos of the job by status. Read them: a succeeded job may hold failed photos."""

    total: int
    queued: int
    running: int
    succeeded: int
    no_face: int
    failed: int
    cancelled: int


class EffectiveConfig(BaseModel):
    """The settings that the job runs with."""

    top_n: int
    min_face_px: int
    detection_threshold: float
    annotated: bool
    faces: FaceSearch
    detector: DetectorName | None = None
    model: str | None = Field(
        default=None,
        description="the model that the job asks for; null for whichever is active",
    )
    keep_photos_s: int | None = Field(
        default=None,
        description="seconds after the end for which the photos are kept; null for a job of before"
        " this was noted, whose photos are kept for `inputs_retention_seconds`",
    )
    keep_for_training: bool = False


class JobModel(BaseModel):
    """The model behind a job's results. If it was switched meanwhile, one of them."""

    version: str


class JobKey(BaseModel):
    """An API key, as far as everybody of its tenant may know it."""

    key_id: str
    name: str


class Links(BaseModel):
    """Paths of what belongs to the job."""

    self: str
    items: str
    results: str
    events: str
    cancel: str
    retry: str
    rerun: str


class JobObject(BaseModel):
    """A batch of photos and how far it is.

    Results tell the apparent expression, not inner feeling.
    """

    model_config = ConfigDict(json_schema_extra={"example": JOB_EXAMPLE})

    id: str
    object: Literal["job"] = "job"
    tenant: str
    status: Literal[
        "queued", "running", "cancelling", "succeeded", "failed", "cancelled", "expired"
    ] = Field(
        description="`succeeded`: every photo is final and at least one has a result;"
        " `failed`: none has. Final states never change."
    )
    created_at: UtcTime
    started_at: UtcTime | None
    finished_at: UtcTime | None
    expires_at: UtcTime | None = Field(description="when the results are erased")
    inputs_erased_at: UtcTime | None = Field(description="when the photos were erased")
    photos_expire_at: UtcTime | None = Field(
        description="when the photos are erased, at the latest; null before the job's end, and once"
        " they are"
    )
    counts: Counts
    progress: float = Field(ge=0, le=1, description="share of the photos that are final")
    eta_seconds: float | None = Field(description="at the pace so far; null while unknown")
    queue_position: int | None = Field(
        description="while `queued`: its place in the turns of your jobs in its lane (up to 8"
        " photos, or more), 1 is next. Jobs of others do not count, as tenants take turns."
        f" {LAST_POSITION} is that or further back; null once work has begun"
    )
    model: JobModel | None = Field(description="null before the first result")
    config: EffectiveConfig
    labels: dict[str, str]
    client_ref: str | None
    parent_job_id: str | None = Field(
        description="the job whose photos these are, all of them after a rerun and the failed ones"
        " after a retry"
    )
    created_by: JobKey | None = Field(
        description="the API key that made the job; null for jobs of before this was noted"
    )
    links: Links


def job_path(job_id: str) -> str:
    """Return the path of a job."""
    return f"/v1/jobs/{job_id}"


def job_object(view: JobView, *, base: str = "") -> JobObject:
    """Turn a view into its public form; ``base`` precedes the paths of links."""
    job, asked = view.job, model_of(view.job.options)
    job_id = format_id(IdKind.JOB, job.public_id)
    path = base + job_path(job_id)
    return JobObject.model_validate(
        {
            "id": job_id,
            "tenant": job.tenant,
            "status": view.status.value,
            "created_at": job.created_at,
            "started_at": job.started_at,
            "finished_at": job.finished_at,
            "expires_at": job.expires_at,
            "inputs_erased_at": job.inputs_erased_at,
            "photos_expire_at": view.photos_expire_at,
            "counts": _counts(view.counts),
            "progress": round(view.counts.progress, 4),
            "eta_seconds": None if view.eta_seconds is None else round(view.eta_seconds, 1),
            "queue_position": view.queue_position,
            "model": None if view.model_version is None else {"version": view.model_version},
            "config": {
                **asdict(from_stored(job.options)),
                "model": asked and asked.version,
                "keep_photos_s": job.keep_photos_s,
            },
            "labels": job.labels,
            "client_ref": job.client_ref,
            "parent_job_id": None if view.parent is None else format_id(IdKind.JOB, view.parent),
            "created_by": None if view.made_by is None else _job_key(view.made_by),
            "links": {
                "self": path,
                "items": f"{path}/items",
                "results": f"{path}/results",
                "events": f"{path}/events",
                "cancel": f"{path}/cancel",
                "retry": f"{path}/retry",
                "rerun": f"{path}/rerun",
            },
        }
    )


def _job_key(made_by: MadeBy) -> dict[str, str]:
    return {"key_id": format_id(IdKind.KEY, made_by.key), "name": made_by.name}


def _counts(counts: JobCounts) -> dict[str, Any]:
    return {name: getattr(counts, name) for name in Counts.model_fields}
