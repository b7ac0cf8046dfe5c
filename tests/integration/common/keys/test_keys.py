"""Keys in a real Postgres."""

import uuid
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from services.common.db.key_tables import ApiKey
from services.common.db.session import SessionFactory, unit_of_work
from services.common.keys.errors import KeyExpiredError, KeyMissingError, KeyNotRollableError
from services.common.keys.repository import KeyRepository
from services.common.keys.secrets import hash_secret
from services.common.keys.service import (
    Scope,
    authenticate,
    ensure_bootstrap_key,
    is_live,
    revoke_key,
    roll_key,
)
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


def public_ids(session: Session) -> list[uuid.UUID]:
    return list(session.scalars(select(ApiKey.public_id).order_by(ApiKey.id)))


class TestRoll:
    def test_both_secrets_work_until_the_overlap_ends(self, sessions: SessionFactory) -> None:
        with unit_of_work(sessions) as session:
            first = make_key(session, Scope.JOBS_READ, tenant="acme", name="batch")
            [key_id] = public_ids(session)
            before = authenticate(session, first)
            issued = roll_key(session, key_id, overlap=timedelta(hours=1), environment="dev")
            after = [authenticate(session, secret) for secret in (first, issued.secret)]
        assert before is not None
        for principal in after:
            assert principal is not None
            assert (principal.key_id, principal.tenant) == (before.key_id, "acme")
            assert (principal.key_name, principal.scopes) == ("batch", {"jobs:read"})
        assert first.startswith(issued.key.former_prefix or "none")
        with unit_of_work(sessions) as session:
            session.execute(update(ApiKey).values(former_until=func.now()))
            assert authenticate(session, first) is None
            assert authenticate(session, issued.secret) is not None

    def test_only_two_secrets_are_kept_and_no_overlap_stops_at_once(
        self, sessions: SessionFactory
    ) -> None:
        with unit_of_work(sessions) as session:
            secrets = [make_key(session)]
            [key_id] = public_ids(session)
            for hours in (1, 1, 0):
                overlap = timedelta(hours=hours)
                issued = roll_key(session, key_id, overlap=overlap, environment="dev")
                secrets.append(issued.secret)
                held = [(hash_secret(secret), "full") for secret in secrets]
                live = KeyRepository(session).live(held)
                assert live == set(held[-2:] if hours else held[-1:])

    def test_what_cannot_be_rolled_says_why(self, sessions: SessionFactory) -> None:
        with unit_of_work(sessions) as session:
            ensure_bootstrap_key(session, "a" * 24)
            make_key(session)
            configured, revoked = public_ids(session)
            revoke_key(session, revoked)
            for key_id, why in ((configured, "HFER_API__ADMIN_KEY"), (revoked, "revoked")):
                with pytest.raises(KeyNotRollableError, match=why):
                    roll_key(session, key_id, overlap=timedelta(), environment="dev")
            with pytest.raises(KeyMissingError):
                roll_key(session, uuid.uuid4(), overlap=timedelta(), environment="dev")


class TestExpiry:
    def test_is_told_apart_from_a_revocation(self, sessions: SessionFactory) -> None:
        with unit_of_work(sessions) as session:
            secret = make_key(session)
            session.execute(update(ApiKey).values(expires_at=func.now() + timedelta(hours=1)))
            principal = authenticate(session, secret)
            assert principal is not None
            assert is_live(session, principal)
            session.execute(update(ApiKey).values(expires_at=func.now()))
            assert not is_live(session, principal)
            with pytest.raises(KeyExpiredError, match=r"ask an operator for another\.$"):
                authenticate(session, secret)
            [key_id] = public_ids(session)
            with pytest.raises(KeyNotRollableError, match="make another"):
                roll_key(session, key_id, overlap=timedelta(), environment="dev")
            session.execute(update(ApiKey).values(revoked_at=func.now()))
            assert authenticate(session, secret) is None


class TestRevoke:
    def test_keeps_the_first_moment(self, sessions: SessionFactory) -> None:
        with unit_of_work(sessions) as session:
            make_key(session)
            key = session.scalars(select(ApiKey)).one()
            public_id = key.public_id
        moments, changed = [], []
        for _ in range(2):
            with unit_of_work(sessions) as session:
                changed.append(revoke_key(session, public_id))
                moments.append(session.scalars(select(ApiKey.revoked_at)).one())
        assert moments[0] == moments[1] is not None
        assert changed == [True, False]

    def test_wants_a_key(self, sessions: SessionFactory) -> None:
        with unit_of_work(sessions) as session, pytest.raises(KeyMissingError):
            revoke_key(session, uuid.uuid4())
