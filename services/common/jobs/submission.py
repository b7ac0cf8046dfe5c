"""Submitting a job: fingerprint, queue cap, idempotency, and the rows in one transaction.

Objects are in the bucket before; hints are sent after the commit, by the caller.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from sqlalchemy.orm import Session

from services.common.db.tables import Job
from services.common.domain.errors import JobError, JobErrorCode
from services.common.domain.faces import AnalysisOptions
from services.common.domain.ids import new_uuid7
from services.common.domain.jobs import JobStatus
from services.common.domain.limits import PhotoLimits
from services.common.domain.queues import Lane
from services.common.domain.tenants import TenantLimits
from services.common.jobs.job_models import choose_model
from services.common.jobs.options import JobModel, check_options, to_stored
from services.common.jobs.queue.closing import announce_ends
from services.common.jobs.repositories.items import ItemRepository, NewItem
from services.common.jobs.repositories.jobs import JobRepository, NewJob
from services.common.jobs.room import accepted_bytes, check_room
from services.common.telemetry import current_origin
from services.common.tenants.repositories.usage import UsageRepository

# Up to this many photos somebody is thought to be waiting; more go to the batch lane.
INTERACTIVE_PHOTOS = 8


@dataclass(frozen=True, slots=True)
class SubmissionRules:
    """What a deployment sets.

    Attributes:
        tenant: how much a tenant may have for whom nothing else is set.
        keep_results: how long results live.
        keep_photos: how long photos live after the end of a job that asks for nothing else.
        keep_photos_max: how long they may live at most.
        keep_upload: how long an upload lives without a request about it, unless it is sealed.
        limits: of photos and jobs.
        keeps_faces: whether faces may outlive their photos, to train on.
    """

    tenant: TenantLimits
    keep_results: timedelta
    keep_upload: timedelta = timedelta(days=1)
    limits: PhotoLimits = field(default_factory=PhotoLimits)
    keep_photos: timedelta = timedelta(days=1)
    keep_photos_max: timedelta = timedelta(days=1)
    keeps_faces: bool = True

    def keep_photos_s(self, asked: int | None) -> int:
        """Return how many seconds a job's photos live after its end, of as many as it asks for."""
        kept = self.keep_photos if asked is None else timedelta(seconds=asked)
        return int(min(kept, self.keep_photos_max).total_seconds())


@dataclass(frozen=True, slots=True)
class Submission:
    """A job that a tenant wants, its photos in the order sent; ``key_id`` of which API key.

    ``keep_photos_s`` is how long they are to be kept after its end; None for the deployment's.
    ``model`` is the id or version of the one to be answered with; None for whichever is active.
    ``formerly`` are the photos that the same request of before took, where these are others.
    """

    tenant: str
    items: Sequence[NewItem]
    options: AnalysisOptions = field(default_factory=AnalysisOptions)
    labels: dict[str, str] = field(default_factory=dict)
    client_ref: str | None = None
    idempotency_key: str | None = None
    parent: Job | None = None
    key_id: int | None = None
    keep_photos_s: int | None = None
    model: str | None = None
    formerly: Sequence[NewItem] = ()


@dataclass(frozen=True, slots=True)
class Submitted:
    """The job as it is now; ``replayed`` says that an earlier request made it.

    ``passed_over`` are the files of its archives that are no photos.
    """

    job: Job
    lane: Lane
    replayed: bool
    passed_over: int = 0

    @property
    def has_work(self) -> bool:
        """Whether workers should be notified."""
        return not self.replayed and not JobStatus(self.job.status).final


def lane_of(photos: int) -> Lane:
    """Return which lane serves a job of this size."""
    return Lane.INTERACTIVE if photos <= INTERACTIVE_PHOTOS else Lane.BATCH


def fingerprint(submission: Submission) -> bytes:
    """Digest what makes two requests the same: settings, and name and content of each photo.

    Of a photo that is still to be fetched its URL takes the place of the content.
    """
    said: dict[str, Any] = {
        "options": to_stored(submission.options),
        "labels": submission.labels,
        "client_ref": submission.client_ref,
        "parent": submission.parent.public_id.hex if submission.parent else None,
        "photos": [[item.filename, _content(item)] for item in submission.items],
    }
    if submission.keep_photos_s is not None:  # else as requests of before were digested
        said["keep_photos_s"] = submission.keep_photos_s
    if submission.model is not None:
        said["model"] = submission.model
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).digest()


