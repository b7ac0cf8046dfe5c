"""Faults against a running service, one at a time, while a job runs.

As a script it is the proof with the real model: 200 photos of a folder, kill -9 of the worker,
FLUSHALL, kill -9 of the S3 server, each in the middle of the job, then the oracle:

    python -m tests.fault.chaos --photos samples
"""

import argparse
import random
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from tests.fault.oracle import check_accounts
from tests.fixtures.factories import JobMaker, MadeJob, Rows
from tests.fixtures.fleet import Fleet, fleet_on, running_servers, wait_until

SUFFIXES = {".jpg", ".jpeg", ".png", ".webp"}


class Chaos:
    """The faults. ``events`` tells what was done, for the message of a failed check."""

    def __init__(self, fleet: Fleet, *, seed: int = 0) -> None:
        self._fleet = fleet
        self._rng = random.Random(seed)
        self.events: list[str] = []

    def kill_worker(self) -> None:
        """kill -9 of a Celery main process; its children die with it."""
        self._kill_and_revive(self._rng.choice(self._names("worker")))

    def kill_child(self) -> None:
        """kill -9 of a pool child, as the OOM killer does it."""
        pids = self._fleet.child_pids()
        if pids:
            pid = self._rng.choice(pids)
            self._note(f"kill -9 child {pid}")
            self._fleet.signal(pid, signal.SIGKILL)

    def drain(self, name: str) -> None:
        """SIGTERM to a worker, which must end in order and soon; then its restart."""
        self._note(f"SIGTERM {name}")
        child = self._fleet.supervisor.children[name]
        child.send(signal.SIGTERM)
        wait_until(lambda: child.returncode is not None, timeout_s=120, what="an orderly end")
        assert child.returncode == 0, child.returncode
        self._fleet.revive(name)

    def kill_maintenance(self) -> None:
        """kill -9 of feeder and sweeper."""
        self._kill_and_revive(self._rng.choice(self._names("maintenance")))

    def kill_ingest(self) -> None:
        """kill -9 of a process that fetches photos by URL."""
        self._kill_and_revive(self._rng.choice(self._names("ingest")))

    def flush_redis(self) -> None:
        """FLUSHALL: every hint is gone and nobody is told."""
        self._note("FLUSHALL")
        self._fleet.flush_redis()

    def kill_redis(self) -> None:
        """kill -9 of Redis."""
        self._kill_and_revive("redis")

    def restart_postgres(self) -> None:
        """An immediate shutdown (SIGQUIT): every connection is cut, recovery follows."""
        self._note("pg immediate restart")
        self._fleet.signal(self._fleet.main_pid("postgres"), signal.SIGQUIT)
        self._fleet.supervisor.children["postgres"].death()
        self._fleet.revive("postgres")

    def kill_s3(self, *, down_s: float = 0) -> None:
        """kill -9 of the S3 server, and its restart after ``down_s``."""
        self._kill_and_revive("s3", down_s=down_s)

    def all(self) -> list[Callable[[], None]]:
        """Every fault, for a random mix."""
        return [
            self.kill_worker,
            self.kill_child,
            self.kill_maintenance,
            self.flush_redis,
            self.kill_redis,
            self.restart_postgres,
            self.kill_s3,
        ]

    def _names(self, kind: str) -> list[str]:
        return [name for name in self._fleet.supervisor.children if name.startswith(kind)]

    def _kill_and_revive(self, name: str, *, down_s: float = 0) -> None:
        self._note(f"kill -9 {name}")
        self._fleet.kill(name)
        time.sleep(down_s)  # the outage itself: so long the server is away
        self._fleet.revive(name)

    def _note(self, event: str) -> None:
        self.events.append(event)


@dataclass(frozen=True)
class Progress:
    """How far a job is, read from the database."""

    rows: Rows
    job: MadeJob

    @property
    def share(self) -> float:
        return self.rows.outcome_count(self.job.id) / len(self.job.items)

    @property
    def leased(self) -> int:
        return self.rows.leased_count(self.job.id)

    @property
    def finished(self) -> bool:
        return self.rows.job(self.job.id).finished_at is not None


def run_chaos(
    progress: Progress,
    faults: Iterable[tuple[float, Callable[[], None]]],
    *,
    timeout_s: float,
) -> float:
    """Do each fault when its share of the job is done, then wait for the end.

    Args:
        progress: of the job, which runs already.
        faults: pairs of a share 0..1 and a fault, in order; a job that ends first skips them.
        timeout_s: for the whole.

    Returns:
        The seconds it took.
    """
    begun = time.monotonic()
    for share, fault in faults:
        wait_until(
            lambda due=share: progress.share >= due or progress.finished,  # type: ignore[misc]
            timeout_s=timeout_s - (time.monotonic() - begun),
            what=f"{share:.0%} of the job",
        )
        fault()
    wait_until(
        lambda: progress.finished,
        timeout_s=timeout_s - (time.monotonic() - begun),
        what="the end of the job",
        every_s=0.2,
    )
    return time.monotonic() - begun


def read_photos(folder: Path, *, count: int) -> list[bytes]:
    """Read ``count`` different photos: files in turn, a trailing byte string tells them apart.

    Decoders ignore what follows the end of an image.
    """
    files = sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES)
    if not files:
        raise SystemExit(f"no photos below {folder}")
    return [files[n % len(files)].read_bytes() + f"#{n}".encode() for n in range(count)]


def main() -> None:
    """Run the three faults of the issue against the real model and print what came out."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=Path, required=True)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--analyser", default="services.worker.models.analyser:from_settings")
    parser.add_argument("--lease", default="120", help="seconds, as in production")
    parser.add_argument("--timeout", type=float, default=1800)
    options = parser.parse_args()
    say = sys.stdout.write
    photos = read_photos(options.photos, count=options.count)
    env = {
        "HFER_WORKER__ANALYSER": options.analyser,
        "HFER_QUEUE__LEASE_S": options.lease,
        "HFER_QUEUE__TASK_TIME_LIMIT_S": "90",
        "HFER_QUEUE__LOOP_BUDGET_S": "10",
        "HFER_QUEUE__CHUNK_TARGET_S": "2",
    }
    with (
        tempfile.TemporaryDirectory(prefix="hfer-chaos-") as folder,
        running_servers(Path(folder)) as (servers, supervisor),
        fleet_on(Path(folder), servers, supervisor) as fleet,
    ):
        fleet.start_maintenance(**env)
        fleet.start_worker(**env)
        fleet.wait_ready(1, timeout_s=120)
        job = JobMaker(fleet.sessions, fleet.storage)(photos)
        chaos = Chaos(fleet)
        took = run_chaos(
            Progress(Rows(fleet.sessions), job),
            [(0.15, chaos.kill_worker), (0.4, chaos.flush_redis), (0.6, chaos.kill_s3)],
            timeout_s=options.timeout,
        )
        codes = check_accounts(fleet.sessions, job.id, total=len(photos))
        say(f"faults: {', '.join(chaos.events)}\n")
        say(f"{len(photos)} photos, one outcome each, in {took:.0f} s: {dict(codes)}\n")


if __name__ == "__main__":
    main()
