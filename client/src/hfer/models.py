"""What the service answers, as frozen dataclasses.

Expressions are apparent: what a face shows in one picture, never what a person feels. Boxes
and landmarks are in pixels of the upright photo (EXIF orientation applied) and clipped to it;
probabilities are 0..1. Every field has a default, because reading is lenient (`hfer._codec`).
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

FINAL_STATUSES = frozenset({"succeeded", "failed", "cancelled", "expired"})


class ResultFormat(StrEnum):
    """The encodings in which the service streams results."""

    JSON = "json"
    JSONL = "jsonl"
    CSV = "csv"


@dataclass(frozen=True, slots=True)
class Counts:
    """How many photos of a job are in each status; ``total`` is their sum."""

    total: int = 0
    queued: int = 0
    running: int = 0
    succeeded: int = 0
    no_face: int = 0
    failed: int = 0
    cancelled: int = 0

    @property
    def finished(self) -> int:
        """Photos that can no longer change."""
        return self.succeeded + self.no_face + self.failed + self.cancelled


@dataclass(frozen=True, slots=True)
class ModelRef:
    """The model that made results."""

    version: str = ""


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a photo has no result; ``code`` is stable, ``detail`` is for people.

    ``retryable``: whether a retry of the job may help; None of a service that does not say.
    """

    code: str = ""
    detail: str = ""
    retryable: bool | None = None


@dataclass(frozen=True, slots=True)
class JobKey:
    """The API key that made a job."""

    key_id: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class JobState:
    """A job as the service last described it.

    ``progress`` is 0..1, ``eta_seconds`` None while unknown, ``queue_position`` the place among
    your own jobs and only while it is queued, ``model`` None before the first result.
    ``expires_at`` says when the results are erased, ``inputs_erased_at`` when the photos were, and
    ``photos_expire_at`` when they will be, once the job has ended.
    ``parent_job_id`` is the job whose failed photos these are. ``created_by`` is the API key that
    made it, None where that was not noted yet.
    """

    id: str = ""
    status: str = ""
    created_at: datetime | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    expires_at: datetime | None = None
    inputs_erased_at: datetime | None = None
    photos_expire_at: datetime | None = None
    counts: Counts = field(default_factory=Counts)
    progress: float = 0.0
    eta_seconds: float | None = None
    queue_position: int | None = None
    model: ModelRef | None = None
    config: dict[str, object] = field(default_factory=dict)
    labels: dict[str, str] = field(default_factory=dict)
    client_ref: str | None = None
    parent_job_id: str | None = None
    created_by: JobKey | None = None

    @property
    def final(self) -> bool:
        """Whether the job can no longer change."""
        return self.status in FINAL_STATUSES

    def _repr_html_(self) -> str:
        from hfer._html import job_html

        return job_html(self)


