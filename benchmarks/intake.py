"""How a job of 100,000 photos gets in, and how it polls: ``python -m benchmarks.intake --json``.

On the whole local stack, over HTTP. The photos are declared in pages of 1,000, put by presigned
URL and sealed as one job; then the job is polled at a fixed rate while the workers analyse it.
Each poll is followed by one of a job of a single photo, over the same connection: their ratio
shows what the job's size costs, whatever else the machine does. What counting the job's rows
would cost is measured beside it, in the database.

To spare the bucket a page holds only ``--distinct`` different photos, each under its own key;
rows, URLs and analyses are 100,000 all the same. Time to put has no limit here: it is the bucket's.
"""

import argparse
import hashlib
import json
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import httpx
from rich.progress import Progress
from sqlalchemy import create_engine, text

from benchmarks.photos import write_variations
from infra.local.console import Console
from infra.local.stack import LocalStack, local_stack
from services.common.domain.limits import PhotoLimits

PAGE = PhotoLimits().declare_files
SEAL_LIMIT_S = 5.0
POLL_LIMIT_MS = 20.0
PUT_THREADS = 8
_COUNTING = text(
    "SELECT state, verdict, count(*) FROM item JOIN job ON job.id = item.job_id"
    " WHERE job.public_id = :job GROUP BY state, verdict"
)


@dataclass(slots=True)
class Report:
    """Seconds of each stage of the intake, milliseconds of each poll."""

    items: int
    distinct_objects: int = 0
    declare_s: float = 0.0
    put_s: float = 0.0
    seal_s: float = 0.0
    finished_at_start: int = 0
    finished_at_end: int = 0
    poll_ms: list[float] = field(default_factory=list)
    small_poll_ms: list[float] = field(default_factory=list)
    counting_ms: list[float] = field(default_factory=list)

    def summary(self) -> dict[str, Any]:
        """Return the figures that are printed as JSON."""
        p50, p99 = percentile(self.poll_ms, 50), percentile(self.poll_ms, 99)
        small = percentile(self.small_poll_ms, 50)
        lists = ("poll_ms", "small_poll_ms", "counting_ms")
        plain = {name: value for name, value in asdict(self).items() if name not in lists}
        return {
            **plain,
            "polls": len(self.poll_ms),
            "poll_p50_ms": p50,
            "poll_p99_ms": p99,
            "small_poll_p50_ms": small,
            "small_poll_p99_ms": percentile(self.small_poll_ms, 99),
            "counting_p50_ms": percentile(self.counting_ms, 50),
            "limits": {"seal_s": SEAL_LIMIT_S, "poll_p99_ms": POLL_LIMIT_MS},
            "ratios": {
                "seal_over_limit": round(self.seal_s / SEAL_LIMIT_S, 4),
                "declare_and_seal_over_limit": round(
                    (self.declare_s + self.seal_s) / SEAL_LIMIT_S, 4
                ),
                "poll_p99_over_limit": round(p99 / POLL_LIMIT_MS, 3),
                "poll_over_poll_of_one_photo": round(p50 / small, 3),
            },
        }


