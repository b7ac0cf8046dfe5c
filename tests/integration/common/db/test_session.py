"""A connection does not outlive its peer: a host that is cut off says no goodbye."""

import os
import socket

import pytest
from sqlalchemy import text

from services.common.config import DatabaseSettings
from services.common.db.session import SessionFactory, build_engine

# Linux; the module of Python 3.11 for other systems lacks it.
USER_TIMEOUT = socket.TCP_USER_TIMEOUT


def test_bytes_that_nobody_acknowledges_end_the_connection(sessions: SessionFactory) -> None:
    """Keepalives look at silent connections only; a query on its way resent for 15 minutes."""
    with sessions() as session:
        raw = session.connection().connection.driver_connection
        assert raw is not None
        with socket.socket(fileno=os.dup(raw.fileno())) as peer:
            milliseconds = peer.getsockopt(socket.IPPROTO_TCP, USER_TIMEOUT)
    assert 10_000 < milliseconds <= 30_000


def test_the_server_gives_up_a_client_that_vanished_as_soon(sessions: SessionFactory) -> None:
    with sessions() as session:
        idle = session.scalar(text("SELECT current_setting('tcp_keepalives_idle')"))
        unanswered = session.scalar(text("SELECT current_setting('tcp_user_timeout')"))
    assert (idle, unanswered) == ("10", "20000")  # seconds, milliseconds


@pytest.mark.parametrize(("settings", "count"), [({}, 0), ({"prepared_statements": True}, 1)])
def test_prepares_statements_only_when_told_to(
    database_url: str, settings: dict[str, bool], count: int
) -> None:
    engine = build_engine(DatabaseSettings.model_validate({"url": database_url, **settings}))
    with engine.connect() as connection:
        for _ in range(6):  # psycopg prepares at the fifth use
            connection.scalar(text("SELECT 1"))
        prepared = connection.scalar(text("SELECT count(*) FROM pg_prepared_statements"))
    engine.dispose()
    assert prepared == count
