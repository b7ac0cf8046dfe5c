"""One moment of the database: the dump, the names and the counts all see the same rows."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import psycopg

from services.backup.errors import BackupError
from services.backup.repository import Connection, SourceRepository
from services.common.domain.bundles import MANIFEST_NAME
from services.common.registry.publishing import file_hashes
from services.common.storage_keys import bundle_key


@dataclass(frozen=True, slots=True)
class Moment:
    """A transaction that sees one moment; ``snapshot`` lets pg_dump see the same one."""

    source: SourceRepository
    snapshot: str
    created_at: datetime

    def write_names(self, path: Path) -> int:
        """Write the key and the SHA-256 of every object that a row names; how many they are."""
        number = 0
        with path.open("w") as file:
            for key, sha256 in self._names():
                file.write(json.dumps([key, sha256]) + "\n")
                number += 1
        return number

    def _names(self) -> Iterator[tuple[str, str | None]]:
        yield from self.source.photos()
        for sha256, manifest in self.source.models():
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
        source = SourceRepository(connection)
        try:
            with connection.transaction():
                yield Moment(source, source.export_snapshot(), source.now())
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
