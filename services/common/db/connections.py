"""What each new connection is asked and told: which Postgres this is, how long anything may take.

Limits of time are set by statements, not by the start-up parameter ``options``: PgBouncer refuses
that or, where it is told to, drops it, and nothing would be limited. Behind a pooler they are set
anew in each transaction, because in transaction mode the next one may be on another server
connection; the role's own settings (``ALTER ROLE … SET``) would not follow ours.
"""

import psycopg
from sqlalchemy import Connection, Engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry

from services.common.config import DatabaseSettings
from services.common.telemetry import get_logger

OLDEST_POSTGRES = 15
IDLE_IN_TRANSACTION_MS = 10_000
# A host that is cut off closes no connection. Keepalives look at silent connections alone: a
# query on its way was sent again and again, for 15 minutes by Linux' default.
UNANSWERED_MS = 20_000
KEEPALIVES = {"idle": 10, "interval": 5, "count": 3}  # seconds, seconds, tries
_POOLED = "behind a pooler"

_log = get_logger(__name__)


class DatabaseUnfitError(psycopg.OperationalError):
    """Postgres, or the pooler before it, does not fit; whoever connects is refused.

    To all else it is a database that is away: processes stay, and try again.

    Attributes:
        code: stable.
        detail: what to change, fit for anyone's eyes.
    """

    code = "database-unfit"

    def __init__(self, detail: str) -> None:
        """Keep the sentence."""
        super().__init__(detail)
        self.detail = detail


def watch_connections(engine: Engine, settings: DatabaseSettings) -> None:
    """Have each new connection of ``engine`` checked, and its statements limited in time.

    Whoever connects then gets a `DatabaseUnfitError`, as the ``orig`` of SQLAlchemy's
    OperationalError, where Postgres is too old or prepared statements meet a pooler.
    """
    limits = {
        "statement_timeout": settings.statement_timeout_ms,
        "idle_in_transaction_session_timeout": IDLE_IN_TRANSACTION_MS,
    }
    # The other end too, or the locks of a client that is cut off stay for as long. A pooler's
    # connections are its own to watch.
    wire = {
        "tcp_user_timeout": UNANSWERED_MS,
        **{f"tcp_keepalives_{name}": value for name, value in KEEPALIVES.items()},
    }
    for_session = _set("SET", {**limits, **wire})
    for_transaction = _set("SET LOCAL", limits)

    def connected(raw: DBAPIConnection, entry: ConnectionPoolEntry) -> None:
        connection: psycopg.Connection[tuple[int]] = raw  # type: ignore[assignment]
        try:
            connection.autocommit = True
            entry.info[_POOLED] = pooled = _is_pooled(connection)
            _check(connection, pooled=pooled, settings=settings)
            if not pooled:
                connection.execute(for_session.encode())
            connection.autocommit = False
        except BaseException:
            connection.close()
            raise

    def begun(connection: Connection) -> None:
        if connection.info[_POOLED]:
            connection.exec_driver_sql(for_transaction)

    event.listen(engine, "connect", connected)
    event.listen(engine, "begin", begun)


def _is_pooled(connection: psycopg.Connection[tuple[int]]) -> bool:
    """Whether another answers in Postgres' place: it made up the process id of its greeting."""
    row = connection.execute("SELECT pg_backend_pid()").fetchone()
    return row is None or row[0] != connection.info.backend_pid


def _check(
    connection: psycopg.Connection[tuple[int]], *, pooled: bool, settings: DatabaseSettings
) -> None:
    major = connection.info.server_version // 10_000
    detail = ""
    if major < OLDEST_POSTGRES:
        detail = (
            f"PostgreSQL {major} is too old: {OLDEST_POSTGRES} is the oldest that is supported;"
            " upgrade the server, then start anew"
        )
    elif pooled and settings.prepared_statements:
        detail = (
            "statements are prepared, and a pooler such as PgBouncer stands before PostgreSQL: one"
            " tenant could be answered with another's rows. Set"
            " HFER_DATABASE__PREPARED_STATEMENTS=false, or connect to PostgreSQL itself"
        )
    if detail:
        _log.error("database.unfit", detail=detail)
        raise DatabaseUnfitError(detail)


def _set(command: str, values: dict[str, int]) -> str:
    return "; ".join(f"{command} {name} = {value}" for name, value in values.items())
