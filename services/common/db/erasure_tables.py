"""The tables of erasures: tombstones with their receipts, and what is still to be looked for."""

import uuid
from datetime import datetime

from sqlalchemy import Index, Uuid, func, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from services.common.db.base import Base


class Erasure(Base):
    """A tombstone: the job existed and was erased. With ``key_id`` it is a receipt as well.

    ``erased_at`` is when the rows went, ``bucket_empty_at`` when the bucket was looked through and
    held nothing of the job any more; of its objects ``photos_kept`` stay for other jobs of the
    tenant, which name them too. Until then ``check_at`` is when to look next. ``training_faces``
    were kept to train on, and are in no data set any more; None in erasures of before there were
    any. ``signature`` is a JWS (RFC 7515) over the receipt, None where no key was configured.

    Of chosen photos ``of_job`` is the job, which lives on, and ``items`` are their public ids;
    ``job_public_id`` is then the erasure's own.
    """

    __tablename__ = "erasure"
    __table_args__ = (
        Index("ix_erasure_check_at", "check_at", postgresql_where=text("check_at IS NOT NULL")),
        Index(
            "ix_erasure_tenant_receipt",
            "tenant",
            "job_public_id",
            postgresql_where=text("key_id IS NOT NULL"),
        ),
    )

    job_public_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    of_job: Mapped[uuid.UUID | None]
    items: Mapped[list[uuid.UUID] | None] = mapped_column(ARRAY(Uuid))
    tenant: Mapped[str]
    reason: Mapped[str]
    photos: Mapped[int]
    reviews: Mapped[int | None]
    draws: Mapped[int | None]
    erased_at: Mapped[datetime] = mapped_column(server_default=func.now())
    key_id: Mapped[str | None]
    key_name: Mapped[str | None]
    stated_reason: Mapped[str | None]
    check_at: Mapped[datetime | None]
    bucket_empty_at: Mapped[datetime | None]
    photos_kept: Mapped[int | None]
    training_faces: Mapped[int | None]
    signature: Mapped[str | None]


class ErasureObject(Base):
    """An object of an erasure, until it was seen that the bucket does not hold it any more."""

    __tablename__ = "erasure_object"

    job_public_id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    object_key: Mapped[str] = mapped_column(primary_key=True)


class ReceiptKey(Base):
    """The public half of a key that signs or signed receipts."""

    __tablename__ = "receipt_key"

    kid: Mapped[str] = mapped_column(primary_key=True)
    public_key: Mapped[bytes]
    first_used_at: Mapped[datetime] = mapped_column(server_default=func.now())
