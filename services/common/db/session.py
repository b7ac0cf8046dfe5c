"""Engines and units of work: the only place that commits."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from sqlalchemy import Engine, create_engine, text
from sqlalchemy.orm import Session, sessionmaker

from services.common.config import DatabaseSettings
from services.common.db.connections import KEEPALIVES, UNANSWERED_MS, watch_connections

SessionFactory = sessionmaker[Session]

T = TypeVar("T")

# psycopg numbers prepared statements per connection, and a pooler hands server connections from
# client to client: behind PgBouncer 1.18 tenant B's query ran tenant A's statement.
UNPREPARED = {"prepare_threshold": None}


def build_engine(settings: DatabaseSettings) -> Engine:
    """Build a pooled engine that notices dead connections and never waits for ever.

    Behind a pooler, in whichever mode, the limits of time are the settings' too.
    """
    engine = create_engine(
        settings.url.get_secret_value(),
        pool_size=settings.pool_size,
        max_overflow=settings.pool_size,
        pool_pre_ping=True,
        pool_recycle=1800,
        connect_args={
            "connect_timeout": settings.connect_timeout_s,
            "keepalives": 1,
            "tcp_user_timeout": UNANSWERED_MS,
            **{f"keepalives_{name}": value for name, value in KEEPALIVES.items()},
            **({} if settings.prepared_statements else UNPREPARED),
        },
    )
    watch_connections(engine, settings)
    return engine


def build_session_factory(engine: Engine) -> SessionFactory:
    """Build the factory that a process passes to whatever opens units of work."""
    return sessionmaker(engine, expire_on_commit=False)


@contextmanager
def unit_of_work(sessions: SessionFactory) -> Iterator[Session]:
    """Open a session, commit when the block ends without an error, roll back on any exception."""
    with sessions() as session:
        try:
            yield session
        except BaseException:
            session.rollback()
            raise
        else:
            session.commit()


def run_step(sessions: SessionFactory, step: Callable[[Session], T]) -> T:
    """Run ``step`` in a unit of work of its own."""
    with unit_of_work(sessions) as session:
        return step(session)


def ping(session: Session) -> None:
    """Return when the database answers a query, for readiness."""
    session.execute(text("SELECT 1"))
