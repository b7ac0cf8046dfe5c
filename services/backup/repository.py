"""Every query of backup and restore, in the transaction of the connection.

Plain psycopg: a backup shares its snapshot with ``pg_dump`` and reads by a cursor of the server.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, LiteralString

import psycopg
from psycopg import sql
from psycopg.rows import TupleRow

from services.backup.errors import BackupError
from services.common.domain.jobs import ItemState

Connection = psycopg.Connection[TupleRow]

_BATCH = 10_000
_STATES = {"ready": ItemState.READY.value, "leased": ItemState.LEASED.value}

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
_OUR_TABLES: LiteralString = """
    SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename
"""
_ALL_TABLES: LiteralString = """
    SELECT count(*) FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')
"""

# Done again at once and without blame: nobody crashed, and no lease is waited for.
_RELEASE: LiteralString = """
    UPDATE item SET state = %(ready)s, attempts = greatest(attempts - 1, 0), next_at = now(),
                    lease_token = NULL, lease_task = NULL, lease_until = NULL
    WHERE state = %(leased)s
"""
_REFETCH: LiteralString = """
    UPDATE url_fetch SET token = NULL, next_at = now() WHERE token IS NOT NULL
"""
# Numbers of events are made of transaction ids (ADR 0015), and another cluster counts its own.
# In a job that continues, the old ones would stay above every new one and be held back until the
# end. Below any transaction there is room for the places in the job, as migration 0007 uses it.
_RENUMBER: LiteralString = """
    UPDATE item SET event_id = item.seq FROM job
    WHERE job.id = item.job_id AND job.finished_at IS NULL AND item.event_id IS NOT NULL
"""
_UNFINISHED: LiteralString = """
    SELECT count(*) FROM job WHERE finished_at IS NULL AND status <> 'open'
"""


class SourceRepository:
    """Reads the database that is backed up."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def export_snapshot(self) -> str:
        """Name what this transaction sees, for another one to see the same."""
        return str(_one(self._connection, "SELECT pg_export_snapshot()"))

    def now(self) -> datetime:
        """Return the moment of this transaction, in UTC."""
        moment: datetime = _one(self._connection, "SELECT now()")
        return moment.astimezone(UTC)

    def revision(self) -> str:
        """Return the revision of the schema."""
        return str(_one(self._connection, "SELECT version_num FROM alembic_version"))

    def server(self) -> str:
        """Return the version of the server."""
        return str(_one(self._connection, "SHOW server_version"))

    def count_rows(self) -> dict[str, int]:
        """Count the rows of every table of ours."""
        tables = [str(row[0]) for row in self._connection.execute(_OUR_TABLES)]
        count = sql.SQL("SELECT count(*) FROM {}")
        return {
            table: int(_one(self._connection, count.format(sql.Identifier(table))))
            for table in tables
        }

    def erasures(self) -> Iterator[tuple[Any, ...]]:
        """Job, tenant, key, its name, stated reason and time of each erasure on demand.

        Who asked is unknown in a schema before 0017: it has no such columns, and is read as well.
        """
        yield from self._connection.execute(
            "SELECT job_public_id, tenant, told ->> 'key_id', told ->> 'key_name',"
            " told ->> 'stated_reason', erased_at"
            " FROM erasure CROSS JOIN LATERAL to_jsonb(erasure) AS told"
            " WHERE reason = 'user' ORDER BY erased_at"
        )

    def photo_erasures(self) -> Iterator[tuple[Any, ...]]:
        """Item, tenant, key, its name, stated reason and time of each photo erased out of a job.

        A schema before 0025 has none.
        """
        yield from self._connection.execute(
            "SELECT CAST(item AS uuid), tenant, key_id, key_name, told ->> 'stated_reason',"
            " erased_at FROM (SELECT tenant, told, told ->> 'key_id' AS key_id,"
            " told ->> 'key_name' AS key_name, erased_at FROM erasure"
            " CROSS JOIN LATERAL to_jsonb(erasure) AS told WHERE reason = 'photos') AS erased"
            " CROSS JOIN LATERAL jsonb_array_elements_text(told -> 'items') AS item"
            " ORDER BY erased_at"
        )

    def revocations(self) -> Iterator[tuple[Any, ...]]:
        """Public id and time of each key that was revoked."""
        yield from self._connection.execute(
            "SELECT public_id, revoked_at FROM api_key WHERE revoked_at IS NOT NULL"
            " ORDER BY revoked_at"
        )

    def photos(self) -> Iterator[tuple[str, str | None]]:
        """Walk the key and the SHA-256 of every photo whose inputs are kept."""
        # A cursor of the server: a service keeps millions of photos.
        with self._connection.cursor(name="names") as cursor:
            cursor.itersize = _BATCH
            yield from cursor.execute(_PHOTOS)

    def models(self) -> Iterator[tuple[bytes, dict[str, Any]]]:
        """Walk the SHA-256 and the manifest of every model."""
        yield from self._connection.execute("SELECT sha256, manifest FROM model")

    def is_live(self, key: str, sha256: str) -> bool:
        """Whether a live row names the photo with this key and this SHA-256."""
        return bool(_one(self._connection, _LIVE, {"key": key, "sha256": sha256}))


class TargetRepository:
    """Looks at the database that is restored into, and gives back what processes held."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def count_tables(self) -> int:
        """Count all tables, whoever made them: an empty database has none."""
        return int(_one(self._connection, _ALL_TABLES))

    def forget_processes(self) -> None:
        """Drop the rows of live processes: none of them lives here."""
        self._connection.execute("DELETE FROM worker")

    def release_photos(self) -> int:
        """Give back every lease; how many photos were held."""
        return self._connection.execute(_RELEASE, _STATES).rowcount

    def release_fetches(self) -> None:
        """Give back every claim of a photo to fetch."""
        self._connection.execute(_REFETCH)

    def renumber_events(self) -> None:
        """Number the events of jobs that continue below all transactions to come."""
        self._connection.execute(_RENUMBER)

    def count_unfinished(self) -> int:
        """Count the jobs that continue."""
        return int(_one(self._connection, _UNFINISHED))

    def analyse(self) -> None:
        """Gather statistics: a fresh copy has none to plan by. Not in a transaction."""
        self._connection.execute("ANALYZE")


def _one(
    connection: Connection,
    query: LiteralString | sql.Composed,
    parameters: dict[str, Any] | None = None,
) -> Any:
    row = connection.execute(query, parameters).fetchone()
    if row is None:
        raise BackupError("the database is not one of HFER's: it has no revision")
    return row[0]
