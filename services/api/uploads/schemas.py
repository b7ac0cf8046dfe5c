"""What uploads look like over HTTP."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from services.api.filenames import clean_filename
from services.api.jobs.results.schemas import ItemErrorObject
from services.api.jobs.schemas import JobConfig, job_path
from services.api.schemas import FileName, Input, ShortText, UtcTime, Whole
from services.api.uploads.examples import DECLARED_EXAMPLE, FILE_EXAMPLE, UPLOAD_EXAMPLE
from services.common.db.tables import Job
from services.common.domain.ids import IdKind, format_id
from services.common.domain.jobs import JobStatus
from services.common.domain.limits import PhotoLimits
from services.common.jobs.repositories.items import Refusal
from services.common.jobs.repositories.uploads import DeclaredPhoto, FileToUpload

# 1,000 files whose name and reference are as long as they may be, every sign as an escape.
MAX_BODY_BYTES = 12_000_000
MAX_FILES = PhotoLimits().declare_files
_BIGGEST = 2**63 - 1


class UploadFile(Input):
    """A file that is going to be put."""

    model_config = ConfigDict(json_schema_extra={"example": FILE_EXAMPLE})

    filename: FileName = Field(description="its path below the folder that is sent")
    size: Whole = Field(
        ge=0,
        le=_BIGGEST,
        description="bytes: the bucket takes a body of this length and no other. An empty or too"
        " large file gets no URL and becomes a failed photo of the job",
    )
    sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")] = Field(
        description="of the bytes; what was put is checked against it before it is analysed"
    )
    client_ref: ShortText | None = Field(default=None, description="yours, given back")

    def to_domain(self) -> FileToUpload:
        """Return it as the use cases know it."""
        return FileToUpload(
            filename=clean_filename(self.filename),
            sha256=bytes.fromhex(self.sha256),
            byte_count=self.size,
            client_ref=self.client_ref,
        )


class NewUpload(Input):
    """The first files of an upload."""

    model_config = ConfigDict(json_schema_extra={"example": {"files": [FILE_EXAMPLE]}})

    files: list[UploadFile] = Field(min_length=1, max_length=MAX_FILES)


class MoreFiles(Input):
    """Further files of an upload."""

    model_config = ConfigDict(
        json_schema_extra={"example": {"start": 1000, "files": [FILE_EXAMPLE]}}
    )

    start: Whole = Field(
        ge=0,
        le=_BIGGEST,
        description="place of the first of these files in the job: the number of files declared"
        " so far, or, to get fresh URLs, where just these files were declared before",
    )
    files: list[UploadFile] = Field(min_length=1, max_length=MAX_FILES)


class UploadSeal(Input):
    """How the photos of an upload are to be analysed."""

    model_config = ConfigDict(
        json_schema_extra={"example": {"config": {"top_n": 3, "labels": {"album": "2026-11"}}}}
    )

    config: JobConfig = JobConfig()


class UploadLinks(BaseModel):
    """Paths of what belongs to the upload."""

    self: str
    files: str
    job: str | None


class UploadObject(BaseModel):
    """Files on their way into the bucket, in the order of the job that they will be."""

    model_config = ConfigDict(json_schema_extra={"example": UPLOAD_EXAMPLE})

    id: str
    object: Literal["upload"] = "upload"
    status: Literal["open", "sealed"] = Field(description="`sealed`: it is a job by now")
    files: int = Field(description="declared so far: the next `start`")
    created_at: UtcTime
    expires_at: UtcTime | None = Field(
        description="when an open upload is erased; each request with files counts anew"
    )
    job_id: str | None = Field(description="the job, once sealed")
    links: UploadLinks


class UploadSlot(BaseModel):
    """Where one file goes."""

    index: int = Field(description="place of the photo in the job, from 0")
    url: str | None = Field(
        description="PUT the bytes here, with `Content-Length` equal to the declared size and no"
        " API key; null when there is nothing to put"
    )
    stored: bool = Field(description="an object of the declared size is in the bucket already")
    error: ItemErrorObject | None = Field(description="why the photo will fail: its size")


class DeclaredFiles(UploadObject):
    """An upload with the URLs of the files of one request, in their order."""

    model_config = ConfigDict(json_schema_extra={"example": DECLARED_EXAMPLE})

    urls_expire_at: UtcTime
    data: list[UploadSlot]


def upload_fields(job: Job, *, base: str) -> dict[str, Any]:
    """Turn the row of an upload into the fields of its public form."""
    upload_id = format_id(IdKind.UPLOAD, job.public_id)
    is_open = JobStatus(job.status) is JobStatus.OPEN
    job_id = None if is_open else format_id(IdKind.JOB, job.public_id)
    path = f"{base}/v1/uploads/{upload_id}"
    return {
        "id": upload_id,
        "status": "open" if is_open else "sealed",
        "files": job.total or 0,
        "created_at": job.created_at,
        "expires_at": job.upload_until if is_open else None,
        "job_id": job_id,
        "links": {
            "self": path,
            "files": f"{path}/files",
            "job": None if job_id is None else base + job_path(job_id),
        },
    }


def declared_files(
    job: Job,
    slots: list[UploadSlot],
    *,
    urls_expire_at: datetime,
    base: str,
) -> DeclaredFiles:
    """Build the answer to a request that declared files."""
    fields = upload_fields(job, base=base)
    return DeclaredFiles.model_validate({**fields, "urls_expire_at": urls_expire_at, "data": slots})


def upload_slot(
    photo: DeclaredPhoto, *, url: str | None, stored: Mapping[str, int], limit: int
) -> UploadSlot:
    """Return where a file goes; ``stored`` holds the sizes of objects that are there, by key."""
    refusal = Refusal.by_size(photo.byte_count, limit=limit)
    if refusal is not None:
        error = ItemErrorObject(code=refusal.code.value, detail=refusal.detail, retryable=False)
        return UploadSlot(index=photo.seq, url=None, stored=False, error=error)
    is_stored = stored.get(photo.object_key) == photo.byte_count
    return UploadSlot(index=photo.seq, url=None if is_stored else url, stored=is_stored, error=None)
