"""Every query on jobs that serves a user's request. Each takes the tenant or a row found by it."""

import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session, aliased

from services.common.db.key_tables import ApiKey
from services.common.db.tables import Job
from services.common.domain.jobs import ACTIVE_JOB_STATUSES, JobStatus
from services.common.domain.queues import Lane
from services.common.telemetry import Origin

# What a search for words looks through: a quarter of a second.
SEARCHED = 50_000


@dataclass(frozen=True, slots=True)
class NewJob:
    """A job about to be written. ``status`` is already final when no photo of it needs work."""

    public_id: uuid.UUID
    tenant: str
    status: JobStatus
    total: int
    lane: Lane
    options: Mapping[str, Any]
    labels: Mapping[str, str]
    client_ref: str | None
    keep_results: timedelta
    keep_photos_s: int | None = None
    byte_count: int = 0
    idempotency_key: str | None = None
    request_hash: bytes | None = None
    parent_id: int | None = None
    key_id: int | None = None
    origin: Origin = field(default_factory=Origin)


@dataclass(frozen=True, slots=True)
class JobFilter:
    """What a listing is narrowed to; None and empty narrow nothing.

    ``parent`` is the job that the listed ones retry or run again. ``text`` is what the value of a
    label or the ``client_ref`` contains, whatever the case: of the newest ``SEARCHED`` jobs that
    fit otherwise.
    """

    status: JobStatus | None = None
    client_ref: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    created_after: datetime | None = None
    created_before: datetime | None = None
    parent: uuid.UUID | None = None
    text: str | None = None


@dataclass(frozen=True, slots=True)
class PageKey:
    """Where a page of jobs ended: creation time and public id of the last job.

    Without an id, or when that job is erased by now, the page goes on with what is older.
    """

    created_at: datetime
    public_id: uuid.UUID | None


@dataclass(frozen=True, slots=True)
class MadeBy:
    """The API key that made a job."""

    key: uuid.UUID
    name: str


@dataclass(frozen=True, slots=True)
class JobRow:
    """A job with its parent's public id, the key that made it and the database's clock."""

    job: Job
    parent: uuid.UUID | None
    made_by: MadeBy | None
    now: datetime


