"""Jobs that are still being filled: opened, grown page by page, sealed."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import LargeBinary, func, select, type_coerce, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from services.common.db.key_tables import ApiKey
from services.common.db.tables import Item, Job
from services.common.domain.jobs import JobStatus
from services.common.telemetry import Origin


@dataclass(frozen=True, slots=True)
class FileToUpload:
    """A file as the client describes it."""

    filename: str
    sha256: bytes
    byte_count: int
    client_ref: str | None = None


@dataclass(frozen=True, slots=True)
class DeclaredPhoto:
    """A photo as declared. ``object_key`` is empty exactly when it was refused."""

    seq: int
    filename: str
    sha256: bytes
    byte_count: int
    client_ref: str | None
    object_key: str


class UploadRepository:
    """Reads and writes uploads in the session's transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def insert(
        self,
        *,
        public_id: uuid.UUID,
        tenant: str,
        idempotency_key: str | None,
        keep: timedelta,
        key_id: int | None,
    ) -> Job | None:
        """Open a job without photos; None if its idempotency key is taken by the tenant.

        A concurrent holder of the key is waited for: its commit gives None, its rollback a row.
        """
        statement = (
            insert(Job)
            .values(
                public_id=public_id,
                tenant=tenant,
                key_id=key_id,
                idempotency_key=idempotency_key,
                status=JobStatus.OPEN,
                total=0,
                options={},
                labels={},
                upload_until=func.now() + keep,
            )
            .on_conflict_do_nothing(index_elements=[Job.tenant, Job.idempotency_key])
            .returning(Job)
        )
        return self._session.scalar(statement)

    def get(self, tenant: str, public_id: uuid.UUID, *, lock: bool = False) -> Job | None:
        """Return an upload of the tenant, sealed or not; ``lock`` keeps other requests out."""
        query = select(Job).where(
            Job.tenant == tenant, Job.public_id == public_id, Job.upload_until.is_not(None)
        )
        if lock:
            query = query.with_for_update()
        return self._session.scalar(query)

    def is_of_revoked_key(self, job: Job) -> bool:
        """Whether the key that made the job was revoked."""
        query = select(ApiKey.id).where(ApiKey.id == job.key_id, ApiKey.revoked_at.is_not(None))
        return self._session.scalar(query) is not None

    def declared(self, job_id: int, *, first_seq: int, size: int) -> list[DeclaredPhoto]:
        """Return what was declared for the places from ``first_seq`` on."""
        query = (
            select(
                Item.seq,
                Item.filename,
                type_coerce(Item.sha256, LargeBinary),  # declared, so never null
                Item.byte_count,
                Item.client_ref,
                Item.object_key,
            )
            .where(Item.job_id == job_id, Item.seq.between(first_seq, first_seq + size - 1))
            .order_by(Item.seq)
        )
        return [DeclaredPhoto(*row) for row in self._session.execute(query)]

    def extend(self, job: Job, *, photos: int = 0, byte_count: int = 0, keep: timedelta) -> None:
        """Note photos and bytes that come to an open, locked job, and count its time anew."""
        self._change(
            job,
            total=(job.total or 0) + photos,
            byte_count=job.byte_count + byte_count,
            upload_until=func.now() + keep,
        )

    def seal(
        self,
        job: Job,
        *,
        options: Mapping[str, Any],
        labels: Mapping[str, str],
        client_ref: str | None,
        key: str | None,
        keep_results: timedelta,
        keep_photos_s: int,
        origin: Origin,
        key_id: int | None,
    ) -> None:
        """Hand the open job to the workers.

        Raises:
            IntegrityError: another upload was sealed under ``key`` a moment ago.
        """
        self._change(
            job,
            status=JobStatus.QUEUED,
            key_id=key_id,
            options=dict(options),
            labels=dict(labels),
            client_ref=client_ref,
            seal_key=key,
            sealed_at=func.now(),
            turn_at=func.now(),
            expires_at=func.now() + keep_results,
            keep_photos_s=keep_photos_s,
            request_id=origin.request_id,
            traceparent=origin.traceparent,
        )

    def _change(self, job: Job, **values: Any) -> None:
        statement = update(Job).where(Job.id == job.id).values(**values)
        self._session.execute(statement.execution_options(synchronize_session=False))
        self._session.refresh(job)
