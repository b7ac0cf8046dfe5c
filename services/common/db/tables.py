"""The tables. Bigint ids inside, UUIDv7 ids outside; only SQL that Postgres 16 to 18 all have.

The item table is its own outbox: a row with ``state=READY`` is work, whatever the broker knows.
The primary key of ``outcome`` is the guarantee of one result or one error per photo.
"""

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    SmallInteger,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from services.common.db.base import Base
from services.common.db.key_tables import ApiKey
from services.common.domain.jobs import ItemState, JobStatus
from services.common.domain.queues import Lane

_STATUSES = ", ".join(f"'{status}'" for status in JobStatus)
_READY = text(f"state = {ItemState.READY}")
_LEASED = text(f"state = {ItemState.LEASED}")
_ACTIVE = text("status IN ('queued', 'running')")
_WITH_MODEL = text("finished_at IS NULL AND (options -> 'model') IS NOT NULL")


class Job(Base):
    """A batch of photos of one tenant.

    While the job is ``open`` its photos are being uploaded: ``total`` counts those declared so
    far, and the job is forgotten at ``upload_until`` unless it is sealed. A job whose photos
    came with one request is sealed from the start and has no ``upload_until``. ``seal_key`` is the
    idempotency key of the request that sealed an upload, ``idempotency_key`` of the first one.
    ``byte_count`` adds up the photos that came with requests, not those fetched from URLs.
    ``request_id`` and ``traceparent`` (W3C, if it is traced) are those of the request that handed
    the job to the workers, for their log lines and spans. Among the jobs of a tenant in a ``lane``
    the one with the oldest ``turn_at`` is next. ``key_id`` is the key that made the job:
    while it is ``open`` that which began the upload, then that which sealed it. ``keep_photos_s``
    is how long its photos are kept after its end; a job of before 0023 has none and the setting is.
    """

    __tablename__ = "job"
    __table_args__ = (
        UniqueConstraint("tenant", "idempotency_key"),
        UniqueConstraint("tenant", "seal_key"),
        CheckConstraint(f"status IN ({_STATUSES})", name="status"),
        Index("ix_job_tenant_page", "tenant", "created_at", "id"),
        Index("ix_job_active", "id", postgresql_where=text("finished_at IS NULL")),
        Index("ix_job_turn", "lane", "tenant", "turn_at", "id", postgresql_where=_ACTIVE),
        # Without it every job that is deleted reads all the others, to find those made of it.
        Index("ix_job_parent_id", "parent_id", postgresql_where=text("parent_id IS NOT NULL")),
        Index(
            "ix_job_inputs_due", "finished_at", postgresql_where=text("inputs_erased_at IS NULL")
        ),
        Index("ix_job_with_model", "turn_at", postgresql_where=_WITH_MODEL),
        Index("ix_job_results_due", "expires_at", postgresql_where=text("finished_at IS NOT NULL")),
        Index(
            "ix_job_training",
            "id",
            postgresql_where=text("inputs_erased_at IS NULL AND options ? 'keep_for_training'"),
        ),
        Index("ix_job_upload_due", "upload_until", postgresql_where=text("status = 'open'")),
    )

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    public_id: Mapped[uuid.UUID] = mapped_column(unique=True)
    tenant: Mapped[str]
    key_id: Mapped[int | None] = mapped_column(ForeignKey(ApiKey.id))
    idempotency_key: Mapped[str | None]
    seal_key: Mapped[str | None]
    request_hash: Mapped[bytes | None]
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("job.id", ondelete="SET NULL"))
    status: Mapped[str] = mapped_column(default=JobStatus.OPEN)
    total: Mapped[int | None]
    # Nobody reads it; processes of before 0014, which may run beside these, write it.
    priority: Mapped[int] = mapped_column(SmallInteger, server_default="0", deferred=True)
    lane: Mapped[str] = mapped_column(server_default=Lane.BATCH)
    turn_at: Mapped[datetime] = mapped_column(server_default=func.now())
    byte_count: Mapped[int] = mapped_column(BigInteger, default=0, server_default=text("0"))
    options: Mapped[dict[str, Any]]
    labels: Mapped[dict[str, str]] = mapped_column(default=dict)
    client_ref: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    upload_until: Mapped[datetime | None]
    sealed_at: Mapped[datetime | None]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    cancel_requested_at: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]
    inputs_erased_at: Mapped[datetime | None]
    keep_photos_s: Mapped[int | None] = mapped_column(BigInteger)
    request_id: Mapped[str | None]
    traceparent: Mapped[str | None]