def percentile(values: Sequence[float], percent: int) -> float:
    """Return the value that ``percent`` of ``values`` do not exceed, to 0.01."""
    ordered = sorted(values)
    return round(ordered[min(len(ordered) - 1, len(ordered) * percent // 100)], 2)


def measure(folder: Path, *, items: int, distinct: int, polls: int, rate: float) -> Report:
    """Take a job in and poll it while it runs."""
    (folder / "photos").mkdir()
    paths = write_variations(folder / "photos", count=distinct, longest_side=320)
    photos = [path.read_bytes() for path in paths]
    report = Report(items)
    overrides = {
        "HFER_TELEMETRY__LEVEL": "WARNING",
        "HFER_API__QUEUE_CAP_PHOTOS": str(items + 10),
    }
    with local_stack(
        folder / "stack", console=Console(verbose=False), overrides=overrides
    ) as stack:
        stack.start_servers()
        stack.start_apps()
        with api_client(stack) as client:
            small = take_in(client, photos[:1], items=1, report=Report(1))
            wait_for(lambda: finished(client, small) == 1)
            job = take_in(client, photos, items=items, report=report)
            tell_intake(report)
            wait_for(lambda: finished(client, job) > 0)
            poll(client, stack, job=job, small=small, polls=polls, rate=rate, report=report)
    return report


@contextmanager
def api_client(stack: LocalStack) -> Iterator[httpx.Client]:
    """Connect with a tenant's key."""
    headers = {"Authorization": f"Bearer {stack.tenant_key()}"}
    with httpx.Client(base_url=stack.url, headers=headers, timeout=60, trust_env=False) as client:
        yield client


def take_in(client: httpx.Client, photos: Sequence[bytes], *, items: int, report: Report) -> str:
    """Declare, put and seal; the path of the job."""
    described = [
        {"filename": "a.jpg", "size": len(photo), "sha256": hashlib.sha256(photo).hexdigest()}
        for photo in photos
    ]
    upload = ""
    with Progress() as progress, ThreadPoolExecutor(PUT_THREADS) as pool:
        task = progress.add_task(f"taking in {items:,} photos", total=items)
        for start in range(0, items, PAGE):
            amount = min(PAGE, items - start)
            files = [described[place % len(photos)] for place in range(amount)]
            begun = time.perf_counter()
            if upload:
                path, body = f"/v1/uploads/{upload}/files", {"start": start, "files": files}
            else:
                path, body = "/v1/uploads", {"files": files}
            answer = _ok(client.post(path, json=body)).json()
            declared = time.perf_counter()
            upload = answer["id"]
            slots = answer["data"][: len(photos)]
            pairs = [(slot["url"], photo) for slot, photo in zip(slots, photos, strict=False)]
            list(pool.map(_put, pairs))
            report.declare_s += declared - begun
            report.put_s += time.perf_counter() - declared
            report.distinct_objects += len(pairs)
            progress.advance(task, amount)
    begun = time.perf_counter()
    job = _ok(client.post("/v1/jobs", json={"upload_id": upload})).json()
    report.seal_s = round(time.perf_counter() - begun, 4)
    report.declare_s, report.put_s = round(report.declare_s, 3), round(report.put_s, 3)
    if job["counts"]["total"] != items:
        raise RuntimeError(f"{job['id']} has {job['counts']['total']} photos, not {items}")
    return f"/v1/jobs/{job['id']}"


def tell_intake(report: Report) -> None:
    """Print the figures of the stages before the polls."""
    print(f"declared {report.items:,} photos in {report.declare_s:.2f} s, in pages of {PAGE:,}")
    print(f"put {report.distinct_objects:,} objects in {report.put_s:.2f} s")
    print(f"sealed in {report.seal_s:.3f} s (limit {SEAL_LIMIT_S:g} s)", flush=True)


def poll(
    client: httpx.Client,
    stack: LocalStack,
    *,
    job: str,
    small: str,
    polls: int,
    rate: float,
    report: Report,
) -> None:
    """Poll both jobs ``rate`` times a second; every tenth time count the rows as well."""
    engine = create_engine(stack.environment["HFER_DATABASE__URL"])
    public_id = job.rpartition("_")[2]
    report.finished_at_start = finished(client, job)
    with Progress() as progress, engine.connect() as connection:
        task = progress.add_task("polling while it runs", total=polls)
        due = time.perf_counter()

        def count_rows() -> Sequence[Any]:
            return connection.execute(_COUNTING, {"job": public_id}).all()

        for number in range(polls):
            time.sleep(max(0.0, due - time.perf_counter()))
            due = max(due + 1 / rate, time.perf_counter())
            report.poll_ms.append(_ms(lambda: client.get(job)))
            report.small_poll_ms.append(_ms(lambda: client.get(small)))
            if number % 10 == 0:
                report.counting_ms.append(_ms(count_rows))
                connection.rollback()
            progress.advance(task)
    engine.dispose()
    report.finished_at_end = finished(client, job)
    if report.finished_at_end == report.items:
        raise RuntimeError("the job ended while it was polled; take more items or fewer polls")


def finished(client: httpx.Client, job: str) -> int:
    """How many photos of a job are final."""
    counts: dict[str, int] = _ok(client.get(job)).json()["counts"]
    return counts["total"] - counts["queued"] - counts["running"]


def wait_for(condition: Callable[[], bool], *, timeout_s: float = 300.0) -> None:
    """Wait until ``condition`` holds."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > deadline:
            raise RuntimeError("the workers do not get on")
        time.sleep(0.2)


def _ms(call: Callable[[], Any]) -> float:
    begun = time.perf_counter()
    answer = call()
    taken = (time.perf_counter() - begun) * 1_000
    if isinstance(answer, httpx.Response):
        _ok(answer)
    return taken


def _put(pair: tuple[str, bytes]) -> None:
    url, photo = pair
    _ok(httpx.put(url, content=photo, timeout=60, trust_env=False))


def _ok(response: httpx.Response) -> httpx.Response:
    if response.is_error:
        raise RuntimeError(f"{response.request.url.path}: {response.status_code} {response.text}")
    return response


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.intake", description=__doc__)
    parser.add_argument("--items", type=int, default=100_000, help="photos of the job")
    parser.add_argument("--distinct", type=int, default=8, help="different photos on each page")
    parser.add_argument("--polls", type=int, default=1_000)
    parser.add_argument("--rate", type=float, default=20.0, help="polls a second")
    parser.add_argument("--json", action="store_true", help="print one JSON object last")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="hfer-intake-") as scratch:
        report = measure(
            Path(scratch),
            items=options.items,
            distinct=options.distinct,
            polls=options.polls,
            rate=options.rate,
        )
    summary = report.summary()
    print(
        f"polled {summary['polls']:,} times while photos {report.finished_at_start:,} to"
        f" {report.finished_at_end:,} were finished: p50 {summary['poll_p50_ms']} ms, p99"
        f" {summary['poll_p99_ms']} ms (limit {POLL_LIMIT_MS:g} ms); a job of one photo: p50"
        f" {summary['small_poll_p50_ms']} ms, p99 {summary['small_poll_p99_ms']} ms"
    )
    mean = statistics.fmean(report.counting_ms)
    print(f"counting its rows instead: {mean:.1f} ms in the database alone")
    if options.json:
        print(json.dumps(summary))


if __name__ == "__main__":
    main()
