"""The table of the audit: who did what, on what, when, and with what outcome."""

from datetime import datetime

from sqlalchemy import BigInteger, Index, func
from sqlalchemy.orm import Mapped, mapped_column

from services.common.db.base import Base


class AuditEntry(Base):
    """One act of a caller, written with the change that it is about and never changed after.

    A trigger refuses every update, and deletions before an entry is a day old, to the tables' owner
    too; of the roles (grants.py) the API's may add and read, and maintenance's read and delete.
    Keys, jobs and models are named by their public ids and outlive here what they name.
    """

    __tablename__ = "audit"
    __table_args__ = (
        Index("ix_audit_at", "at"),
        Index("ix_audit_tenant_id", "tenant", "id"),
        Index("ix_audit_key_id_id", "key_id", "id"),
        Index("ix_audit_object_id", "object_id"),
    )

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    at: Mapped[datetime] = mapped_column(server_default=func.now())
    action: Mapped[str]
    key_id: Mapped[str]
    key_name: Mapped[str]
    tenant: Mapped[str]
    address: Mapped[str | None]
    object_id: Mapped[str | None]
    problem: Mapped[str | None]
    request_id: Mapped[str | None]