class Item(Base):
    """One photo of a job, its place in the queue and its lease.

    ``sha256`` names the bytes in the bucket; ``object_key`` is where they are. A photo that
    ``source_url`` names has neither until it is fetched, and no ``next_at`` that ever comes.
    ``solo`` marks a suspect that is claimed alone; ``iso_crashes`` counts crashes while it was
    alone. ``event_id`` is the place of a finished photo in the job's stream of events: a trigger
    (migration 0007) makes it of the finishing transaction's id and ``seq`` (ADR 0015).
    """

    __tablename__ = "item"
    __table_args__ = (
        UniqueConstraint("job_id", "seq"),
        CheckConstraint("state BETWEEN 0 AND 3", name="state"),
        CheckConstraint(f"(state = {ItemState.FINISHED}) = (verdict IS NOT NULL)", name="verdict"),
        Index("ix_item_ready_job", "job_id", "next_at", "id", postgresql_where=_READY),
        Index("ix_item_ready_queue", "queue", "next_at", postgresql_where=_READY),
        Index("ix_item_leased", "lease_until", postgresql_where=_LEASED),
        Index("ix_item_job_state", "job_id", "state", "verdict"),
        Index("ix_item_sha256", "sha256"),
        Index("ix_item_event", "job_id", "event_id", postgresql_where=text("event_id IS NOT NULL")),
        {"postgresql_with": {"fillfactor": 70, "autovacuum_vacuum_scale_factor": 0.02}},
    )

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    public_id: Mapped[uuid.UUID] = mapped_column(unique=True)
    job_id: Mapped[int] = mapped_column(ForeignKey("job.id", ondelete="CASCADE"))
    seq: Mapped[int]
    queue: Mapped[str]
    filename: Mapped[str]
    client_ref: Mapped[str | None]
    source_url: Mapped[str | None]
    object_key: Mapped[str]
    sha256: Mapped[bytes | None]
    byte_count: Mapped[int] = mapped_column(BigInteger)
    state: Mapped[int] = mapped_column(SmallInteger, default=ItemState.READY)
    verdict: Mapped[int | None] = mapped_column(SmallInteger)
    attempts: Mapped[int] = mapped_column(SmallInteger, default=0)
    iso_crashes: Mapped[int] = mapped_column(SmallInteger, default=0)
    solo: Mapped[bool] = mapped_column(default=False)
    lease_token: Mapped[uuid.UUID | None]
    lease_task: Mapped[uuid.UUID | None]
    lease_until: Mapped[datetime | None]
    next_at: Mapped[datetime] = mapped_column(server_default=func.now())
    last_error: Mapped[str | None]
    event_id: Mapped[int | None] = mapped_column(BigInteger)


class UrlFetch(Base):
    """A photo that a URL names, until it is in the bucket or has failed.

    Apart from `Item`, so that claims of workers never read past photos that nobody has.
    ``next_at`` is when it may be claimed: a claim moves it to the end of its lease. ``host`` is
    the URL's, so that claims can be kept few on each.
    """

    __tablename__ = "url_fetch"
    __table_args__ = (
        Index("ix_url_fetch_due", "job_id", "host", "next_at", "item_id"),
        Index("ix_url_fetch_held", "host", postgresql_where=text("token IS NOT NULL")),
    )

    item_id: Mapped[int] = mapped_column(
        ForeignKey("item.id", ondelete="CASCADE"), primary_key=True
    )
    job_id: Mapped[int] = mapped_column(ForeignKey("job.id", ondelete="CASCADE"))
    host: Mapped[str] = mapped_column(default="", server_default="")
    attempts: Mapped[int] = mapped_column(SmallInteger, default=0)
    token: Mapped[uuid.UUID | None]
    next_at: Mapped[datetime] = mapped_column(server_default=func.now())