class JobRepository:
    """Reads and writes jobs in the session's transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def insert(self, new: NewJob) -> Job | None:
        """Write a sealed job; None if its idempotency key is taken by the tenant.

        A concurrent holder of the key is waited for: its commit gives None, its rollback a row.
        """
        final_at = func.now() if new.status.final else None
        statement = (
            insert(Job)
            .values(
                public_id=new.public_id,
                tenant=new.tenant,
                key_id=new.key_id,
                idempotency_key=new.idempotency_key,
                request_hash=new.request_hash,
                parent_id=new.parent_id,
                status=new.status,
                total=new.total,
                lane=new.lane,
                byte_count=new.byte_count,
                options=dict(new.options),
                labels=dict(new.labels),
                client_ref=new.client_ref,
                sealed_at=func.now(),
                started_at=final_at,
                finished_at=final_at,
                expires_at=func.now() + new.keep_results,
                keep_photos_s=new.keep_photos_s,
                request_id=new.origin.request_id,
                traceparent=new.origin.traceparent,
            )
            .on_conflict_do_nothing(index_elements=[Job.tenant, Job.idempotency_key])
            .returning(Job)
        )
        return self._session.scalar(statement)

    def by_idempotency_key(self, tenant: str, key: str) -> Job | None:
        """Return the tenant's job that was made, or whose upload was sealed, under this key.

        A key that did both for different jobs cannot be: `seal` refuses it.
        """
        keys = Job.idempotency_key == key, Job.seal_key == key
        return self._session.scalar(select(Job).where(Job.tenant == tenant, or_(*keys)))

    def get(self, tenant: str, public_id: uuid.UUID, *, lock: bool = False) -> Job | None:
        """Return a job of the tenant; ``lock`` keeps deletions of it out until the commit."""
        query = select(Job).where(*_visible(tenant), Job.public_id == public_id)
        if lock:
            query = query.with_for_update()
        return self._session.scalar(query)

    def get_to_erase(self, tenant: str, public_id: uuid.UUID) -> Job | None:
        """Return a job of the tenant, and keep retention out of it until the commit.

        Workers go on: they lock photos first and then the job, so that who locks the job against
        them and then its photos waits for ever.
        """
        query = select(Job).where(*_visible(tenant), Job.public_id == public_id)
        return self._session.scalar(query.with_for_update(read=True, key_share=True))

    def of_any_tenant(self, public_id: uuid.UUID) -> Job | None:
        """Return a job in whatever state, an upload too; for who answers to no tenant."""
        return self._session.scalar(select(Job).where(Job.public_id == public_id))

    def by_ids(self, job_ids: Sequence[int]) -> Sequence[Job]:
        """Return jobs of any tenant, as they are in the database by now."""
        query = select(Job).where(Job.id.in_(job_ids)).execution_options(populate_existing=True)
        return self._session.scalars(query).all()

    def row(self, tenant: str, public_id: uuid.UUID) -> JobRow | None:
        """Return a job of the tenant as a view needs it."""
        query = _rows().where(*_visible(tenant), Job.public_id == public_id)
        found = self._session.execute(query).one_or_none()
        return None if found is None else _row(*found)

    def page(
        self, tenant: str | None, *, narrow: JobFilter, after: PageKey | None, limit: int
    ) -> list[JobRow]:
        """Return up to ``limit`` jobs of the tenant, newest first, that follow ``after``.

        Without a tenant those of all, in the order of their ids, for which there is an index: it is
        that of their times but for jobs which were made in the same moment.
        """
        fitting = [*_narrowed(narrow), *_of(tenant, after)]
        if narrow.text is not None:
            fitting = [Job.id.in_(_saying(narrow.text, tenant, fitting, limit=limit))]
        query = _rows().where(*fitting).order_by(*_newest_first(Job, tenant)).limit(limit)
        return [_row(*found) for found in self._session.execute(query)]

    def request_cancel(self, job_id: int) -> bool:
        """Move an active job to ``cancelling``; False if its status forbids it by now."""
        moved = self._session.scalar(
            update(Job)
            .where(Job.id == job_id, Job.status.in_(ACTIVE_JOB_STATUSES))
            .values(status=JobStatus.CANCELLING, cancel_requested_at=func.now())
            .returning(Job.id)
            .execution_options(synchronize_session=False)
        )
        return moved is not None


def _rows() -> Select[Job, uuid.UUID | None, uuid.UUID | None, str | None, datetime]:
    parent = aliased(Job)
    return (
        select(Job, parent.public_id, ApiKey.public_id, ApiKey.name, func.now())
        .outerjoin(parent, parent.id == Job.parent_id)
        .outerjoin(ApiKey, ApiKey.id == Job.key_id)
    )


def _row(
    job: Job, parent: uuid.UUID | None, key: uuid.UUID | None, name: str | None, now: datetime
) -> JobRow:
    return JobRow(job, parent, MadeBy(key, name) if key and name else None, now)


def _number(after: PageKey) -> ColumnElement[int]:
    """Return the number of a job, or about where it was if it was erased meanwhile."""
    last = select(Job.id).where(Job.public_id == after.public_id)
    about = select(func.max(Job.id) + 1).where(Job.created_at <= after.created_at)
    return func.coalesce(last.scalar_subquery(), about.scalar_subquery())


def _visible(tenant: str) -> tuple[ColumnElement[bool], ...]:
    return Job.tenant == tenant, Job.status != JobStatus.OPEN


def _of(tenant: str | None, after: PageKey | None) -> Iterator[ColumnElement[bool]]:
    """Conditions that a job is the tenant's, or anybody's, and follows ``after``."""
    if tenant is None:
        yield Job.status != JobStatus.OPEN
        if after is not None:
            yield Job.id < _number(after)
        return
    yield from _visible(tenant)
    if after is not None:
        last = select(Job.id).where(Job.tenant == tenant, Job.public_id == after.public_id)
        yield or_(
            Job.created_at < after.created_at,
            and_(Job.created_at == after.created_at, Job.id < last.scalar_subquery()),
        )


def _newest_first(job: type[Job], tenant: str | None) -> list[ColumnElement[Any]]:
    return [job.id.desc()] if tenant is None else [job.created_at.desc(), job.id.desc()]


def _saying(
    words: str, tenant: str | None, fitting: Sequence[ColumnElement[bool]], *, limit: int
) -> Select[int]:
    """Select the first of the fitting jobs that say ``words``: no index has parts of words."""
    window = select(Job).where(*fitting).order_by(*_newest_first(Job, tenant)).limit(SEARCHED)
    job = aliased(Job, window.subquery())
    label = func.jsonb_each_text(job.labels).table_valued("key", "value")
    said = or_(
        job.client_ref.icontains(words, autoescape=True),
        exists().select_from(label).where(label.c.value.icontains(words, autoescape=True)),
    )
    return select(job.id).where(said).order_by(*_newest_first(job, tenant)).limit(limit)


def _narrowed(narrow: JobFilter) -> Iterator[ColumnElement[bool]]:
    if narrow.status is not None:
        yield Job.status == narrow.status
    if narrow.client_ref is not None:
        yield Job.client_ref == narrow.client_ref
    if narrow.labels:
        yield Job.labels.contains(dict(narrow.labels))
    if narrow.created_after is not None:
        yield Job.created_at > narrow.created_after
    if narrow.created_before is not None:
        yield Job.created_at < narrow.created_before
    if narrow.parent is not None:
        parent = aliased(Job)
        found = select(parent.id).where(parent.public_id == narrow.parent)
        yield Job.parent_id == found.scalar_subquery()
