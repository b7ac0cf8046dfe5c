"""What users do to a job that exists: cancel it, retry failed photos, run it again, erase it.

Or erase some of its photos.
"""

import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from sqlalchemy.orm import Session

from services.common.db.tables import Item, Job
from services.common.domain.errors import JobError, JobErrorCode
from services.common.domain.ids import IdKind, format_id, new_uuid7
from services.common.domain.jobs import JobStatus
from services.common.jobs.options import from_stored, model_of
from services.common.jobs.repositories.erasures import ErasureRepository, ErasureRequest
from services.common.jobs.repositories.items import ItemRepository, NewItem
from services.common.jobs.repositories.jobs import JobRepository
from services.common.jobs.repositories.photo_erasures import ErasedPhotos, PhotoErasureRepository
from services.common.jobs.submission import (
    Submission,
    SubmissionRules,
    Submitted,
    find_earlier,
    submit,
)
from services.common.jobs.views import find_job

ERASED_BY_USER = "user"


def cancel(session: Session, tenant: str, public_id: uuid.UUID) -> None:
    """Ask for an end; the sweeper and the workers carry it out. Asking twice is fine.

    Raises:
        JobError: NOT_FOUND, GONE, or JOB_FINAL when the job ended otherwise.
    """
    job = find_job(session, tenant, public_id, lock=True)
    JobRepository(session).request_cancel(job.id)
    session.refresh(job)
    status = JobStatus(job.status)
    if status.final and status is not JobStatus.CANCELLED:
        raise JobError(JobErrorCode.JOB_FINAL, f"The job is {status} and can no longer change.")


def retry(
    session: Session,
    tenant: str,
    public_id: uuid.UUID,
    *,
    idempotency_key: str | None,
    rules: SubmissionRules,
    key_id: int | None = None,
) -> Submitted:
    """Make a new job of the photos that failed, with the settings of the old one.

    Photos that are at fault themselves, or were never stored, are left out.

    Raises:
        JobError: NOT_FOUND; GONE, also when only the photos are; JOB_NOT_FINISHED;
            NOTHING_TO_RETRY; IDEMPOTENCY_MISMATCH; DETECTOR_UNAVAILABLE; MODEL_UNAVAILABLE.
        LimitExceededError: the tenant has too many photos.
    """
    # Locked: an erasure that ran meanwhile would delete photos that the new job names.
    job = find_job(session, tenant, public_id, lock=True)
    _check_kept(job, "retry it")
    items = ItemRepository(session)
    model = model_of(job.options)
    wanted = Submission(
        tenant=tenant,
        items=[_again(item) for item in items.failed_retryable(job.id)],
        # Until 2026-12 a retry took damaged photos along, and its key still finds that job.
        formerly=[_again(item) for item in items.failed_stored(job.id)],
        options=from_stored(job.options),
        labels=job.labels,
        client_ref=job.client_ref,
        idempotency_key=idempotency_key,
        parent=job,
        key_id=key_id,
        keep_photos_s=job.keep_photos_s,
        model=None if model is None else model.version,
    )
    if not wanted.items and find_earlier(session, wanted) is None:
        raise JobError(
            JobErrorCode.NOTHING_TO_RETRY, "No photo of this job failed in a way to try again."
        )
    return submit(session, wanted, rules=rules)


@dataclass(frozen=True, slots=True)
class Rerun:
    """How a job's photos are to be analysed once more.

    Attributes:
        model: id or version of the model to answer with; None for whichever is active.
        changes: options, by name, that are others than the job's.
        keep_photos_s: how long the photos are kept from then on; None for the deployment's time.
    """

    model: str | None = None
    changes: Mapping[str, Any] = field(default_factory=dict)
    keep_photos_s: int | None = None


