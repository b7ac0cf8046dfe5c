"""The table of API keys."""

import uuid
from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, func, text
from sqlalchemy.orm import Mapped, mapped_column

from services.common.db.base import Base


class ApiKey(Base):
    """A key of a tenant. Only the SHA-256 of the secret is stored; it is shown once.

    A key that was rolled has another secret; the former one works until ``former_until``.
    """

    __tablename__ = "api_key"
    # What law prohibits is in no row without its exception, whatever wrote it.
    __table_args__ = (
        CheckConstraint(
            "purpose NOT IN ('workplace', 'education') OR purpose_exception IS NOT NULL",
            name="purpose",
        ),
        CheckConstraint("output IN ('full', 'blurred', 'aggregate')", name="output"),
    )

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    public_id: Mapped[uuid.UUID] = mapped_column(unique=True)
    tenant: Mapped[str]
    name: Mapped[str]
    prefix: Mapped[str]
    secret_hash: Mapped[bytes] = mapped_column(unique=True)
    former_prefix: Mapped[str | None]
    former_hash: Mapped[bytes | None] = mapped_column(unique=True)
    former_until: Mapped[datetime | None]
    scopes: Mapped[list[str]]
    output: Mapped[str] = mapped_column(server_default=text("'full'"))
    purpose: Mapped[str | None]
    purpose_exception: Mapped[str | None]
    purpose_note: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    expires_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
