"""An API of 1 GiB that draws large and hostile pictures: ``python -m benchmarks.viewing``.

The API runs on local servers in a memory cgroup of its own, as Kubernetes would have it. Rows of
finished jobs are written straight into the tables, so that pictures no worker would have read
are drawn as well. First ``--photos`` pictures are viewed by eight requests at a time of four
tenants, each picture for the first time: the report tells the answers, the peak of the cgroup
and whether the kernel killed anything. Then one tenant downloads ``--downloads`` zips side by
side while another looks at small pictures and at its job: their times by themselves and beside
the downloads. ``--json`` prints the report alone.

Where no memory cgroup can be made, the peak is the largest sum of resident memory of the API and
its children, looked at every 50 ms, and the report says so.
"""

import argparse
import itertools
import json
import statistics
import tempfile
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from pathlib import Path

import httpx

from benchmarks.viewing.memory import Memory
from benchmarks.viewing.pictures import Picture, pictures, usual_photo
from benchmarks.viewing.seeding import Seeded, Seeder
from infra.local.apps import app_programs
from infra.local.console import Console
from infra.local.http import answers
from infra.local.stack import LocalStack, local_stack
from services.common.domain.limits import PhotoLimits

LIMIT_BYTES = 1 << 30
VIEWERS, TENANTS = 8, 4
LOOKS = 15
RATIO_LIMIT = 3.0
_TIMEOUT_S = 900.0


@dataclass(slots=True)
class Report:
    """What was answered, the peak in MB, and milliseconds of the other tenant's requests."""

    photos: int
    memory: str = ""
    peak_mb: float = 0.0
    peak_unreclaimable_mb: float = 0.0
    killed: int = 0
    api_survived: bool = False
    answers: dict[str, dict[str, int]] = field(default_factory=dict)
    alone_ms: dict[str, float] = field(default_factory=dict)
    beside_ms: dict[str, float] = field(default_factory=dict)
    ratio: dict[str, float] = field(default_factory=dict)


def measure(folder: Path, *, photos: int, downloads: int) -> Report:
    """View ``photos`` pictures and then download ``downloads`` zips beside another tenant."""
    report = Report(photos)
    memory = Memory(LIMIT_BYTES)
    report.memory = memory.kind
    overrides = {"HFER_TELEMETRY__LEVEL": "WARNING"}
    with local_stack(folder, console=Console(verbose=False), overrides=overrides) as stack:
        stack.start_servers()
        programs = {one.name: one for one in app_programs(stack.environment, url=stack.url)}
        ready = partial(answers, f"{stack.url}/healthz")
        stack.supervisor.start(replace(programs["api"], ready=ready, wrapper=memory.wrapper))
        pid = stack.supervisor.children["api"].pid
        memory.watch(pid)
        seeder = Seeder(stack)
        with looked_at(memory):
            if photos:
                view(stack, seeder, pictures(PhotoLimits().photo_pixels), report)
            if downloads:
                beside(stack, seeder, usual_photo(), downloads, report)
        report.peak_mb, report.peak_unreclaimable_mb = memory.peak_mb, memory.unreclaimable_mb
        report.killed = memory.killed
        report.api_survived = stack.supervisor.dead() is None
    memory.close()
    return report