@dataclass(frozen=True, slots=True)
class Point:
    """A place in the photo."""

    x: float = 0.0
    y: float = 0.0


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle: top left corner and size."""

    x: float = 0.0
    y: float = 0.0
    w: float = 0.0
    h: float = 0.0


@dataclass(frozen=True, slots=True)
class Quality:
    """How well a face can be read.

    ``face_px`` is its longer side in pixels, ``blur`` the variance of the Laplacian of its
    crop: low means blurred.
    """

    face_px: float = 0.0
    blur: float = 0.0


@dataclass(frozen=True, slots=True)
class Expression:
    """One of the seven expressions with its probability."""

    label: str = ""
    p: float = 0.0


@dataclass(frozen=True, slots=True)
class Reviewed:
    """What people say of a face, of all their votes.

    ``answer`` is what most of them say, None on a tie; ``differs`` whether that is another than the
    model's first answer: a tie and ``cannot_tell`` are not.
    """

    answer: str | None = None
    votes: int = 0
    differs: bool = False


@dataclass(frozen=True, slots=True)
class Face:
    """One face. ``face_index`` is the number drawn on the annotated photo, largest face 0.

    ``roll`` is how far the head is turned in the picture, in degrees, clockwise positive, above
    -180 up to 180; None where the service does not know. ``landmarks`` are named as one sees them
    who turns the picture until the face stands upright; empty where the picture was the face.
    ``reviewed`` is what people say, beside the model's answer; None where nobody has a vote.
    """

    face_index: int = 0
    box: Box = field(default_factory=Box)
    box_norm: Box = field(default_factory=Box)
    landmarks: dict[str, Point] = field(default_factory=dict)
    detection_confidence: float = 0.0
    quality: Quality = field(default_factory=Quality)
    emotions: dict[str, float] = field(default_factory=dict)
    top: tuple[Expression, ...] = ()
    margin: float = 0.0
    uncertain: bool = False
    warnings: tuple[str, ...] = ()
    roll: float | None = None
    reviewed: Reviewed | None = None

    @property
    def expression(self) -> Expression:
        """The most probable expression."""
        if not self.emotions:
            return self.top[0] if self.top else Expression()
        label = max(self.emotions, key=lambda name: self.emotions[name])
        return Expression(label, self.emotions[label])


@dataclass(frozen=True, slots=True)
class ImageInfo:
    """Size of the upright photo in pixels, and the EXIF orientation 1..8 that it came with.

    ``scale`` is how long the sides of the analysed picture are in shares of these: below 1 where
    `submit` shrank it. Size and coordinates are those of the original all the same.
    """

    width: int = 0
    height: int = 0
    exif_orientation: int = 1
    scale: float = 1.0


@dataclass(frozen=True, slots=True)
class PhotoResult:
    """What came of one photo. Status: succeeded, no_face, failed or cancelled when final.

    ``content_sha256`` is None for a photo that ``source_url`` names, until it is fetched.
    ``precision`` (fp32, bf16 or int8) and ``detector`` (retinaface, or MTCNN as openvino or
    facenet; none where each picture was one face) name what answered; None in results of services
    that did not note it.
    ``captured_at`` is when the photo was taken, from EXIF, in ISO 8601: ``datetime.fromisoformat``
    reads it, aware only where the camera wrote an offset. ``warnings`` say what was mended so
    that the photo could be read (end_missing, side_chunk_skipped, empty_alpha_ignored,
    sample_range_guessed).
    """

    item_id: str = ""
    index: int = 0
    filename: str = ""
    client_ref: str | None = None
    source_url: str | None = None
    content_sha256: str | None = None
    status: str = ""
    attempts: int = 0
    model_version: str | None = None
    image: ImageInfo | None = None
    faces: tuple[Face, ...] = ()
    faces_truncated: bool = False
    error: Fault | None = None
    precision: str | None = None
    detector: str | None = None
    captured_at: str | None = None
    warnings: tuple[str, ...] = ()

    def _repr_html_(self) -> str:
        from hfer._html import photo_html

        return photo_html(self)


@dataclass(frozen=True, slots=True)
class Limits:
    """How much the service takes: bytes are decimal, files are per request.

    ``declare_files`` is 0 on services that know no uploads by presigned URL; ``request_urls``
    is how many photos by URL make a job. From ``open_photos`` on they are those of your tenant, the
    last three those of your key; 0 is no limit, None is a service that does not say. ``formats``
    are those of pictures that are read, and ``filename_chars`` how long the path of a photo may
    be: 0 where the service keeps but the last part of it. ``shrunk_photos``: it tells coordinates
    of shrunk photos in pixels of the originals. ``inputs_retention_seconds`` is how long photos are
    kept after the end of a job, and the next one the most that a job may ask for
    (``keep_photos_s``); None is a service that knows no such option.
    """

    photo_bytes: int = 40_000_000
    request_files: int = 2_000
    request_bytes: int = 1_000_000_000
    request_urls: int = 2_000
    declare_files: int = 0
    job_photos: int = 100_000
    open_photos: int | None = None
    photos_per_day: int | None = None
    stored_bytes: int | None = None
    requests_per_second: int | None = None
    open_uploads: int | None = None
    open_streams: int | None = None
    formats: tuple[str, ...] = ()
    filename_chars: int = 0
    shrunk_photos: bool = False
    inputs_retention_seconds: int | None = None
    inputs_retention_max_seconds: int | None = None
