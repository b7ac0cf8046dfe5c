"""Bytes and dead rows of the tables that grow, and the time that vacuum takes."""

import time
from dataclasses import dataclass

import psutil
from sqlalchemy import Connection, Engine, text

TABLES = ("item", "outcome", "job", "job_tally", "doomed_object", "erasure")

_SIZE = text("""
    SELECT pg_table_size(CAST(:table AS regclass)) AS rows,
           pg_indexes_size(CAST(:table AS regclass)) AS indexes
""")
_LOG = text("SELECT pg_current_wal_lsn() - '0/0'::pg_lsn")
_DEAD = text("""
    SELECT n_dead_tup, autovacuum_count FROM pg_stat_user_tables WHERE relname = :table
""")


@dataclass(frozen=True, slots=True)
class Size:
    """Bytes of a table and of its indexes, rows that are dead, autovacuums until now."""

    rows: int
    indexes: int
    dead: int
    autovacuums: int


def weigh(engine: Engine) -> dict[str, Size]:
    """Weigh every table that grows."""
    with engine.connect() as connection:
        return {table: _weigh(connection, table) for table in TABLES}


def total(sizes: dict[str, Size]) -> int:
    """Add up tables and indexes, in bytes."""
    return sum(size.rows + size.indexes for size in sizes.values())


@dataclass(frozen=True, slots=True)
class Spent:
    """What a server has used until now: seconds of CPU, bytes of write-ahead log."""

    cpu_s: float
    log: float

    def since(self, before: "Spent") -> "Spent":
        """Return what was used since then."""
        return Spent(round(self.cpu_s - before.cpu_s, 2), self.log - before.log)


def spent(engine: Engine, server: psutil.Process) -> Spent:
    """Add up the server's processes, those that have ended included."""
    with engine.connect() as connection:
        log = float(connection.execute(_LOG).scalar_one())
    times = [server.cpu_times(), *(child.cpu_times() for child in server.children(recursive=True))]
    return Spent(sum(t.user + t.system + t.children_user + t.children_system for t in times), log)


def timed(engine: Engine, statement: str) -> float:
    """Run a statement that wants no transaction, such as VACUUM; the seconds it took."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        started = time.perf_counter()
        connection.execute(text(statement))
        return time.perf_counter() - started


def _weigh(connection: Connection, table: str) -> Size:
    size = connection.execute(_SIZE, {"table": table}).one()
    dead = connection.execute(_DEAD, {"table": table}).one()
    return Size(size.rows, size.indexes, dead.n_dead_tup, dead.autovacuum_count)
