"""Keys in a real Postgres."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import select

from services.common.db.session import SessionFactory, unit_of_work
from services.common.db.tables import ApiKey
from services.common.keys.repository import KeyRepository
from services.common.keys.service import Scope, authenticate
from tests.fixtures.jobs import make_key


class TestAuthenticate:
    def test_tells_tenant_and_scopes(self, sessions: SessionFactory) -> None:
        with unit_of_work(sessions) as session:
            secret = make_key(session, Scope.JOBS_READ, tenant="acme")
            principal = authenticate(session, secret)
            assert principal is not None
            assert principal.tenant == "acme"
            assert principal.may(Scope.JOBS_READ)
            assert not principal.may(Scope.ADMIN)
            assert authenticate(session, secret + "x") is None

    def test_an_operator_may_everything(self, sessions: SessionFactory) -> None:
        with unit_of_work(sessions) as session:
            principal = authenticate(session, make_key(session, Scope.ADMIN))
            assert principal is not None
            assert all(principal.may(scope) for scope in Scope)

    def test_notes_the_use_once_a_minute(self, sessions: SessionFactory) -> None:
        def used_at() -> datetime | None:
            with sessions() as session:
                return session.scalars(select(ApiKey.last_used_at)).one()

        with unit_of_work(sessions) as session:
            secret = make_key(session)
        assert used_at() is None
        seen = []
        for _ in range(2):
            with unit_of_work(sessions) as session:
                authenticate(session, secret)
            seen.append(used_at())
        assert seen[0] == seen[1] is not None
        old = datetime.now(UTC) - timedelta(minutes=2)
        with unit_of_work(sessions) as session:
            session.scalars(select(ApiKey)).one().last_used_at = old
        with unit_of_work(sessions) as session:
            authenticate(session, secret)
        assert used_at() != old


class TestRevoke:
    def test_keeps_the_first_moment(self, sessions: SessionFactory) -> None:
        with unit_of_work(sessions) as session:
            make_key(session)
            key = session.scalars(select(ApiKey)).one()
            public_id = key.public_id
        moments = []
        for _ in range(2):
            with unit_of_work(sessions) as session:
                assert KeyRepository(session).revoke(public_id)
                moments.append(session.scalars(select(ApiKey.revoked_at)).one())
        assert moments[0] == moments[1] is not None
