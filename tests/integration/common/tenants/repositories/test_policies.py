"""What is set for tenants, in the database."""

from collections.abc import Iterator

import pytest
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from services.common.db.grants import Role
from services.common.db.session import SessionFactory, unit_of_work
from services.common.domain.tenants import TenantLimits, TenantPolicy
from services.common.tenants.repositories.policies import TenantPolicyRepository
from tests.fixtures.as_role import sessions_as
from tests.fixtures.jobs import make_key


@pytest.fixture
def session(sessions: SessionFactory) -> Iterator[Session]:
    with unit_of_work(sessions) as session:
        yield session


class TestPolicies:
    def test_of_whom_nothing_is_set_are_the_deployments(self, session: Session) -> None:
        policies = TenantPolicyRepository(session)
        assert policies.get("acme") == TenantPolicy("acme", 1, TenantLimits(), None)
        assert not policies.known("acme")

    def test_are_set_whole(self, session: Session) -> None:
        policies = TenantPolicyRepository(session)
        first = policies.put(TenantPolicy("acme", 3, TenantLimits(open_photos=7, open_streams=0)))
        assert (first.weight, first.limits.open_photos, first.limits.open_streams) == (3, 7, 0)
        assert first.updated_at is not None
        second = policies.put(TenantPolicy("acme", limits=TenantLimits(stored_bytes=10**12)))
        assert policies.get("acme") == second
        assert (second.weight, second.limits) == (1, TenantLimits(stored_bytes=10**12))

    def test_are_forgotten_once(self, session: Session) -> None:
        policies = TenantPolicyRepository(session)
        policies.put(TenantPolicy("acme", 3))
        assert policies.delete("acme")
        assert not policies.delete("acme")
        assert policies.get("acme").weight == 1

    def test_pages_hold_who_has_a_key_or_a_policy(self, session: Session) -> None:
        policies = TenantPolicyRepository(session)
        for name in ("b", "c"):
            make_key(session, tenant=name)
        policies.put(TenantPolicy("a", 3))
        policies.put(TenantPolicy("c", 5))
        first = policies.page(after=None, limit=2)
        assert [(one.tenant, one.weight) for one in first] == [("a", 3), ("b", 1)]
        assert [one.tenant for one in policies.page(after="b", limit=2)] == ["c"]
        assert policies.known("b")

    @pytest.mark.parametrize(
        "senseless",
        [
            TenantPolicy("acme", 0),
            TenantPolicy("acme", 101),
            TenantPolicy("acme", limits=TenantLimits(open_photos=-1)),
        ],
    )
    def test_what_makes_no_sense_is_not_stored(
        self, session: Session, senseless: TenantPolicy
    ) -> None:
        with (
            pytest.raises(IntegrityError, match="ck_tenant_policy"),
            session.begin_nested(),
        ):
            TenantPolicyRepository(session).put(senseless)


def test_a_worker_may_ask_for_weights(sessions: SessionFactory) -> None:
    with unit_of_work(sessions_as(sessions, Role.WORKER)) as session:
        assert TenantPolicyRepository(session).get("acme").weight == 1
