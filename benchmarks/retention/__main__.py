"""What retention costs when a month of results has grown: ``python -m benchmarks.retention``.

A Postgres of its own, with the real schema, is filled with ROWS finished photos of thirty days.
Then the older half becomes due, and the product's own retention deletes it in its own batches,
while small jobs are submitted, claimed and finished beside it. Told: bytes of tables and indexes
before, after, after a vacuum, after REINDEX and when as much has been written again; photos
deleted per second; how long the small jobs waited; and the same outcomes in partitions.

Some 2.4 GB of disk per million photos of two faces, 4 GB with ``--partitions``; all of it lies in
a temporary folder that is removed at the end, also after Ctrl-C and SIGTERM.
"""

import argparse
import io
import json
import signal
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import psutil
from sqlalchemy import Engine, create_engine, text

from benchmarks.retention.erase import erase_due, shares
from benchmarks.retention.fill import DAYS, fill
from benchmarks.retention.partitions import compare
from benchmarks.retention.probe import Probe
from benchmarks.retention.weigh import Size, timed, total, weigh
from infra.local.console import Console
from infra.local.ports import PortBook
from infra.local.processes import Supervisor
from infra.local.servers import Servers
from infra.local.state import State
from services.common.config import DatabaseSettings
from services.common.db.migrations import migrate
from services.common.db.session import SessionFactory, build_engine, build_session_factory

DAY_S = 86_400.0
QUIET_S = 10.0
_MAKE_DUE = text("""
    UPDATE job SET expires_at = now() FROM (
        SELECT id, sum(total) OVER (ORDER BY id) AS so_far FROM job
    ) AS oldest WHERE oldest.id = job.id AND so_far <= :photos
""")


def measure(
    options: argparse.Namespace, url: str, admin: Engine, server: psutil.Process
) -> dict[str, Any]:
    """Fill, delete, vacuum and fill again; the figures."""
    engine = build_engine(DatabaseSettings.model_validate({"url": url}))
    sessions = build_session_factory(engine)
    sizes = {"job_photos": options.job_photos, "faces": options.faces}
    half = options.rows // 2
    found: dict[str, Any] = {"rows": options.rows, **sizes}
    weights: dict[str, dict[str, Size]] = {}

    def note(moment: str) -> None:
        weights[moment] = weigh(admin)
        print(f"{moment}: {total(weights[moment]) / 1e6:,.0f} MB", flush=True)

    try:
        ages = (DAYS * DAY_S, 60.0)
        fill(admin, photos=options.rows, ages_s=ages, title="filling", **sizes)
        found["vacuum_first_s"] = timed(admin, "VACUUM ANALYZE")
        note("filled")
        if options.partitions:
            found["layouts"] = {name: asdict(each) for name, each in compare(admin).items()}
            print(json.dumps(found["layouts"]), flush=True)
        with admin.begin() as connection:
            connection.execute(_MAKE_DUE, {"photos": half})
        found["shares"] = {
            str(photos): shares(admin, photos=photos) for photos in options.job_photos
        }
        found["waits_before"] = watch(sessions, every_s=options.probe_s)
        with Probe(sessions, every_s=options.probe_s) as probe:
            found["erased"] = asdict(erase_due(admin, sessions, server))
        found["waits"] = {name: asdict(each) for name, each in probe.waits().items()}
        print(json.dumps([found["erased"], found["waits"]]), flush=True)
        note("deleted")
        tables = ("item", "outcome", "doomed_object")
        found["vacuum_s"] = {name: timed(admin, f"VACUUM {name}") for name in tables}
        note("vacuumed")
        fill(admin, photos=half, ages_s=(60.0, 1.0), title="filling again", **sizes)
        note("filled_again")
        found["reindex_s"] = {
            name: timed(admin, f"REINDEX TABLE CONCURRENTLY {name}") for name in tables
        }
        note("reindexed")
    finally:
        engine.dispose()
    found["sizes"] = {
        moment: {table: asdict(size) for table, size in each.items()}
        for moment, each in weights.items()
    }
    return found


def watch(sessions: SessionFactory, *, every_s: float) -> dict[str, Any]:
    """Look at the small jobs alone for a while."""
    with Probe(sessions, every_s=every_s) as probe:
        time.sleep(QUIET_S)
    return {name: asdict(each) for name, each in probe.waits().items()}


@contextmanager
def own_postgres(folder: Path) -> Iterator[tuple[Servers, psutil.Process]]:
    """Run a durable Postgres below ``folder``; it and its first process."""
    supervisor = Supervisor(logs=folder, console=Console(io.StringIO(), verbose=False))
    with PortBook() as book:
        state = State.new().with_free_ports(book)
        servers = Servers(folder, state=state, supervisor=supervisor)
        try:
            servers.start(["postgres"])
            yield servers, psutil.Process(supervisor.children["postgres"].pid)
        finally:
            servers.stop()


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.retention", description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000, help="photos, hence outcomes")
    parser.add_argument("--faces", type=int, default=2, help="faces in each photo")
    parser.add_argument(
        "--job-photos", default="100,10000", help="photos of a job: sizes that take turns"
    )
    parser.add_argument("--probe-s", type=float, default=0.05, help="pause between small jobs")
    parser.add_argument("--partitions", action="store_true", help="also compare with partitions")
    parser.add_argument("--folder", type=Path, help="where the temporary folder is made")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # ends it in order, as Ctrl-C does
    options.job_photos = [int(photos) for photos in options.job_photos.split(",")]
    with (
        tempfile.TemporaryDirectory(prefix="hfer-retention-", dir=options.folder) as name,
        own_postgres(Path(name)) as (servers, process),
    ):
        url = servers.postgres.url
        migrate(url)
        admin = create_engine(servers.postgres.superuser_url.rpartition("/")[0] + "/hfer")
        try:
            print(json.dumps(measure(options, url, admin, process)))
        finally:
            admin.dispose()


if __name__ == "__main__":
    main()