def rerun(
    session: Session,
    tenant: str,
    public_id: uuid.UUID,
    wanted: Rerun,
    *,
    idempotency_key: str | None,
    rules: SubmissionRules,
    key_id: int | None = None,
) -> Submitted:
    """Make a new job of all photos of a job while they are kept, each under its number.

    Photos that were refused before they were stored fail again; those of URLs that could not be
    fetched are fetched. They count towards the tenant's limits as photos that are sent do.

    Raises:
        JobError: NOT_FOUND; GONE, also when only the photos are; JOB_NOT_FINISHED;
            IDEMPOTENCY_MISMATCH; DETECTOR_UNAVAILABLE; MODEL_UNAVAILABLE.
        LimitExceededError: the tenant has too many photos.
    """
    # Locked: an erasure that ran meanwhile would delete photos that the new job names.
    job = find_job(session, tenant, public_id, lock=True)
    _check_kept(job, "run it again")
    wish = Submission(
        tenant=tenant,
        items=ItemRepository(session).again(job.id),
        options=replace(from_stored(job.options), **wanted.changes),
        labels=job.labels,
        client_ref=job.client_ref,
        idempotency_key=idempotency_key,
        parent=job,
        key_id=key_id,
        keep_photos_s=wanted.keep_photos_s,
        model=wanted.model,
    )
    return submit(session, wish, rules=rules)


def erase(
    session: Session,
    tenant: str,
    public_id: uuid.UUID,
    *,
    urls_hold: timedelta,
    asked: ErasureRequest | None = None,
) -> bool:
    """Delete a job in whatever state, its photos and pictures; False if that was done before.

    The rows go with the commit, the objects later, and then ``asked`` has its receipt.

    Workers that hold photos of it find their leases gone and write nothing. Clients may go on to
    put photos of an upload for as long as its ``urls_hold``: those are deleted then.

    Raises:
        JobError: NOT_FOUND.
    """
    erasures = ErasureRepository(session)
    erasures.take_turn(public_id)
    job = JobRepository(session).get_to_erase(tenant, public_id)
    # Before, or by retention a moment ago. Its faces may have outlived the job.
    if job is None and erasures.is_erased(tenant, public_id):
        return erasures.erase_kept(public_id, reason=ERASED_BY_USER, asked=asked)
    job = job or find_job(session, tenant, public_id)
    erasures.erase(job, reason=ERASED_BY_USER, urls_hold=urls_hold, asked=asked)
    return True


def erase_photos(
    session: Session,
    tenant: str,
    public_id: uuid.UUID,
    items: Collection[uuid.UUID] = (),
    *,
    places: Collection[int] = (),
    urls_hold: timedelta,
    asked: ErasureRequest,
) -> ErasedPhotos:
    """Erase photos of a final job, named by id or by their number; all of them, or none.

    The job's row is locked, so that no review, rerun or data set takes from them meanwhile. The
    objects go later, as at any erasure.

    Raises:
        JobError: NOT_FOUND, also when one is no photo of the job; GONE; JOB_NOT_FINISHED.
    """
    job = find_job(session, tenant, public_id, lock=True)
    if not JobStatus(job.status).final:
        raise JobError(
            JobErrorCode.JOB_NOT_FINISHED,
            f"The job is {job.status}; erase photos of it when it is final, or the whole job.",
        )
    photos = PhotoErasureRepository(session)
    by_place = photos.ids(job.id, places)
    missing = [f"number {place}" for place in places if place not in by_place]
    missing += [format_id(IdKind.ITEM, item) for item in photos.unknown(job.id, items)]
    if missing:
        raise JobError(
            JobErrorCode.NOT_FOUND,
            f"{len(missing)} of these are no photos of this job, first {missing[0]}; nothing was"
            " erased.",
        )
    wanted = dict.fromkeys([*items, *by_place.values()])
    return photos.erase(job, list(wanted), asked=asked, urls_hold=urls_hold)


def _check_kept(job: Job, what: str) -> None:
    if not JobStatus(job.status).final:
        raise JobError(
            JobErrorCode.JOB_NOT_FINISHED, f"The job is {job.status}; {what} when it is final."
        )
    if job.inputs_erased_at is not None:
        raise JobError(
            JobErrorCode.GONE,
            "The photos of this job are erased; send them as a new job, and for a longer"
            " time to look at them with 'keep_photos_s'.",
        )


def _again(item: Item) -> NewItem:
    return NewItem(
        public_id=new_uuid7(),
        filename=item.filename,
        sha256=item.sha256,
        byte_count=item.byte_count,
        object_key=item.object_key,
        client_ref=item.client_ref,
        source_url=item.source_url,
    )
