"""Every query on receipts of erasures: found, confirmed once the bucket is empty, signed."""

import uuid
from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import Select, delete, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from services.common.db.erasure_tables import Erasure, ErasureObject, ReceiptKey
from services.common.db.tables import DoomedObject, DoomedPrefix
from services.common.storage_keys import (
    annotated_prefix,
    pictures_prefix,
    training_faces_prefix,
    training_prefix,
    uploads_prefix,
)


def prefixes_of(erasure: Erasure) -> tuple[str, ...]:
    """Return the prefixes of what is erased, below which its objects are found by listing."""
    if erasure.of_job is None:
        return _of_job(erasure.tenant, erasure.job_public_id)
    own = (pictures_prefix, training_faces_prefix)
    return tuple(prefix(erasure.of_job, item) for item in erasure.items or () for prefix in own)


def _of_job(tenant: str, job: uuid.UUID) -> tuple[str, ...]:
    return annotated_prefix(job), uploads_prefix(tenant, job), training_prefix(job)


class ReceiptRepository:
    """Reads and writes receipts in the session's transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def get(self, tenant: str | None, job: uuid.UUID) -> Erasure | None:
        """Return the receipt of a job of the tenant, or of any."""
        query = select(Erasure).where(Erasure.job_public_id == job, Erasure.key_id.is_not(None))
        if tenant is not None:
            query = query.where(Erasure.tenant == tenant)
        return self._session.scalar(query)

    def page(
        self, tenant: str | None, *, before: uuid.UUID | None, limit: int
    ) -> Sequence[Erasure]:
        """Return up to ``limit`` receipts, of the newest job first, of jobs before ``before``."""
        query = select(Erasure).where(Erasure.key_id.is_not(None))
        if tenant is not None:
            query = query.where(Erasure.tenant == tenant)
        if before is not None:
            query = query.where(Erasure.job_public_id < before)
        return self._session.scalars(
            query.order_by(Erasure.job_public_id.desc()).limit(limit)
        ).all()

    def signing_keys(self) -> Sequence[ReceiptKey]:
        """Return all keys that sign or signed, the newest first."""
        return self._session.scalars(
            select(ReceiptKey).order_by(ReceiptKey.first_used_at.desc(), ReceiptKey.kid)
        ).all()

    def add_key(self, *, kid: str, public_key: bytes) -> None:
        """Note a key that signs; a second time changes nothing."""
        statement = insert(ReceiptKey).values(kid=kid, public_key=public_key)
        self._session.execute(statement.on_conflict_do_nothing())

    def take_due(self, *, grace: timedelta, again: timedelta) -> Erasure | None:
        """Return an erasure whose objects should be gone; it is due again after ``again``."""
        query = (
            select(Erasure)
            .where(Erasure.check_at <= func.now(), Erasure.erased_at <= func.now() - grace)
            .order_by(Erasure.check_at)
            .limit(1)
            .with_for_update(skip_locked=True)
        )
        due = self._session.scalar(query)
        if due is not None:
            self._session.execute(
                update(Erasure)
                .where(Erasure.job_public_id == due.job_public_id)
                .values(check_at=func.now() + again)
                .execution_options(synchronize_session=False)
            )
        return due

    def objects(self, job: uuid.UUID) -> list[str]:
        """Return the objects to look for that lie below no prefix of the job's own."""
        query = select(ErasureObject.object_key).where(ErasureObject.job_public_id == job)
        return list(self._session.scalars(query.order_by(ErasureObject.object_key)))

    def is_scheduled(self, erasure: Erasure) -> bool:
        """Whether an object of what is erased is still on its way out of the bucket.

        Objects of chosen photos may also be found below a prefix of the job that they were of.
        """
        job = erasure.job_public_id
        of_job = _of_job(erasure.tenant, erasure.of_job or job)
        objects = (
            select(ErasureObject.object_key)
            .join(DoomedObject, DoomedObject.object_key == ErasureObject.object_key)
            .where(ErasureObject.job_public_id == job)
        )
        listed = (
            objects.exists(),
            select(DoomedPrefix.prefix)
            .where(DoomedPrefix.prefix.in_({*prefixes_of(erasure), *of_job}))
            .exists(),
            *(_listed_below(prefix).exists() for prefix in of_job if erasure.of_job is None),
        )
        return bool(self._session.scalar(select(or_(*listed))))

    def confirm(self, erasure: Erasure, *, kept: int) -> Erasure:
        """Write that the bucket holds nothing of the job but ``kept`` objects of other jobs."""
        job = erasure.job_public_id
        self._session.execute(delete(ErasureObject).where(ErasureObject.job_public_id == job))
        confirmed = self._session.scalars(
            update(Erasure)
            .where(Erasure.job_public_id == job)
            .values(bucket_empty_at=func.now(), photos_kept=kept, check_at=None)
            .returning(Erasure)
            .execution_options(populate_existing=True)
        )
        return confirmed.one()

    def sign(self, erasure: Erasure, signature: str) -> None:
        """Keep the signature of a receipt."""
        self._session.execute(
            update(Erasure)
            .where(Erasure.job_public_id == erasure.job_public_id)
            .values(signature=signature)
            .execution_options(synchronize_session=False)
        )


def _listed_below(prefix: str) -> Select[str]:
    """Select objects below a prefix that are on their way out, by a range of the primary key.

    After the prefix of a job comes a digit of base 16, which no collation puts behind a z; whether
    it has the prefix is asked as well, as some collations pass over the slash.
    """
    key = DoomedObject.object_key
    within = (key > prefix) & (key < prefix + "z")
    return select(key).where(within, key.startswith(prefix, autoescape=True))
