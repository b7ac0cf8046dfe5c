"""What a photo costs in jobs of growing size: ``python -m benchmarks.scaling --json``.

The whole local stack takes in and runs one job per count. Told for each: photos per second from
the seal to the end, core-seconds per photo of every part of the stack over that time (its
intake apart), how many cores it kept busy and how many of the machine's were idle, the worker's
memory over the run, and how soon the first result was there. With ``--instant`` the model costs
nothing and what is left is the service itself.

Photos of one page share their bytes, ``--distinct`` of them under a key of their own each; rows,
fetches and analyses are as many as the count says.
"""

import argparse
import json
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

import httpx
import psutil
from sqlalchemy import Engine, create_engine, text

from benchmarks.accounts import cpu_seconds, spent, worker_rss_mb
from benchmarks.intake import Report as Intake
from benchmarks.intake import api_client, take_in, wait_for
from benchmarks.photos import write_variations
from infra.local.console import Console
from infra.local.stack import LocalStack, local_stack

TIMEOUT_S = 3_600.0
LOOK_S = 0.5
INSTANT = "benchmarks.instant:build"
_STATE = text("""
    SELECT finished_at IS NOT NULL FROM job WHERE public_id = CAST(:job AS uuid)
""")
_TIMES = text("""
    SELECT extract(epoch FROM job.finished_at - job.sealed_at) AS seconds,
           extract(epoch FROM min(outcome.created_at) - job.sealed_at) AS first_result_s,
           count(*) FILTER (WHERE NOT outcome.ok) AS failed
    FROM job JOIN item ON item.job_id = job.id JOIN outcome ON outcome.item_id = item.id
    WHERE job.public_id = CAST(:job AS uuid) GROUP BY job.id
""")


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one job. ``core_ms`` is milliseconds of CPU per photo, by part of the stack."""

    photos: int
    photos_per_s: float
    first_result_s: float
    core_ms: dict[str, float]
    core_ms_in_all: float
    cores_busy: float
    cores_idle: float
    intake_core_ms: float
    rss_mb_first: float
    rss_mb_last: float
    rss_mb_most: float


class RssWatch:
    """Looks at the worker's memory twice a second, from a thread."""

    def __init__(self, stack: LocalStack) -> None:
        """Watch ``stack`` inside the ``with`` block."""
        self._stack = stack
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.sizes: list[float] = []

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.is_set():
            self.sizes.append(worker_rss_mb(self._stack))
            self._stop.wait(LOOK_S)


def measure(
    folder: Path, *, counts: Sequence[int], distinct: int, side: int, overrides: Mapping[str, str]
) -> list[Cost]:
    """Run one job for each count, in order, on one stack."""
    (folder / "photos").mkdir()
    paths = write_variations(folder / "photos", count=distinct, longest_side=side)
    photos = [path.read_bytes() for path in paths]
    common = {
        "HFER_TELEMETRY__LEVEL": "WARNING",
        "HFER_API__QUEUE_CAP_PHOTOS": str(sum(counts) + 1_000),
    }
    with local_stack(
        folder / "stack", console=Console(verbose=False), overrides={**common, **overrides}
    ) as stack:
        stack.start_servers()
        stack.start_apps()
        engine = create_engine(stack.environment["HFER_DATABASE__URL"])
        with api_client(stack) as client:
            _run(stack, client, engine, photos, count=50)  # warms every part
            return [_run(stack, client, engine, photos, count=count) for count in counts]


def _run(
    stack: LocalStack, client: httpx.Client, engine: Engine, photos: Sequence[bytes], *, count: int
) -> Cost:
    before = cpu_seconds(stack)
    job = take_in(client, photos, items=count, report=Intake(count)).rpartition("_")[2]
    sealed, started, idle = cpu_seconds(stack), time.perf_counter(), psutil.cpu_times().idle
    with RssWatch(stack) as watch:
        wait_for(lambda: _finished(engine, job), timeout_s=TIMEOUT_S)
    elapsed, idle = time.perf_counter() - started, psutil.cpu_times().idle - idle
    used = spent(sealed, cpu_seconds(stack))
    with engine.connect() as connection:
        times = connection.execute(_TIMES, {"job": job}).one()
    if times.failed:
        raise RuntimeError(f"{times.failed} of {count} photos failed")
    cost = Cost(
        photos=count,
        photos_per_s=round(count / float(times.seconds), 2),
        first_result_s=round(float(times.first_result_s), 3),
        core_ms={name: round(1_000 * seconds / count, 3) for name, seconds in used.items()},
        core_ms_in_all=round(1_000 * sum(used.values()) / count, 3),
        cores_busy=round(sum(used.values()) / elapsed, 2),
        cores_idle=round(idle / elapsed, 2),
        intake_core_ms=round(1_000 * sum(spent(before, sealed).values()) / count, 3),
        rss_mb_first=watch.sizes[0],
        rss_mb_last=watch.sizes[-1],
        rss_mb_most=max(watch.sizes),
    )
    print(json.dumps(asdict(cost)), flush=True)
    return cost


def _finished(engine: Engine, job: str) -> bool:
    with engine.connect() as connection:
        return bool(connection.execute(_STATE, {"job": job}).scalar_one())


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scaling", description=__doc__)
    parser.add_argument("--counts", default="100,1000,5000,20000", help="photos of each job")
    parser.add_argument("--distinct", type=int, default=100, help="different photos on a page")
    parser.add_argument("--side", type=int, default=500, help="longest side of a photo, pixels")
    parser.add_argument("--children", type=int, default=1, help="children of the worker")
    parser.add_argument("--threads", type=int, default=1, help="inference threads of each")
    parser.add_argument("--instant", action="store_true", help="with a model that costs nothing")
    parser.add_argument("--json", action="store_true", help="print one JSON object last")
    options = parser.parse_args()
    overrides = {
        "HFER_WORKER__CONCURRENCY": str(options.children),
        "HFER_WORKER__THREADS": str(options.threads),
    }
    if options.instant:
        overrides["HFER_WORKER__ANALYSER"] = INSTANT
    with tempfile.TemporaryDirectory(prefix="hfer-scaling-") as scratch:
        costs = measure(
            Path(scratch),
            counts=[int(count) for count in options.counts.split(",")],
            distinct=options.distinct,
            side=options.side,
            overrides=overrides,
        )
    cheapest, dearest = (pick(cost.core_ms_in_all for cost in costs) for pick in (min, max))
    ratios = {"dearest_over_cheapest": round(dearest / cheapest, 3)}
    print(f"dearest job over cheapest, per photo: {ratios['dearest_over_cheapest']:.3f}")
    if options.json:
        print(json.dumps({"costs": [asdict(cost) for cost in costs], "ratios": ratios}))


if __name__ == "__main__":
    main()
