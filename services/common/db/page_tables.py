"""The table of what the page's processes have to know of each other."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Index, func
from sqlalchemy.orm import Mapped, mapped_column

from services.common.db.base import Base
from services.common.domain.page import MarkKind

_KINDS = ", ".join(f"'{kind}'" for kind in MarkKind)


class PageMark(Base):
    """Something that the page of a tenant counts for a while: wrong passwords, ended sessions.

    ``digest`` is the page's own HMAC of an address or a session: the database learns neither.
    """

    __tablename__ = "page_mark"
    __table_args__ = (
        CheckConstraint(f"kind IN ({_KINDS})", name="kind"),
        Index("ix_page_mark_until", "tenant", "kind", "until"),
    )

    tenant: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    digest: Mapped[bytes] = mapped_column(primary_key=True)
    count: Mapped[int]
    marked_at: Mapped[datetime] = mapped_column(server_default=func.now())
    until: Mapped[datetime]