@contextmanager
def looked_at(memory: Memory) -> Iterator[None]:
    """Look at the memory every 50 ms while the block runs."""
    over = threading.Event()

    def look() -> None:
        while not over.wait(0.05):
            memory.look()

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def view(stack: LocalStack, seeder: Seeder, kinds: list[Picture], report: Report) -> None:
    """View every picture once, annotated and scaled in turn, eight at a time."""
    chosen = list(itertools.islice(itertools.cycle(kinds), report.photos))
    jobs = [seeder.job(f"viewer-{n}", chosen[n::TENANTS]) for n in range(TENANTS)]
    wanted = [
        (job, name, f"/v1/jobs/{job.job}/items/{item}/{('annotated', 'photo')[place % 2]}")
        for job in jobs
        for place, (name, item) in enumerate(job.items)
    ]
    # Tenants side by side, not one after the other.
    wanted = [wanted[at] for start in range(TENANTS) for at in range(start, len(wanted), TENANTS)]
    found: dict[str, Counter[str]] = defaultdict(Counter)
    with httpx.Client(base_url=stack.url, timeout=_TIMEOUT_S) as client:

        def get(one: tuple[Seeded, str, str]) -> None:
            job, name, path = one
            while True:
                answer = client.get(path, headers=job.header)
                if answer.status_code != httpx.codes.SERVICE_UNAVAILABLE:
                    break
                found[name]["503, asked again"] += 1
            said = "" if answer.is_success else answer.json()["detail"].partition(":")[0]
            found[name][f"{answer.status_code} {said}".strip()] += 1

        with ThreadPoolExecutor(VIEWERS) as threads:
            list(threads.map(get, wanted))
    report.answers = {name: dict(counts) for name, counts in found.items()}


def beside(
    stack: LocalStack, seeder: Seeder, whole: Picture, downloads: int, report: Report
) -> None:
    """Time another tenant's requests by themselves and beside the downloads of one."""
    other = seeder.job("other", [whole] * (2 * LOOKS))
    zips = [seeder.job("downloader", [whole] * 40) for _ in range(downloads)]
    report.alone_ms = look_around(stack, other, other.items[:LOOKS])
    over = threading.Event()
    begun = threading.Semaphore(0)

    def download(job: Seeded) -> None:
        with httpx.stream(
            "GET",
            f"{stack.url}/v1/jobs/{job.job}/artifacts",
            headers=job.header,
            timeout=_TIMEOUT_S,
        ) as answer:
            for piece in answer.iter_raw():
                begun.release()
                if over.is_set() or not piece:
                    return

    with ThreadPoolExecutor(downloads) as threads:
        running = [threads.submit(download, job) for job in zips]
        for _ in range(downloads):
            begun.acquire()
        report.beside_ms = look_around(stack, other, other.items[LOOKS:])
        over.set()
        for each in running:
            each.result()
    report.ratio = {
        name: round(ms / report.alone_ms[name], 2) for name, ms in report.beside_ms.items()
    }


def look_around(stack: LocalStack, job: Seeded, items: list[tuple[str, str]]) -> dict[str, float]:
    """Return the median milliseconds of a picture drawn, the same one kept, and the job."""
    times: dict[str, list[float]] = defaultdict(list)
    with httpx.Client(base_url=stack.url, timeout=_TIMEOUT_S, headers=job.header) as client:
        for _, item in items:
            for name, path in (
                ("drawn", f"items/{item}/annotated"),
                ("kept", f"items/{item}/annotated"),
                ("job", ""),
            ):
                started = time.perf_counter()
                client.get(f"/v1/jobs/{job.job}/{path}".rstrip("/")).raise_for_status()
                times[name].append(1_000 * (time.perf_counter() - started))
    return {name: round(statistics.median(each), 1) for name, each in times.items()}


def main() -> None:
    """Print the report."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.viewing", description=__doc__)
    parser.add_argument("--photos", type=int, default=200)
    parser.add_argument("--downloads", type=int, default=48)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="hfer-viewing-") as folder:
        report = measure(Path(folder), photos=options.photos, downloads=options.downloads)
    if options.json:
        print(json.dumps(asdict(report), indent=2))
        return
    for name, counts in sorted(report.answers.items()):
        print(f"{name:22} {counts}")
    print(f"memory: {report.memory}; killed {report.killed}, API alive {report.api_survived}")
    print(f"peak {report.peak_mb} MB, of it not to be taken back {report.peak_unreclaimable_mb} MB")
    for name, ratio in report.ratio.items():
        times = f"{report.alone_ms[name]} ms alone, {report.beside_ms[name]} ms beside"
        print(f"{name:6} {times}, ratio {ratio} (at most {RATIO_LIMIT})")


if __name__ == "__main__":
    main()
