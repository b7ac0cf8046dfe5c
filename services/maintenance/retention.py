"""Forgetting in time: photos after a day, results after a month, and what nobody names."""

import time
import uuid
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Protocol

from services.common.config import RetentionSettings
from services.common.db.session import SessionFactory, unit_of_work
from services.common.domain.jobs import JobStatus
from services.common.jobs.repositories.erasures import ErasureRepository
from services.common.jobs.repositories.retention import RetentionRepository
from services.common.processes.repositories import WorkerRepository
from services.common.storage import StoredObject
from services.common.storage_keys import ANNOTATED, PHOTOS, annotated_prefix
from services.common.telemetry import Metrics, get_logger
from services.common.webhooks.repositories.deliveries import DeliveryRepository

JOB_SLICE = 10
# One request deletes 1,000 objects; half of that keeps the transaction around it short.
DELETION_SLICE = 500
LISTING_SLICE = 1_000
MESSAGE_SLICE = 1_000
# A listing costs a request per 1,000 objects, of which nearly all are fine.
ORPHANS_EVERY_S = 3_600.0
ERASED_BY_AGE = "retention"

_log = get_logger(__name__)


class RetentionBucket(Protocol):
    """What is asked of the object storage."""

    def delete(self, keys: Iterable[str]) -> None:
        """Delete objects."""

    def list(self, prefix: str) -> Iterator[StoredObject]:
        """Walk objects below a prefix."""


class Retention:
    """One step forgets a slice of everything that is due.

    Photos are shared between jobs of a tenant, so their deletion is scheduled first and done
    later, unless a row names them again; annotated pictures belong to one job and go at once.
    """

    def __init__(
        self,
        sessions: SessionFactory,
        bucket: RetentionBucket,
        *,
        settings: RetentionSettings,
        metrics: Metrics,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._sessions = sessions
        self._bucket = bucket
        self._settings = settings
        self._metrics = metrics
        self._clock = clock
        self._now = now
        self._orphans_at = float("-inf")

    def step(self) -> bool:
        """Forget once; whether a slice was full, so that more is waiting."""
        self._watch()  # first: a bucket that is away must not hide how late we are
        full = self._erase_inputs() >= JOB_SLICE
        full = self._erase_jobs() >= JOB_SLICE or full
        full = self._delete_scheduled() >= DELETION_SLICE or full
        full = self._forget_messages() >= MESSAGE_SLICE or full
        if self._clock() - self._orphans_at >= ORPHANS_EVERY_S:
            self._schedule_orphans()
            self._orphans_at = self._clock()
        return full

    def _erase_inputs(self) -> int:
        with unit_of_work(self._sessions) as session:
            repository = RetentionRepository(session)
            keep = timedelta(seconds=self._settings.inputs_s)
            jobs = repository.due_inputs(keep=keep, limit=JOB_SLICE)
            for job in jobs:
                self._delete_pictures(job.public_id)
                repository.erase_inputs(job.id)
        self._metrics.erased_inputs.inc(len(jobs))
        return len(jobs)

    def _erase_jobs(self) -> int:
        with unit_of_work(self._sessions) as session:
            jobs = RetentionRepository(session).due_jobs(limit=JOB_SLICE)
            for job in jobs:
                self._delete_pictures(job.public_id)
                ErasureRepository(session).erase(job, reason=ERASED_BY_AGE)
            WorkerRepository(session).forget_dead()
        for job in jobs:
            abandoned = JobStatus(job.status) is JobStatus.OPEN
            self._metrics.erased_jobs.labels("abandoned" if abandoned else "age").inc()
        return len(jobs)

    def _delete_pictures(self, job: uuid.UUID) -> None:
        keys = [stored.key for stored in self._bucket.list(annotated_prefix(job))]
        self._bucket.delete(keys)
        self._metrics.deleted_objects.labels("picture").inc(len(keys))

    def _delete_scheduled(self) -> int:
        with unit_of_work(self._sessions) as session:
            repository = RetentionRepository(session)
            grace = timedelta(seconds=self._settings.grace_s)
            due, named = repository.due_objects(grace=grace, limit=DELETION_SLICE)
            if due:
                self._bucket.delete(due)
                _log.info("objects.deleted", objects=len(due))
            repository.forget([*due, *named])
        self._metrics.deleted_objects.labels("photo").inc(len(due))
        return len(due) + len(named)

    def _watch(self) -> None:
        with unit_of_work(self._sessions) as session:
            overdue = RetentionRepository(session).overdue(
                keep_inputs=timedelta(seconds=self._settings.inputs_s),
                grace=timedelta(seconds=self._settings.grace_s),
            )
        late = {"inputs": overdue.inputs_s, "results": overdue.results_s}
        for kind, seconds in {**late, "objects": overdue.objects_s}.items():
            self._metrics.retention_late.labels(kind).set(seconds)
        self._metrics.doomed_objects.set(overdue.scheduled)

    def _forget_messages(self) -> int:
        keep = timedelta(seconds=self._settings.deliveries_s)
        with unit_of_work(self._sessions) as session:
            return DeliveryRepository(session).forget(keep=keep, limit=MESSAGE_SLICE)

    def _schedule_orphans(self) -> None:
        old = self._now() - timedelta(seconds=self._settings.orphans_s)
        for keys in slices(self._keys(PHOTOS, older_than=old)):
            with unit_of_work(self._sessions) as session:
                ErasureRepository(session).schedule_deletion(
                    RetentionRepository(session).unnamed(keys)
                )
        for keys in slices(self._keys(ANNOTATED, older_than=old)):
            with unit_of_work(self._sessions) as session:
                jobs = {key: _job_of(key) for key in keys}
                known = RetentionRepository(session).jobs_with_inputs(
                    sorted({job for job in jobs.values() if job is not None})
                )
                ErasureRepository(session).schedule_deletion(
                    key for key in keys if jobs[key] not in known
                )

    def _keys(self, prefix: str, *, older_than: datetime) -> Iterator[str]:
        for stored in self._bucket.list(prefix):
            if stored.modified < older_than:
                yield stored.key


def slices(keys: Iterator[str]) -> Iterator[list[str]]:
    """Cut a long listing into lists of `LISTING_SLICE`."""
    while piece := list(islice(keys, LISTING_SLICE)):
        yield piece


def _job_of(key: str) -> uuid.UUID | None:
    """Return the job that a picture's key names; None for a key of another shape."""
    digits = key.removeprefix(ANNOTATED).partition("/")[0]
    try:
        return uuid.UUID(hex=digits)
    except ValueError:
        return None
