"""Entries of the audit: added, read, forgotten by age, and never changed."""

from datetime import timedelta

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from services.common.audit.repository import AuditRepository
from services.common.db.audit_tables import AuditEntry
from services.common.db.grants import Role
from services.common.db.session import SessionFactory, unit_of_work
from tests.fixtures.as_role import sessions_as

DAY = timedelta(days=1)


def add(sessions: SessionFactory, object_id: str, *, days_old: float = 0) -> None:
    """Write an entry as the tables' owner, who alone can say when it was."""
    with unit_of_work(sessions) as session:
        session.execute(
            text(
                "INSERT INTO audit (at, action, key_id, key_name, tenant, object_id)"
                " VALUES (now() - make_interval(secs => :age), 'job.erased', 'k', 'n', 't', :about)"
            ),
            {"age": days_old * 86_400, "about": object_id},
        )


def left(sessions: SessionFactory) -> list[str | None]:
    with sessions() as session:
        return list(session.scalars(select(AuditEntry.object_id).order_by(AuditEntry.id)))


class TestForgetting:
    def test_maintenance_forgets_by_age_slice_by_slice(self, sessions: SessionFactory) -> None:
        for days, name in ((9, "oldest"), (8, "older"), (2, "young"), (0, "now")):
            add(sessions, name, days_old=days)
        keep, maintenance = 7 * DAY, sessions_as(sessions, Role.MAINTENANCE)
        for expected in (1, 1, 0):
            with unit_of_work(maintenance) as session:
                assert AuditRepository(session).forget(keep=keep, limit=1) == expected
        assert left(sessions) == ["young", "now"]

    def test_nothing_goes_within_a_day_whoever_asks(self, sessions: SessionFactory) -> None:
        add(sessions, "young", days_old=0.9)
        for some in (sessions, sessions_as(sessions, Role.MAINTENANCE)):
            with pytest.raises(DBAPIError, match="not changed"), unit_of_work(some) as session:
                session.execute(text("DELETE FROM audit"))
        assert left(sessions) == ["young"]


def test_not_even_the_owner_changes_an_entry(sessions: SessionFactory) -> None:
    add(sessions, "old", days_old=300)
    with pytest.raises(DBAPIError, match="not changed"), unit_of_work(sessions) as session:
        session.execute(text("UPDATE audit SET problem = 'none'"))
