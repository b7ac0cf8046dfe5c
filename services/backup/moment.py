"""One moment of the database: the dump, the names and the counts all see the same rows."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import LiteralString

import psycopg
from psycopg import sql
from psycopg.rows import TupleRow

from services.backup.errors import BackupError
from services.common.domain.bundles import MANIFEST_NAME
from services.common.registry.publishing import file_hashes
from services.common.storage_keys import bundle_key

Connection = psycopg.Connection[TupleRow]

# What nobody may read any more is not copied: the inputs of these jobs are erased.
_PHOTOS: LiteralString = """
    SELECT DISTINCT ON (object_key) object_key, encode(item.sha256, 'hex')
    FROM item JOIN job ON job.id = item.job_id
    WHERE job.inputs_erased_at IS NULL AND object_key <> '' ORDER BY object_key
"""
# An upload that is not sealed declares photos before they are there. A photo that failed
# because its object was missing has had its answer.
_LIVE: LiteralString = """
    SELECT EXISTS (
        SELECT FROM item JOIN job ON job.id = item.job_id
        LEFT JOIN outcome ON outcome.item_id = item.id
        WHERE item.sha256 = decode(%(sha256)s, 'hex') AND item.object_key = %(key)s
          AND job.inputs_erased_at IS NULL AND job.status <> 'open'
          AND outcome.error_code IS DISTINCT FROM 'object_missing'
    )
"""
_TABLES: LiteralString = """
    SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename
"""
_BATCH = 10_000


@dataclass(frozen=True, slots=True)
class Moment:
    """A transaction that sees one moment; ``snapshot`` lets pg_dump see the same one."""

    connection: Connection
    snapshot: str
    created_at: datetime

    @property
    def revision(self) -> str:
        """Revision of the schema."""
        return _one(self.connection, "SELECT version_num FROM alembic_version")

    @property
    def server(self) -> str:
        """Version of the server."""
        return _one(self.connection, "SHOW server_version")

    def rows(self) -> dict[str, int]:
        """Count the rows of every table."""
        tables = [str(row[0]) for row in self.connection.execute(_TABLES)]
        count = sql.SQL("SELECT count(*) FROM {}")
        return {
            table: int(_one(self.connection, count.format(sql.Identifier(table))))
            for table in tables
        }

    def write_names(self, path: Path) -> int:
        """Write the key and the SHA-256 of every object that a row names; how many they are."""
        number = 0
        with path.open("w") as file:
            for key, sha256 in self._names():
                file.write(json.dumps([key, sha256]) + "\n")
                number += 1
        return number

    def _names(self) -> Iterator[tuple[str, str | None]]:
        # A cursor of the server: a service keeps millions of photos.
        with self.connection.cursor(name="names") as cursor:
            cursor.itersize = _BATCH
            yield from cursor.execute(_PHOTOS)
        for sha256, manifest in self.connection.execute("SELECT sha256, manifest FROM model"):
            for name, digest in file_hashes(manifest).items():
                yield bundle_key(sha256, name), digest
            yield bundle_key(sha256, MANIFEST_NAME), sha256.hex()


@contextmanager
def moment(conninfo: str) -> Iterator[Moment]:
    """Hold one moment of the database open.

    Raises:
        BackupError: it is not reachable, or is not a database of ours.
    """
    with connected(conninfo) as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        try:
            with connection.transaction():
                snapshot = _one(connection, "SELECT pg_export_snapshot()")
                now = connection.execute("SELECT now()").fetchone()
                assert now is not None  # noqa: S101 - it is one row
                yield Moment(connection, snapshot, now[0].astimezone(UTC))
        except psycopg.errors.UndefinedTable as error:
            raise BackupError("the database is not one of HFER's: it has no schema") from error


@contextmanager
def connected(conninfo: str) -> Iterator[Connection]:
    """Open a connection; `BackupError` when the database is not reachable."""
    try:
        connection = psycopg.connect(conninfo, connect_timeout=10, prepare_threshold=None)
    except psycopg.OperationalError as error:
        raise BackupError(f"the database is not reachable: {error}") from error
    with connection:
        yield connection


def liveness(connection: Connection) -> Callable[[str, str], bool]:
    """Return the question whether a live row still names a photo, by its key and SHA-256."""

    def live(key: str, sha256: str) -> bool:
        row = connection.execute(_LIVE, {"key": key, "sha256": sha256}).fetchone()
        return bool(row and row[0])

    return live


def _one(connection: Connection, query: LiteralString | sql.Composed) -> str:
    row = connection.execute(query).fetchone()
    if row is None:
        raise BackupError("the database is not one of HFER's: it has no revision")
    return str(row[0])
