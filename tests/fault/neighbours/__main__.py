"""One tenant alone and beside each bad neighbour: ``python -m tests.fault.neighbours``.

On the whole local stack with the shipped model. The tenant submits single photos and polls them;
a neighbour with a key of another tenant, or with none, does its worst from a process of the lowest
priority, as drawing children have. Alone and beside alternate, so that both see the same machine.
A row holds when the median is within three times and the 95th percentile within five times that
alone, or within 250 ms for a call and 3 s for a result. Before the rows, as neighbours use up their
own limits, the batch's throughput with and without the tenant's photos between. The exit code is 1
when something does not hold.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import httpx
from rich.console import Console as Screen
from rich.progress import Progress
from rich.table import Table
from sqlalchemy import Engine, create_engine, text

from benchmarks.photos import write_variations
from infra.local.console import Console
from infra.local.http import post_json
from infra.local.stack import LocalStack, local_stack
from tests.fault.neighbours.load import NEIGHBOURS, Target, submit
from tests.fault.neighbours.tenant import Tenant, Times, connected
from tests.fault.neighbours.verdict import Row, rows_of

# The throughput with the tenant's photos between, by name among the neighbours.
BATCH = "batch"
SETTLE_S = 3.0  # for a neighbour to be at its worst
ENDED_S = 60
LEAST_THROUGHPUT = 0.95
BATCH_TICKS = 10
# One photo after another without a pause has a claim to half of the machine.
PACE_S = 2.0
_FINISHED = text("SELECT count(*) FROM outcome")


@dataclass(frozen=True, slots=True)
class Ground:
    """The running stack and who is on it."""

    tenant: Tenant
    target: Target
    other: httpx.Client
    engine: Engine


@contextmanager
def ground(folder: Path) -> Iterator[Ground]:
    """Start the stack with two tenants, the second one with a finished job."""
    photos = folder / "photos"
    photos.mkdir()
    paths = write_variations(photos, count=48, longest_side=480)
    quiet = {"HFER_TELEMETRY__LEVEL": "WARNING"}
    with local_stack(folder / "stack", console=Console(verbose=False), overrides=quiet) as stack:
        stack.start_servers()
        stack.start_apps()
        own, other = (_key(stack, name) for name in ("own", "other"))
        engine = create_engine(stack.environment["HFER_DATABASE__URL"])
        with connected(stack.url, own) as mine, connected(stack.url, other) as theirs:
            target = Target(stack.url, other, "", str(photos))
            job = submit(theirs, target, photos=len(paths), start=0)
            _wait_until_ended(theirs, job)
            target = Target(stack.url, other, job, str(photos))
            yield Ground(Tenant(mine, paths), target, theirs, engine)
        engine.dispose()


def _key(stack: LocalStack, tenant: str) -> str:
    body = {"tenant": tenant, "name": tenant, "scopes": ["jobs:write", "jobs:read"]}
    secret: str = post_json(f"{stack.url}/v1/api-keys", body, key=stack.admin_key)["secret"]
    return secret


def _wait_until_ended(client: httpx.Client, job: str) -> None:
    while client.get(job).json()["finished_at"] is None:
        time.sleep(0.2)


@contextmanager
def misbehaving(name: str, target: Target) -> Iterator[None]:
    """Have the neighbour in a process of its own, of the lowest priority."""
    command = ["nice", "-n", "19", sys.executable, "-m", "tests.fault.neighbours.load", name]
    with subprocess.Popen(command, stdin=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdin is not None
            json.dump(asdict(target), process.stdin)
            process.stdin.close()
            time.sleep(SETTLE_S)
            if process.poll() is not None:
                raise RuntimeError(f"the neighbour '{name}' ended with {process.returncode}")
            yield
        finally:
            process.terminate()
            process.wait(ENDED_S)


def forget(client: httpx.Client, *, but: str) -> None:
    """Cancel the neighbour's jobs and wait until none is under way."""
    while True:
        jobs = client.get("/v1/jobs", params={"limit": 200}).json()["data"]
        active = [job["id"] for job in jobs if job["finished_at"] is None]
        if not active:
            return
        for job in active:
            if f"/v1/jobs/{job}" != but:
                client.post(f"/v1/jobs/{job}/cancel")
        time.sleep(0.2)


def beside(ground: Ground, name: str, *, alternations: int, photos: int) -> list[Row]:
    """Measure the tenant alone and beside one neighbour, in turn."""
    alone, accompanied = Times(), Times()
    for _ in range(alternations):
        alone.add(ground.tenant.watch(photos=photos))
        with misbehaving(name, ground.target):
            accompanied.add(ground.tenant.watch(photos=photos))
        forget(ground.other, but=ground.target.job)
    return rows_of(name, alone=alone, beside=accompanied)


def throughput(ground: Ground, *, alternations: int) -> float:
    """Photos a second, all tenants', with one each `PACE_S` between a batch over those without."""
    done = {False: 0.0, True: 0.0}
    for _ in range(alternations):
        for between in done:
            for number in range(2):
                if not submit(ground.other, ground.target, photos=500, start=number):
                    raise RuntimeError("the batch was refused")
            before, begun = _finished(ground.engine), time.perf_counter()
            for number in range(1, BATCH_TICKS + 1):
                if between:
                    ground.tenant.watch(photos=1)
                time.sleep(max(0.0, begun + number * PACE_S - time.perf_counter()))
            taken = time.perf_counter() - begun
            done[between] += (_finished(ground.engine) - before) / taken
            forget(ground.other, but=ground.target.job)
    return done[True] / done[False]


def _finished(engine: Engine) -> int:
    with engine.connect() as connection:
        return int(connection.scalar(_FINISHED) or 0)


def table(rows: Sequence[Row]) -> Table:
    """Lay the rows out, milliseconds and ratios side by side."""
    shown = Table("neighbour", "call", "p50 alone", "p50", "p95 alone", "p95", "ratios", "holds")
    for row in rows:
        ratios = f"{row.p50 / row.p50_alone:.1f} / {row.p95 / row.p95_alone:.1f}"
        figures = [f"{ms:,.0f}" for ms in (row.p50_alone, row.p50, row.p95_alone, row.p95)]
        shown.add_row(row.neighbour, row.call, *figures, ratios, "yes" if row.holds else "NO")
    return shown


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.fault.neighbours", description=__doc__)
    parser.add_argument("--alternations", type=int, default=5)
    parser.add_argument("--photos", type=int, default=8, help="of the tenant, each time")
    parser.add_argument("--only", choices=[BATCH, *NEIGHBOURS], action="append")
    parser.add_argument("--json", action="store_true", help="print one JSON object last")
    asked = parser.parse_args()
    rows: list[Row] = []
    share: float | None = None
    with (
        tempfile.TemporaryDirectory(prefix="hfer-neighbours-") as scratch,
        ground(Path(scratch)) as made,
        Progress() as progress,
    ):
        names = asked.only or [BATCH, *NEIGHBOURS]
        for name in progress.track(names, description="neighbours"):
            if name == BATCH:
                share = throughput(made, alternations=asked.alternations)
            else:
                rows += beside(made, name, alternations=asked.alternations, photos=asked.photos)
    Screen(width=110).print(table(rows))
    if share is not None:
        say(f"throughput of the batch with single photos between: {share:.3f} of that without")
    if asked.json:
        found: dict[str, Any] = {"rows": [{**asdict(row), "holds": row.holds} for row in rows]}
        say(json.dumps(found | {"throughput": share}))
    return int(
        not all(row.holds for row in rows) or (share is not None and share < LEAST_THROUGHPUT)
    )


if __name__ == "__main__":
    sys.exit(main())