class JobTally(Base):
    """Final photos of a job by verdict, kept by every statement that makes a photo final.

    So are the faces in them, the CPU time of workers, and the bytes that came from URLs: who asked
    for the job used them, whatever becomes of the job (`TenantUsage`).

    Counting 100,000 rows for every poll would cost more than the poll. A job has a few rows,
    by ``slot``, so that workers which finish photos of it at once do not wait for each other.
    """

    __tablename__ = "job_tally"

    job_id: Mapped[int] = mapped_column(ForeignKey("job.id", ondelete="CASCADE"), primary_key=True)
    slot: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    succeeded: Mapped[int] = mapped_column(default=0)
    no_face: Mapped[int] = mapped_column(default=0)
    failed: Mapped[int] = mapped_column(default=0)
    cancelled: Mapped[int] = mapped_column(default=0)
    faces: Mapped[int] = mapped_column(BigInteger, default=0, server_default=text("0"))
    core_ms: Mapped[int] = mapped_column(BigInteger, default=0, server_default=text("0"))
    fetched_bytes: Mapped[int] = mapped_column(BigInteger, default=0, server_default=text("0"))


class Outcome(Base):
    """The one result or the one error of an item. ``payload`` is a photo analysis as JSON."""

    __tablename__ = "outcome"
    __table_args__ = (
        CheckConstraint("ok = (error_code IS NULL)", name="ok"),
        # By default a fifth of a month's outcomes may be dead before their room is used again.
        {"postgresql_with": {"autovacuum_vacuum_scale_factor": 0.02}},
    )

    item_id: Mapped[int] = mapped_column(
        ForeignKey("item.id", ondelete="CASCADE"), primary_key=True
    )
    ok: Mapped[bool]
    payload: Mapped[dict[str, Any] | None]
    error_code: Mapped[str | None]
    error_detail: Mapped[str | None]
    model_version: Mapped[str | None]
    milliseconds: Mapped[float | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())


class Worker(Base):
    """A live worker child: observability and readiness, never correctness."""

    __tablename__ = "worker"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    kind: Mapped[str]
    host: Mapped[str]
    pid: Mapped[int]
    model_version: Mapped[str | None]
    started_at: Mapped[datetime] = mapped_column(server_default=func.now())
    beat_at: Mapped[datetime] = mapped_column(server_default=func.now())
    claimed_at: Mapped[datetime | None]
    current: Mapped[dict[str, Any] | None]


class Model(Base):
    """A published bundle: its identity, its manifest and whether it is the active one."""

    __tablename__ = "model"
    __table_args__ = (
        UniqueConstraint("name", "version"),
        Index("uq_model_active", "active", unique=True, postgresql_where=text("active")),
    )

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    public_id: Mapped[uuid.UUID] = mapped_column(unique=True)
    name: Mapped[str]
    version: Mapped[str]
    sha256: Mapped[bytes] = mapped_column(unique=True)
    manifest: Mapped[dict[str, Any]]
    active: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    activated_at: Mapped[datetime | None]


class DoomedObject(Base):
    """An object that is deleted unless a row names it: one given up, or one without a job yet.

    ``doomed_at`` of a photo on its way to a job lies ahead; the job takes it off the list.
    """

    __tablename__ = "doomed_object"
    __table_args__ = (Index("ix_doomed_object_doomed_at", "doomed_at"),)

    object_key: Mapped[str] = mapped_column(primary_key=True)
    doomed_at: Mapped[datetime] = mapped_column(server_default=func.now())


class DoomedPrefix(Base):
    """A prefix below which everything is deleted that no row names, whoever put it there.

    Its objects are listed in pages; ``after`` is the last key of those that were seen.
    """

    __tablename__ = "doomed_prefix"
    __table_args__ = (Index("ix_doomed_prefix_doomed_at", "doomed_at"),)

    prefix: Mapped[str] = mapped_column(primary_key=True)
    doomed_at: Mapped[datetime] = mapped_column(server_default=func.now())
    after: Mapped[str | None]
