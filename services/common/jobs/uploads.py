"""Jobs too large for one request: declared page by page, put into the bucket by the client.

An upload is a job in the state ``open``: declaring files writes their rows, so sealing changes
one row, whatever the job's size. The bucket is not asked whether every object came; a photo
that did not becomes a failed item, like any other that cannot be analysed (ADR 0010).
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from services.common.db.tables import Job
from services.common.domain.errors import JobError, JobErrorCode
from services.common.domain.faces import AnalysisOptions
from services.common.domain.ids import new_uuid7
from services.common.domain.jobs import JobStatus
from services.common.domain.queues import Lane
from services.common.jobs.job_models import choose_model
from services.common.jobs.lifecycle import ERASED_BY_USER
from services.common.jobs.options import check_options, to_stored
from services.common.jobs.repositories.erasures import ErasureRepository, ErasureRequest
from services.common.jobs.repositories.items import ItemRepository, NewItem, Refusal
from services.common.jobs.repositories.jobs import JobRepository
from services.common.jobs.repositories.uploads import DeclaredPhoto, FileToUpload, UploadRepository
from services.common.jobs.room import accepted_bytes, check_room
from services.common.jobs.submission import SubmissionRules, Submitted
from services.common.jobs.upload_faults import (
    check_key,
    check_open,
    mismatch,
    other_request,
    sealed,
)
from services.common.storage_keys import upload_key
from services.common.telemetry import current_origin
from services.common.tenants.repositories.usage import UsageRepository


@dataclass(frozen=True, slots=True)
class Declaration:
    """What a request declared; ``replayed`` says that an earlier one had done so."""

    job: Job
    photos: list[DeclaredPhoto]
    replayed: bool

    @property
    def is_open(self) -> bool:
        """Whether files may still be put and declared."""
        return JobStatus(self.job.status) is JobStatus.OPEN


@dataclass(frozen=True, slots=True)
class Seal:
    """How the photos of an upload are to be analysed."""

    options: AnalysisOptions
    labels: dict[str, str]
    client_ref: str | None
    keep_photos_s: int | None = None
    model: str | None = None


def find_upload(session: Session, tenant: str, public_id: uuid.UUID, *, lock: bool = False) -> Job:
    """Return an upload of the tenant, sealed or not.

    Raises:
        JobError: NOT_FOUND, or GONE when it was erased or had been left unsealed for too long.
    """
    job = UploadRepository(session).get(tenant, public_id, lock=lock)
    if job is not None:
        return job
    if ErasureRepository(session).is_erased(tenant, public_id):
        raise JobError(JobErrorCode.GONE, "This upload, or its job, was erased or has expired.")
    raise JobError(JobErrorCode.NOT_FOUND, "There is no such upload.")


def start_upload(
    session: Session,
    tenant: str,
    files: Sequence[FileToUpload],
    *,
    idempotency_key: str | None,
    rules: SubmissionRules,
    key_id: int | None = None,
) -> Declaration:
    """Open an upload with its first files, or find the one that the same request opened before.

    Raises:
        JobError: IDEMPOTENCY_MISMATCH, the key was used for another request; GONE, the API key
            that opened it was revoked.
        LimitExceededError: the tenant has too many photos.
    """
    if idempotency_key is not None:
        keyed = JobRepository(session).by_idempotency_key(tenant, idempotency_key)
        if keyed is not None and keyed.idempotency_key != idempotency_key:
            raise other_request()  # another upload was sealed under it
    job = UploadRepository(session).insert(
        public_id=new_uuid7(),
        tenant=tenant,
        idempotency_key=idempotency_key,
        keep=rules.keep_upload,
        key_id=key_id,
    )
    if job is not None:
        return _append(session, job, files, rules=rules)
    try:
        job = _earlier(session, tenant, idempotency_key)
        check_key(session, job)
        return _replay(session, job, files, start=0, rules=rules)
    except _OtherFilesError:
        raise other_request() from None


def declare(
    session: Session,
    tenant: str,
    public_id: uuid.UUID,
    files: Sequence[FileToUpload],
    *,
    start: int,
    rules: SubmissionRules,
) -> Declaration:
    """Add files from the place ``start`` on, or find that just these were added before.

    Raises:
        JobError: NOT_FOUND; GONE, also when the API key that opened it was revoked;
            UPLOAD_SEALED; UPLOAD_MISMATCH when other files stand there
            or a gap would be left; PAYLOAD_TOO_LARGE past the photos of a job.
        LimitExceededError: the tenant has too many photos.
    """
    job = find_upload(session, tenant, public_id, lock=True)
    check_key(session, job)
    held = job.total or 0
    if start < held:
        try:
            return _replay(session, job, files, start=start, rules=rules)
        except _OtherFilesError:
            check_open(job)
            raise mismatch(f"Other files were declared from place {start} on.", held) from None
    check_open(job)
    if start > held:
        raise mismatch(f"Files before place {start} are missing.", held)
    return _append(session, job, files, rules=rules)


def seal(
    session: Session,
    tenant: str,
    public_id: uuid.UUID,
    wanted: Seal,
    *,
    idempotency_key: str | None = None,
    rules: SubmissionRules,
    key_id: int | None = None,
) -> Submitted:
    """Make the job of an upload, in the order declared; a second time it is the same job.

    No key is needed for that. One that is given may be the one that opened the upload, but none
    that stands for another job or, on a sealed upload, for another config.

    Raises:
        JobError: NOT_FOUND; GONE, also when the API key that opened it was revoked;
            UPLOAD_SEALED when it was sealed with other settings;
            IDEMPOTENCY_MISMATCH when the key was used for another request; DETECTOR_UNAVAILABLE;
            MODEL_UNAVAILABLE.
    """
    job = find_upload(session, tenant, public_id, lock=True)
    if idempotency_key is not None:
        keyed = JobRepository(session).by_idempotency_key(tenant, idempotency_key)
        if keyed is not None and keyed.id != job.id:
            raise other_request()
    model = choose_model(session, wanted.model)
    settings = to_stored(wanted.options, model), wanted.labels, wanted.client_ref
    if JobStatus(job.status) is not JobStatus.OPEN:
        kept = job.keep_photos_s if wanted.keep_photos_s is None else wanted.keep_photos_s
        if (*settings, kept) == (job.options, job.labels, job.client_ref, job.keep_photos_s):
            return Submitted(job, Lane.BATCH, replayed=True)
        if idempotency_key is not None and idempotency_key == job.seal_key:
            raise other_request()
        raise sealed(job, "with another config")
    check_key(session, job)
    check_options(session, wanted.options, keeps_faces=rules.keeps_faces)
    options, labels, client_ref = settings
    try:
        with session.begin_nested():
            UploadRepository(session).seal(
                job,
                options=options,
                labels=labels,
                client_ref=client_ref,
                key=idempotency_key,
                keep_results=rules.keep_results,
                keep_photos_s=rules.keep_photos_s(wanted.keep_photos_s),
                origin=current_origin(),
                key_id=key_id,
            )
    except IntegrityError:
        # Nothing else is unique here: another upload was sealed under the key a moment ago.
        raise other_request() from None
    return Submitted(job, Lane.BATCH, replayed=False)


def discard(
    session: Session,
    tenant: str,
    public_id: uuid.UUID,
    *,
    urls_hold: timedelta,
    asked: ErasureRequest | None = None,
) -> bool:
    """Erase an upload that is not sealed, with what is put as long as its URLs hold.

    False if that was done before.

    Raises:
        JobError: NOT_FOUND; UPLOAD_SEALED, erase the job instead.
    """
    if ErasureRepository(session).is_erased(tenant, public_id):
        return False
    job = find_upload(session, tenant, public_id, lock=True)
    check_open(job)
    erasures = ErasureRepository(session)
    erasures.erase(job, reason=ERASED_BY_USER, urls_hold=urls_hold, asked=asked)
    return True


class _OtherFilesError(Exception):
    """The files are not those that were declared for their places."""


def _append(
    session: Session, job: Job, files: Sequence[FileToUpload], *, rules: SubmissionRules
) -> Declaration:
    start = job.total or 0
    total = start + len(files)
    if total > rules.limits.job_photos:
        raise JobError(
            JobErrorCode.PAYLOAD_TOO_LARGE,
            f"A job takes at most {rules.limits.job_photos} photos; open another upload.",
        )
    items = [_new_item(job, seq, file, rules=rules) for seq, file in enumerate(files, start)]
    # The job itself counts as well: its files are open photos from their declaration on.
    more = {"photos": len(items), "byte_count": accepted_bytes(items)}
    check_room(session, job.tenant, **more, defaults=rules.tenant)
    ItemRepository(session).copy(job.id, items, lane=Lane.BATCH, first_seq=start)
    UploadRepository(session).extend(job, **more, keep=rules.keep_upload)
    UsageRepository(session).accept(job.tenant, **more)
    photos = [
        DeclaredPhoto(
            seq, file.filename, file.sha256, file.byte_count, file.client_ref, item.object_key
        )
        for seq, (file, item) in enumerate(zip(files, items, strict=True), start)
    ]
    return Declaration(job, photos, replayed=False)


def _replay(
    session: Session, job: Job, files: Sequence[FileToUpload], *, start: int, rules: SubmissionRules
) -> Declaration:
    uploads = UploadRepository(session)
    photos = uploads.declared(job.id, first_seq=start, size=len(files))
    said = [FileToUpload(p.filename, p.sha256, p.byte_count, p.client_ref) for p in photos]
    if said != list(files):
        raise _OtherFilesError
    declaration = Declaration(job, photos, replayed=True)
    if declaration.is_open:
        uploads.extend(job, keep=rules.keep_upload)
    return declaration


def _new_item(job: Job, seq: int, file: FileToUpload, *, rules: SubmissionRules) -> NewItem:
    refusal = Refusal.by_size(file.byte_count, limit=rules.limits.photo_bytes)
    return NewItem(
        public_id=new_uuid7(),
        filename=file.filename,
        sha256=file.sha256,
        byte_count=file.byte_count,
        object_key="" if refusal else upload_key(job.tenant, job.public_id, seq, file.sha256),
        client_ref=file.client_ref,
        refusal=refusal,
    )


def _earlier(session: Session, tenant: str, idempotency_key: str | None) -> Job:
    assert idempotency_key is not None  # noqa: S101 - nothing else makes an insert conflict
    found = JobRepository(session).by_idempotency_key(tenant, idempotency_key)
    if found is None:
        raise JobError(
            JobErrorCode.IDEMPOTENCY_IN_PROGRESS,
            "A request with this Idempotency-Key is being undone; send yours again.",
        )
    job = UploadRepository(session).get(tenant, found.public_id, lock=True)
    if job is None:
        raise other_request()
    return job
