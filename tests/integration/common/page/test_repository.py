"""Marks of a page in Postgres: counted under a lock, apart by tenant, and bounded."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import func, select, text

from services.common.db.page_tables import PageMark
from services.common.db.session import SessionFactory, unit_of_work
from services.common.domain.page import MarkKind
from services.common.page import repository as module
from services.common.page.repository import PageMarkRepository

LOGIN, SESSION = MarkKind.LOGIN, MarkKind.SESSION


def digest(number: int) -> bytes:
    return number.to_bytes(32)


def add(
    sessions: SessionFactory,
    number: int,
    *,
    tenant: str = "acme",
    kind: MarkKind = LOGIN,
    expected: int | None = None,
) -> int | None:
    with unit_of_work(sessions) as session:
        marks = PageMarkRepository(session, tenant)
        return marks.add(kind, digest(number), ttl_s=600, expected=expected)


def count(sessions: SessionFactory, number: int, *, tenant: str = "acme") -> int:
    with unit_of_work(sessions) as session:
        found = PageMarkRepository(session, tenant).read(LOGIN, [digest(number)])
    assert all(0 <= mark.age_s < 600 for mark in found)
    return sum(mark.count for mark in found)


def test_counts_what_is_expected_alone(sessions: SessionFactory) -> None:
    counts = [add(sessions, 1, expected=expected) for expected in (0, 1, 1, 7, None)]
    assert counts == [1, 2, None, None, 3]
    assert add(sessions, 2, expected=1) is None
    assert count(sessions, 2) == 0


def test_processes_that_expect_the_same_do_not_both_count(sessions: SessionFactory) -> None:
    with ThreadPoolExecutor(8) as threads:
        counts = list(threads.map(lambda _: add(sessions, 1, expected=0), range(8)))
    assert sorted(counts, key=str) == [1, *[None] * 7]


def test_tenants_and_kinds_are_apart(sessions: SessionFactory) -> None:
    add(sessions, 1)
    assert count(sessions, 1, tenant="other") == 0
    add(sessions, 2, kind=SESSION)
    assert count(sessions, 2) == 0


def test_is_taken_back_to_nothing_and_not_below(sessions: SessionFactory) -> None:
    add(sessions, 1)
    for _ in range(2):
        with unit_of_work(sessions) as session:
            PageMarkRepository(session, "acme").take_back(LOGIN, digest(1))
    assert count(sessions, 1) == 0
    assert add(sessions, 1, expected=0) == 1


def test_begins_anew_when_its_time_is_over(sessions: SessionFactory) -> None:
    for _ in range(3):
        add(sessions, 1)
    with unit_of_work(sessions) as session:
        session.execute(text("UPDATE page_mark SET until = now() - interval '1 s'"))
    assert count(sessions, 1) == 0
    assert add(sessions, 1, expected=0) == 1


def test_the_oldest_and_those_over_go(
    sessions: SessionFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_MARKS", 3)
    add(sessions, 0, tenant="other")
    add(sessions, 0, kind=SESSION)
    for number in range(6):
        add(sessions, number)
    assert [count(sessions, number) for number in range(6)] == [0, 0, 0, 1, 1, 1]
    with unit_of_work(sessions) as session:
        session.execute(text("UPDATE page_mark SET until = now() WHERE kind = 'login'"))
    add(sessions, 9)
    with unit_of_work(sessions) as session:
        rows = session.execute(
            select(PageMark.tenant, PageMark.kind, func.count()).group_by(
                PageMark.tenant, PageMark.kind
            )
        )
        assert {(tenant, kind): n for tenant, kind, n in rows} == {
            ("acme", "login"): 1,
            ("acme", "session"): 1,
            ("other", "login"): 1,
        }
