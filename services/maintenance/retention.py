"""Forgetting in time: photos after a day, results after a month, and what nobody names."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from itertools import islice
from typing import Protocol

from sqlalchemy.orm import Session

from services.common.audit.repository import AuditRepository
from services.common.datasets.repositories.thinning import ThinningRepository
from services.common.db.session import SessionFactory, unit_of_work
from services.common.db.tables import Job
from services.common.domain.jobs import JobStatus
from services.common.jobs.repositories.erasures import ERASED_BY_AGE, ErasureRepository
from services.common.jobs.repositories.retention import RetentionRepository
from services.common.processes.repositories import WorkerRepository
from services.common.retention_settings import RetentionSettings
from services.common.storage import StoredObject
from services.common.storage_keys import ANNOTATED, PHOTOS, TRAINING, picture_of, training_face
from services.common.telemetry import Metrics, get_logger
from services.common.tenants.repositories.usage import UsageRepository
from services.common.webhooks.repositories.deliveries import DeliveryRepository

JOB_SLICE = 10
# Of a transaction, if its first job alone has not more. A long one holds up events and vacuum.
PHOTO_SLICE = 10_000
# One request deletes 1,000 objects; half of that keeps the transaction around it short.
DELETION_SLICE = 500
# What one request lists.
LISTING_SLICE = 1_000
PAGES_SLICE = 50
MESSAGE_SLICE = 1_000
AUDIT_SLICE = 1_000
FACES_SLICE = 1_000

_log = get_logger(__name__)


class RetentionBucket(Protocol):
    """What is asked of the object storage."""

    def delete(self, keys: Iterable[str]) -> None:
        """Delete objects."""

    def list(self, prefix: str, *, after: str | None = None) -> Iterator[StoredObject]:
        """Walk objects below a prefix in the order of their keys, from ``after`` on."""


class Retention:
    """One step forgets a slice of everything that is due.

    Objects are scheduled first and deleted later, unless a row names them again: photos by their
    keys, pictures, and what came after its job was gone, by a prefix below which they are found.
    """

    def __init__(
        self,
        sessions: SessionFactory,
        bucket: RetentionBucket,
        *,
        settings: RetentionSettings,
        metrics: Metrics,
    ) -> None:
        self._sessions = sessions
        self._bucket = bucket
        self._settings = settings
        self._metrics = metrics
        self._grace = timedelta(seconds=settings.grace_s)
        self._keep = {"keep_s": settings.inputs_s, "keep_max_s": settings.longest_inputs_s}

    def step(self) -> bool:
        """Forget once; whether a slice was full, so that more is waiting."""
        self._watch()  # first: a bucket that is away must not hide how late we are
        full = self._erase_inputs()
        full = self._erase_jobs() or full
        full = self._delete_scheduled() >= DELETION_SLICE or full
        full = self._clear_prefixes() or full
        full = self._forget_faces() >= FACES_SLICE or full
        full = self._forget_audit() >= AUDIT_SLICE or full
        full = self._forget_usage() >= MESSAGE_SLICE or full
        return self._forget_messages() >= MESSAGE_SLICE or full

    def _erase_inputs(self) -> bool:
        with unit_of_work(self._sessions) as session:
            repository = RetentionRepository(session)
            due = repository.due_inputs(**self._keep, limit=JOB_SLICE)
            jobs = first_share(due)
            for job in jobs:
                repository.erase_inputs(job)
        self._metrics.erased_inputs.inc(len(jobs))
        return len(jobs) < len(due) or len(due) >= JOB_SLICE

    def _erase_jobs(self) -> bool:
        with unit_of_work(self._sessions) as session:
            due = RetentionRepository(session).due_jobs(limit=JOB_SLICE)
            jobs = first_share(due)
            for job in jobs:
                ErasureRepository(session).erase(job, reason=ERASED_BY_AGE)
            WorkerRepository(session).forget_dead()
        for job in jobs:
            abandoned = JobStatus(job.status) is JobStatus.OPEN
            self._metrics.erased_jobs.labels("abandoned" if abandoned else "age").inc()
        return len(jobs) < len(due) or len(due) >= JOB_SLICE

    def _clear_prefixes(self) -> bool:
        """Clear a few pages of objects, each in a transaction; whether more may be waiting."""
        return all(self._clear_page() for _ in range(PAGES_SLICE))

    def _clear_page(self) -> bool:
        """Look through a page of a due prefix for what no row names; whether there was one.

        Pictures are made of jobs that are committed, so they go at once. A photo may be on its way
        to a job: it is listed like those that were put a moment ago.
        """
        with unit_of_work(self._sessions) as session:
            repository = RetentionRepository(session)
            due = repository.due_prefix(grace=self._grace)
            if due is None:
                return False
            page = islice(self._bucket.list(due.prefix, after=due.after), LISTING_SLICE)
            keys = [stored.key for stored in page]
            photos = ErasureRepository(session).schedule_strays(
                [key for key in keys if key.startswith(PHOTOS)]
            )
            pictures = [*_pictures_without_job(session, keys), *_faces_not_kept(session, keys)]
            self._bucket.delete(pictures)
            repository.turn_page(due, after=keys[-1] if len(keys) == LISTING_SLICE else None)
        self._metrics.deleted_objects.labels("picture").inc(len(pictures))
        if photos:
            self._metrics.stray_objects.inc(photos)
            _log.info("objects.stray", prefix=due.prefix, objects=photos)
        return True

    def _delete_scheduled(self) -> int:
        with unit_of_work(self._sessions) as session:
            repository = RetentionRepository(session)
            due, named = repository.due_objects(grace=self._grace, limit=DELETION_SLICE)
            if due:
                self._bucket.delete(due)
                _log.info("objects.deleted", objects=len(due))
            repository.forget([*due, *named])
        self._metrics.deleted_objects.labels("photo").inc(len(due))
        return len(due) + len(named)

    def _watch(self) -> None:
        with unit_of_work(self._sessions) as session:
            overdue = RetentionRepository(session).overdue(**self._keep, grace=self._grace)
        late = {"inputs": overdue.inputs_s, "results": overdue.results_s}
        for kind, seconds in {**late, "objects": overdue.objects_s}.items():
            self._metrics.retention_late.labels(kind).set(seconds)
        self._metrics.doomed_objects.set(overdue.scheduled)

    def _forget_faces(self) -> int:
        """Take what was kept to train on out of the data sets when its own time is over."""
        keep = timedelta(seconds=self._settings.training_s)
        with unit_of_work(self._sessions) as session:
            return ThinningRepository(session).expire(keep=keep, limit=FACES_SLICE)

    def _forget_usage(self) -> int:
        keep = timedelta(seconds=self._settings.usage_s)
        with unit_of_work(self._sessions) as session:
            return UsageRepository(session).forget(keep=keep, limit=MESSAGE_SLICE)

    def _forget_messages(self) -> int:
        keep = timedelta(seconds=self._settings.deliveries_s)
        with unit_of_work(self._sessions) as session:
            return DeliveryRepository(session).forget(keep=keep, limit=MESSAGE_SLICE)

    def _forget_audit(self) -> int:
        keep = timedelta(seconds=self._settings.audit_s)
        with unit_of_work(self._sessions) as session:
            return AuditRepository(session).forget(keep=keep, limit=AUDIT_SLICE)


def first_share(jobs: Sequence[Job]) -> list[Job]:
    """Return the first jobs, at least one, up to `PHOTO_SLICE` photos of them together."""
    share: list[Job] = []
    photos = 0
    for job in jobs:
        photos += job.total or 0
        if share and photos > PHOTO_SLICE:
            break
        share.append(job)
    return share


def _pictures_without_job(session: Session, keys: Sequence[str]) -> list[str]:
    """Return those of these keys that are pictures of no photo that is kept."""
    found = {key: picture_of(key) for key in keys if key.startswith(ANNOTATED)}
    pictures = [picture for picture in found.values() if picture is not None]
    repository = RetentionRepository(session)
    jobs = repository.jobs_with_inputs(sorted({job for job, _ in pictures}))
    erased = repository.items_without_photo({item for _, item in pictures})
    return [
        key
        for key, picture in found.items()
        if picture is None or picture[0] not in jobs or picture[1] in erased
    ]


def _faces_not_kept(session: Session, keys: Sequence[str]) -> list[str]:
    """Return those of these keys that are faces to train on which no row names."""
    faces = {key: training_face(key) for key in keys if key.startswith(TRAINING)}
    named = ThinningRepository(session).named(
        {key: face for key, face in faces.items() if face is not None}
    )
    return [key for key in faces if key not in named]
