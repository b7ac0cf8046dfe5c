"""What the limits look like over HTTP."""

from dataclasses import asdict

from pydantic import BaseModel, Field

from services.api.filenames import MAX_CHARS
from services.api.jobs.polling import MAX_WAIT_S
from services.api.jobs.schemas import MAX_LABELS, EffectiveConfig
from services.api.jobs.submission.json_body import MAX_URLS
from services.api.jobs.submission.reader import MAX_CONFIG_BYTES
from services.api.models.bundle_reader import MAX_BUNDLE_BYTES, MAX_BUNDLE_FILES
from services.api.pagination import MAX_LIMIT
from services.api.state import upload_s
from services.common.config import Settings
from services.common.domain.emotions import EMOTIONS, Emotion
from services.common.domain.faces import AnalysisOptions
from services.common.domain.limits import PhotoLimits
from services.common.domain.tenants import TenantLimits
from services.common.jobs.submission import INTERACTIVE_PHOTOS


class LimitsObject(BaseModel):
    """How much the service takes. Bytes are decimal: 40 MB are 40,000,000."""

    photo_bytes: int
    photo_pixels: int
    photo_min_side_px: int
    request_files: int
    request_bytes: int
    config_bytes: int
    archive_entries: int = Field(description="files in one zip or tar of a multipart request")
    archive_ratio: int = Field(description="how many times its own size an archive may unpack to")
    archive_unpacked_bytes: int = Field(description="what all archives of a request may unpack to")
    request_urls: int = Field(
        description="photos by URL in one request; 0 where this deployment fetches none"
    )
    job_photos: int = Field(description="photos of a job that is uploaded by presigned URLs")
    declare_files: int = Field(description="files that a request to `/v1/uploads` declares")
    filename_chars: int = Field(description="of a photo's path below its folder; the end is kept")
    upload_url_seconds: int = Field(description="how long a presigned URL holds")
    upload_retention_seconds: int = Field(
        description="how long an upload that is not sealed is kept after its last request"
    )
    open_photos: int = Field(
        description="photos of your tenant that may be declared, wait or run at a time; 0 is no"
        " limit, as in the five that follow"
    )
    photos_per_day: int = Field(description="photos of your tenant taken from midnight UTC on")
    stored_bytes: int = Field(description="of your tenant's photos that are kept")
    requests_per_second: int = Field(description="of your key")
    open_uploads: int = Field(description="requests of your key whose body is still being sent")
    open_streams: int = Field(description="event streams of your key")
    shrunk_photos: bool = Field(
        description="coordinates of photos that a client shrank (`hfer submit --shrink`) are told"
        " in pixels of the originals"
    )
    faces_per_photo: int
    labels_per_job: int
    page_rows: int
    wait_seconds: int = Field(description="longest `Prefer: wait=n`")
    wait_photos: int = Field(description="largest job that is waited for")
    inputs_retention_seconds: int = Field(description="how long photos are kept after the end")
    inputs_retention_max_seconds: int = Field(
        description="the most that a job may ask for with `keep_photos_s`"
    )
    results_retention_seconds: int
    bundle_bytes: int = Field(description="largest model bundle that can be published")
    bundle_files: int
    formats: list[str] = Field(
        description="what is read, by content, by this service and by every live worker"
    )
    emotions: list[Emotion] = Field(description="the labels, in order: apparent expressions")
    default_config: EffectiveConfig


def limits_object(limits: PhotoLimits, settings: Settings, own: TenantLimits) -> LimitsObject:
    """Collect the limits from where they are enforced; ``own`` are those of the caller."""
    return LimitsObject(
        photo_bytes=limits.photo_bytes,
        photo_pixels=limits.photo_pixels,
        photo_min_side_px=limits.photo_min_side_px,
        request_files=limits.request_files,
        request_bytes=limits.request_bytes,
        config_bytes=MAX_CONFIG_BYTES,
        archive_entries=limits.archive_entries,
        archive_ratio=limits.archive_ratio,
        archive_unpacked_bytes=limits.archive_unpacked_bytes,
        request_urls=MAX_URLS if settings.fetch.enabled else 0,
        job_photos=limits.job_photos,
        declare_files=limits.declare_files,
        filename_chars=MAX_CHARS,
        upload_url_seconds=settings.api.upload_url_s,
        upload_retention_seconds=upload_s(settings),
        **{name: value or 0 for name, value in asdict(own).items()},
        shrunk_photos=True,
        faces_per_photo=limits.faces_per_photo,
        labels_per_job=MAX_LABELS,
        page_rows=MAX_LIMIT,
        wait_seconds=MAX_WAIT_S,
        wait_photos=INTERACTIVE_PHOTOS,
        inputs_retention_seconds=settings.retention.inputs_s,
        inputs_retention_max_seconds=settings.retention.longest_inputs_s,
        results_retention_seconds=settings.retention.results_s,
        bundle_bytes=MAX_BUNDLE_BYTES,
        bundle_files=MAX_BUNDLE_FILES,
        formats=list(limits.formats),
        emotions=list(EMOTIONS),
        default_config=EffectiveConfig(
            **asdict(AnalysisOptions()), keep_photos_s=settings.retention.inputs_s
        ),
    )