def _fingerprints(submission: Submission) -> set[bytes]:
    """Return what a request that is the same may have left: once, names without their folders."""
    items = [replace(item, filename=item.filename.rpartition("/")[2]) for item in submission.items]
    others = (items, submission.formerly) if submission.formerly else (items,)
    return {fingerprint(replace(submission, items=one)) for one in (submission.items, *others)}


def _content(item: NewItem) -> str | None:
    return item.source_url if item.sha256 is None else item.sha256.hex()


def submit(session: Session, submission: Submission, *, rules: SubmissionRules) -> Submitted:
    """Write a job with all of its photos, or find the one that the same request made before.

    Raises:
        JobError: IDEMPOTENCY_MISMATCH, the key was used for another request;
            DETECTOR_UNAVAILABLE; MODEL_UNAVAILABLE.
        LimitExceededError: the tenant has too many photos.
    """
    jobs = JobRepository(session)
    earlier = find_earlier(session, submission)
    if earlier is None:
        work = sum(item.refusal is None for item in submission.items)
        byte_count = accepted_bytes(submission.items)
        check_room(
            session,
            submission.tenant,
            photos=work,
            refused=len(submission.items) - work,
            byte_count=byte_count,
            defaults=rules.tenant,
        )
        check_options(session, submission.options, keeps_faces=rules.keeps_faces)
        model = choose_model(session, submission.model)
        new = _new_job(submission, model, work=work, byte_count=byte_count, rules=rules)
        job = jobs.insert(new)
        if job is not None:
            lane = Lane(job.lane)
            ItemRepository(session).copy(job.id, submission.items, lane=lane)
            if JobStatus(job.status).final:
                announce_ends(session, [job])
            UsageRepository(session).accept(
                submission.tenant, photos=len(submission.items), byte_count=byte_count
            )
            return Submitted(job, lane, replayed=False)
        earlier = find_earlier(session, submission)  # the same request, a moment ahead of this one
    if earlier is None:
        raise JobError(
            JobErrorCode.IDEMPOTENCY_IN_PROGRESS,
            "A request with this Idempotency-Key is being undone; send yours again.",
        )
    return Submitted(earlier, lane_of(len(submission.items)), replayed=True)


def find_earlier(session: Session, submission: Submission) -> Job | None:
    """Return the job that the same request made before.

    Raises:
        JobError: IDEMPOTENCY_MISMATCH, the key was used for another request.
    """
    if submission.idempotency_key is None:
        return None
    jobs = JobRepository(session)
    job = jobs.by_idempotency_key(submission.tenant, submission.idempotency_key)
    if job is not None and job.request_hash not in _fingerprints(submission):
        raise JobError(
            JobErrorCode.IDEMPOTENCY_MISMATCH,
            "This Idempotency-Key was used for other photos or another config; use a new key.",
        )
    return job


def _new_job(
    submission: Submission,
    model: JobModel | None,
    *,
    work: int,
    byte_count: int,
    rules: SubmissionRules,
) -> NewJob:
    keyed = submission.idempotency_key is not None
    return NewJob(
        public_id=new_uuid7(),
        tenant=submission.tenant,
        # Nothing to do for a worker means that every photo was refused.
        status=JobStatus.QUEUED if work else JobStatus.FAILED,
        total=len(submission.items),
        lane=lane_of(len(submission.items)),
        options=to_stored(submission.options, model),
        labels=submission.labels,
        client_ref=submission.client_ref,
        keep_results=rules.keep_results,
        keep_photos_s=rules.keep_photos_s(submission.keep_photos_s),
        byte_count=byte_count,
        idempotency_key=submission.idempotency_key,
        request_hash=fingerprint(submission) if keyed else None,
        parent_id=submission.parent.id if submission.parent else None,
        key_id=submission.key_id,
        origin=current_origin(),
    )
