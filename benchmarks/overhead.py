"""What the service costs over its own pipeline: ``python -m benchmarks.overhead``.

The bare side analyses photos from memory in as many processes as the worker has children. The
service side is the whole local stack on the same cores, from the accepted job to its end:
queue, bucket, leases, outcomes. Both sides alternate on the same photos, after the models are
loaded. The figure is the median over rounds of service by bare: a pair runs within a minute, so
that a drift of the machine's speed cancels. 1 means that the service is free.
"""

import argparse
import json
import os
import statistics
import tempfile
import uuid
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from sqlalchemy import Engine, create_engine, text

from benchmarks.crew import hired
from benchmarks.photos import write_variations
from benchmarks.pipeline.ours import OurPipeline
from hfer import Client
from infra.local.console import Console
from infra.local.stack import local_stack
from services.vision.classifiers.choice import PrecisionChoice

BUNDLE = Path(__file__).parents[1] / "models" / "starter"
_SECONDS = text("""
    SELECT extract(epoch FROM finished_at - sealed_at) FROM job
    WHERE public_id = CAST(:job AS uuid)
""")
TIMEOUT_S = 600.0


@dataclass(frozen=True, slots=True)
class Report:
    """Images per second of each round, and the median of the rounds' ratios."""

    photos: int
    processes: int
    bare: list[float]
    service: list[float]
    ratio: float


def measure(folder: Path, photos: Sequence[Path], *, processes: int, rounds: int) -> Report:
    """Alternate both sides ``rounds`` times, after one round of each that is not counted."""
    bare: list[float] = []
    service: list[float] = []
    overrides = {
        "HFER_WORKER__CONCURRENCY": str(processes),
        "HFER_WORKER__THREADS": "1",
        "HFER_TELEMETRY__LEVEL": "WARNING",
    }
    with local_stack(folder, console=Console(verbose=False), overrides=overrides) as stack:
        stack.start_servers()
        stack.start_apps()
        engine = create_engine(stack.environment["HFER_DATABASE__URL"])
        with (
            Client(stack.url, stack.tenant_key()) as client,
            hired(OurPipeline, BUNDLE, photos, PrecisionChoice.AUTO, size=processes) as bare_side,
        ):
            for number in range(rounds + 1):
                seconds, _ = bare_side.timed("analyse")
                rates = len(photos) / seconds, service_rate(client, engine, photos)
                print(
                    f"round {number}: bare {rates[0]:.1f}, service {rates[1]:.1f} images/s,"
                    f" ratio {rates[1] / rates[0]:.2f}"
                )
                if number:
                    bare.append(rates[0])
                    service.append(rates[1])
    ratio = statistics.median(ours / theirs for ours, theirs in zip(service, bare, strict=True))
    return Report(len(photos), processes, bare, service, round(ratio, 3))


def service_rate(client: Client, engine: Engine, photos: Sequence[Path]) -> float:
    """Images per second from the acceptance of a job to its end, by the database's clock.

    More photos than one request takes are put into the bucket before: they are accepted with
    the seal, not with the first file declared.
    """
    job = client.submit(*photos, idempotency_key=str(uuid.uuid4()))
    state = job.wait(timeout_s=TIMEOUT_S)
    if state.counts.succeeded + state.counts.no_face != len(photos):
        raise RuntimeError(f"{job.id} ended as {state.status} with {state.counts}")
    with engine.connect() as connection:
        seconds = connection.execute(_SECONDS, {"job": job.id.rpartition("_")[2]}).scalar_one()
    return len(photos) / float(seconds)


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.overhead", description=__doc__)
    parser.add_argument("--photos", type=Path, help="folder of JPEGs (default: from samples/)")
    parser.add_argument("--count", type=int, default=200, help="photos made from samples/")
    parser.add_argument("--side", type=int, default=1000, help="their longest side, pixels")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--processes", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--json", action="store_true", help="print one JSON object last")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="hfer-overhead-") as scratch:
        folder = Path(scratch)
        photos = sorted(options.photos.glob("*.jpg")) if options.photos else None
        if photos is None:
            (folder / "photos").mkdir()
            photos = write_variations(
                folder / "photos", count=options.count, longest_side=options.side
            )
        report = measure(
            folder / "stack", photos, processes=options.processes, rounds=options.rounds
        )
    print(f"service / bare pipeline: {report.ratio:.3f} (median of {options.rounds} rounds)")
    if options.json:
        print(json.dumps(asdict(report)))


if __name__ == "__main__":
    main()
