"""Engines and units of work: the only place that commits."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine, create_engine, text
from sqlalchemy.orm import Session, sessionmaker

from services.common.config import DatabaseSettings

SessionFactory = sessionmaker[Session]


def build_engine(settings: DatabaseSettings) -> Engine:
    """Build a pooled engine that notices dead connections and never waits for ever."""
    options = (
        f"-c statement_timeout={settings.statement_timeout_ms}"
        " -c idle_in_transaction_session_timeout=10000"
    )
    return create_engine(
        settings.url.get_secret_value(),
        pool_size=settings.pool_size,
        max_overflow=settings.pool_size,
        pool_pre_ping=True,
        pool_recycle=1800,
        connect_args={
            "connect_timeout": settings.connect_timeout_s,
            "options": options,
            "keepalives": 1,
            "keepalives_idle": 10,
            "keepalives_interval": 5,
            "keepalives_count": 3,
        },
    )


def build_session_factory(engine: Engine) -> SessionFactory:
    """Build the factory that a process passes to whatever opens units of work."""
    return sessionmaker(engine, expire_on_commit=False)


@contextmanager
def unit_of_work(sessions: SessionFactory) -> Iterator[Session]:
    """Open a session, commit when the block ends well, roll back on any exception."""
    with sessions() as session:
        try:
            yield session
        except BaseException:
            session.rollback()
            raise
        else:
            session.commit()


def ping(session: Session) -> None:
    """Return when the database answers a query, for readiness."""
    session.execute(text("SELECT 1"))
