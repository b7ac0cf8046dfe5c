"""Every query on the audit."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import cast

from sqlalchemy import ColumnElement, Table, delete, func, insert, select
from sqlalchemy.orm import Session

from services.common.db.audit_tables import AuditEntry

_ADD = insert(cast("Table", AuditEntry.__table__)).inline()


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """What a listing is narrowed to; None narrows nothing. ``since`` is included, ``until`` not."""

    tenant: str | None = None
    key_id: str | None = None
    action: str | None = None
    object_id: str | None = None
    since: datetime | None = None
    until: datetime | None = None


class AuditRepository:
    """Adds and reads entries in the session's transaction; none is ever changed."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, **columns: str | None) -> None:
        """Write an entry of these columns; Postgres' clock says when.

        By a statement and not as an object: every submission pays for it.
        """
        self._session.execute(_ADD, columns)

    def page(
        self, *, narrow: AuditFilter, before_id: int | None, limit: int
    ) -> Sequence[AuditEntry]:
        """Return up to ``limit`` entries, newest first, older than ``before_id``."""
        query = select(AuditEntry).where(*_narrowed(narrow))
        if before_id is not None:
            query = query.where(AuditEntry.id < before_id)
        return self._session.scalars(query.order_by(AuditEntry.id.desc()).limit(limit)).all()

    def forget(self, *, keep: timedelta, limit: int) -> int:
        """Delete up to ``limit`` entries that were kept for ``keep``, a day at least; how many."""
        due = (
            select(AuditEntry.id)
            .where(AuditEntry.at < func.now() - keep)
            .order_by(AuditEntry.at)
            .limit(limit)
        )
        gone = self._session.scalars(
            delete(AuditEntry)
            .where(AuditEntry.id.in_(due))
            .returning(AuditEntry.id)
            .execution_options(synchronize_session=False)
        )
        return len(gone.all())


def _narrowed(narrow: AuditFilter) -> Iterator[ColumnElement[bool]]:
    if narrow.tenant is not None:
        yield AuditEntry.tenant == narrow.tenant
    if narrow.key_id is not None:
        yield AuditEntry.key_id == narrow.key_id
    if narrow.action is not None:
        yield AuditEntry.action == narrow.action
    if narrow.object_id is not None:
        yield AuditEntry.object_id == narrow.object_id
    if narrow.since is not None:
        yield AuditEntry.at >= narrow.since
    if narrow.until is not None:
        yield AuditEntry.at < narrow.until
