"""What a photo leaves behind on disk and in memory: ``python -m benchmarks.footprint --json``.

The whole local stack runs one job with the model that costs nothing, two faces a photo. Told per
photo: bytes of each table that grew, its rows, indexes and TOAST apart; bytes of write-ahead log.
Tables are measured as the job leaves them, with dead rows that no vacuum has
removed yet: that is what a disk has to hold. Redis and bucket are listed next to it.
"""

import argparse
import json
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import httpx
import redis
from sqlalchemy import Connection, Engine, create_engine, text

from benchmarks.intake import Report as Intake
from benchmarks.intake import api_client, take_in, wait_for
from benchmarks.photos import write_variations
from benchmarks.scaling import INSTANT, TIMEOUT_S
from infra.local.console import Console
from infra.local.stack import LocalStack, local_stack

_SIZES = text("""
    SELECT c.relname, pg_table_size(c.oid) AS rows, pg_indexes_size(c.oid) AS indexes,
           pg_total_relation_size(c.oid) AS whole
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = 'public' AND c.relkind = 'r'
""")
_WAL = text("SELECT pg_current_wal_lsn() - '0/0'::pg_lsn")
_PAYLOAD = text("""
    SELECT avg(pg_column_size(outcome.payload)) FROM outcome JOIN item ON item.id = item_id
    JOIN job ON job.id = item.job_id WHERE job.public_id = CAST(:job AS uuid)
""")
_FACE = text("""
    SELECT avg(pg_column_size(face)) FROM outcome JOIN item ON item.id = item_id
    JOIN job ON job.id = item.job_id, jsonb_array_elements(payload -> 'faces') AS face
    WHERE job.public_id = CAST(:job AS uuid)
""")
_FINISHED = text("SELECT finished_at IS NOT NULL FROM job WHERE public_id = CAST(:job AS uuid)")


@dataclass(frozen=True, slots=True)
class Table:
    """Bytes that one table grew by, per photo."""

    rows: float
    indexes: float
    whole: float


@dataclass(frozen=True, slots=True)
class Footprint:
    """Of one job, bytes per photo unless the name says otherwise."""

    photos: int
    tables: dict[str, Table]
    postgres: float
    wal: float
    payload: float
    face: float
    redis_most_mb: float
    object_bytes: float


def measure(folder: Path, *, count: int, distinct: int) -> Footprint:
    """Run a job of ``count`` photos on a stack of its own and weigh what it leaves."""
    (folder / "photos").mkdir()
    paths = write_variations(folder / "photos", count=distinct, longest_side=500)
    photos = [path.read_bytes() for path in paths]
    overrides = {"HFER_TELEMETRY__LEVEL": "WARNING", "HFER_WORKER__ANALYSER": INSTANT}
    with local_stack(
        folder / "stack", console=Console(verbose=False), overrides=overrides
    ) as stack:
        stack.start_servers()
        stack.start_apps()
        engine = create_engine(stack.environment["HFER_DATABASE__URL"])
        try:
            with api_client(stack) as client:
                _run(client, engine, photos, count=50)  # first pages of tables and indexes
                return _weigh(stack, client, engine, photos, count=count)
        finally:
            engine.dispose()


def _weigh(
    stack: LocalStack, client: httpx.Client, engine: Engine, photos: Sequence[bytes], *, count: int
) -> Footprint:
    with engine.connect() as connection:
        before, log = _sizes(connection), _number(connection, _WAL)
    job = _run(client, engine, photos, count=count)
    with engine.connect() as connection:
        after = _sizes(connection)
        wal = (_number(connection, _WAL) - log) / count
        payload = _number(connection, _PAYLOAD, job=job)
        face = _number(connection, _FACE, job=job)
    grown = {name: _grown(before[name], size, count=count) for name, size in after.items()}
    with redis.Redis.from_url(stack.environment["HFER_BROKER__URL"]) as broker:
        memory = broker.info("memory")["used_memory_peak"]
    return Footprint(
        photos=count,
        tables={name: table for name, table in sorted(grown.items()) if table.whole},
        postgres=round(sum(table.whole for table in grown.values()), 1),
        wal=round(wal, 1),
        payload=round(payload, 1),
        face=round(face, 1),
        redis_most_mb=round(memory / 1e6, 2),
        object_bytes=round(sum(map(len, photos)) / len(photos), 1),
    )


def _run(client: httpx.Client, engine: Engine, photos: Sequence[bytes], *, count: int) -> str:
    job = take_in(client, photos, items=count, report=Intake(count)).rpartition("_")[2]

    def finished() -> bool:
        with engine.connect() as connection:
            return bool(connection.execute(_FINISHED, {"job": job}).scalar_one())

    wait_for(finished, timeout_s=TIMEOUT_S)
    return job


def _sizes(connection: Connection) -> dict[str, tuple[int, int, int]]:
    return {row.relname: (row.rows, row.indexes, row.whole) for row in connection.execute(_SIZES)}


def _grown(before: tuple[int, ...], after: tuple[int, ...], *, count: int) -> Table:
    return Table(*(round((new - old) / count, 1) for old, new in zip(before, after, strict=True)))


def _number(connection: Connection, query: Any, **parameters: str) -> float:
    return float(connection.execute(query, parameters).scalar_one())


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.footprint", description=__doc__)
    parser.add_argument("--count", type=int, default=2_000, help="photos of the job")
    parser.add_argument("--distinct", type=int, default=100, help="different photos on a page")
    parser.add_argument("--json", action="store_true", help="print one JSON object last")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="hfer-footprint-") as scratch:
        found = measure(Path(scratch), count=options.count, distinct=options.distinct)
    print(f"{'bytes a photo':<16}{'rows':>10}{'indexes':>10}{'whole':>10}")
    for name, table in found.tables.items():
        print(f"{name:<16}{table.rows:>10,.1f}{table.indexes:>10,.1f}{table.whole:>10,.1f}")
    print(f"{'in all':<16}{found.postgres:>30,.1f}, write-ahead log {found.wal:,.1f}")
    print(f"a face in the payload: {found.face:,.1f} of {found.payload:,.1f}")
    print(f"Redis at most: {found.redis_most_mb} MB; a photo: {found.object_bytes:,.0f} bytes")
    if options.json:
        print(json.dumps(asdict(found)))


if __name__ == "__main__":
    main()
