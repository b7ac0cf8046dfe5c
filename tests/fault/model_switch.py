"""Models changed under idle workers and under a running job: published, activated, rolled back.

As a script it is the proof with the real models:

    python -m tests.fault.model_switch --photos samples --count 2000
"""

import argparse
import json
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from sqlalchemy import select

from services.common.db.session import unit_of_work
from services.common.db.tables import Item, Outcome, Worker
from services.common.registry.activation import activate, roll_back
from services.common.registry.bundles import read_identity
from services.common.registry.publishing import publish_bundle
from services.common.registry.repository import ModelRepository
from services.vision.bundle import BundleCard, Golden, load_bundle, load_golden, write_bundle
from services.vision.classifiers.logits import to_probabilities
from tests.fault.chaos import Progress, read_photos, run_chaos
from tests.fault.oracle import check_accounts
from tests.fixtures.factories import JobMaker, MadeJob, Rows
from tests.fixtures.fleet import Fleet, fleet_on, running_servers, wait_until

SHIPPED = Path("models/starter")
# What docs/models.md promises of workers without photos, on a machine that is not busy.
IDLE_S = 5


@dataclass(frozen=True)
class Switching:
    """The two changes, as faults for `run_chaos`."""

    fleet: Fleet
    second: Path

    def publish_and_activate(self) -> None:
        """What a trainer and an administrator do."""
        public_id = publish_bundle(self.fleet.sessions, self.fleet.storage, self.second)
        with unit_of_work(self.fleet.sessions) as session:
            model = ModelRepository(session).get(public_id)
            assert model is not None
            activate(session, model, max_f1_drop=0.02, force=True, actor="test")

    def roll_back(self) -> None:
        with unit_of_work(self.fleet.sessions) as session:
            roll_back(session, actor="test")

    def versions(self, job: MadeJob) -> Counter[str | None]:
        """How many outcomes of the job name which model."""
        query = select(Outcome.model_version).join(Item).where(Item.job_id == job.id)
        with unit_of_work(self.fleet.sessions) as session:
            return Counter(session.scalars(query))


def live_children(fleet: Fleet) -> list[Worker]:
    """The rows of the pool children that live."""
    query = select(Worker).where(Worker.pid.in_(fleet.child_pids()))
    with unit_of_work(fleet.sessions) as session:
        return list(session.scalars(query))


def seconds_until_all_answer(fleet: Fleet, bundle: Path) -> float:
    """Wait until every child says that it answers with a bundle; the seconds it took."""
    wanted = {read_identity(bundle).model_version}
    return wait_until(
        lambda: {row.model_version for row in live_children(fleet)} == wanted,
        timeout_s=60,
        what="every child follows",
    )


def another_version(source: Path, target: Path, *, version: str) -> Path:
    """Write the same network under another version and with another temperature.

    It says what the trainer's ``compare --record`` finds of the two: they answer alike.
    """
    bundle = load_bundle(source)
    golden, card = load_golden(bundle), bundle.manifest
    changed = card.temperature * 1.25
    # p = softmax(z / T), so that log p / 1.25 are the logits over the new temperature.
    colder = to_probabilities(np.log(golden.probabilities), temperature=changed / card.temperature)
    fields = {name: getattr(card, name) for name in BundleCard.model_fields}
    figures = {"macro_f1": card.metrics["macro_f1"]["value"]}
    same_test = {"truth": "data set", "test_sha256": "0" * 64, "n": card.metrics["n"], **figures}
    compared = {**same_test, "baseline": {"sha256": bundle.identity, **figures}}
    fields |= {"metrics": {**card.metrics, "comparisons": [compared]}}
    write_bundle(
        target,
        card=BundleCard(**{**fields, "version": version, "temperature": changed}),
        model=bundle.model_path().read_bytes(),
        golden=Golden(golden.crops, colder),
    )
    return target


def main() -> None:
    """Run the proof and print how many photos each model answered."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=Path, required=True, help="a folder of photos")
    parser.add_argument("--count", type=int, default=2000)
    arguments = parser.parse_args()
    photos = read_photos(arguments.photos, count=arguments.count)
    say = sys.stdout.write
    with (
        tempfile.TemporaryDirectory() as scratch,
        running_servers(Path(scratch) / "servers") as (servers, supervisor),
        fleet_on(Path(scratch), servers, supervisor) as fleet,
    ):
        real = {
            "HFER_WORKER__ANALYSER": "services.worker.models.analyser:from_settings",
            "HFER_WORKER__DEVICE": "cpu",
            "HFER_WORKER__CONCURRENCY": "2",
            "HFER_QUEUE__LEASE_S": "60",
            "HFER_QUEUE__TASK_TIME_LIMIT_S": "40",
            "HFER_MODELS__CACHE_DIR": f"{scratch}/cache",
        }
        fleet.start_maintenance()
        fleet.start_worker(**real)
        fleet.wait_ready(2)
        second = another_version(SHIPPED, Path(scratch) / "second", version="99.0.0")
        switching = Switching(fleet, second)
        switching.publish_and_activate()
        idle = [seconds_until_all_answer(fleet, second)]
        switching.roll_back()
        idle.append(seconds_until_all_answer(fleet, SHIPPED))
        job = JobMaker(fleet.sessions, fleet.storage)(photos)
        changes = [(0.25, switching.publish_and_activate), (0.6, switching.roll_back)]
        seconds = run_chaos(Progress(Rows(fleet.sessions), job), changes, timeout_s=3600)
        codes = check_accounts(fleet.sessions, job.id, total=len(photos))
        answered = json.dumps(dict(switching.versions(job)))
        refused = fleet.log("worker").count("model.refused")
    say(
        "idle: two children followed an activation in {:.1f} s, a rollback in {:.1f} s\n".format(
            *idle
        )
    )
    say(f"published and activated at 25 %, rolled back at 60 %; refusals: {refused}\n")
    say(f"{len(photos)} photos, one outcome each, in {seconds:.0f} s: {dict(codes)}\n")
    say(f"by model: {answered}\n")
    sys.exit(set(codes) != {"ok"} or refused > 0 or max(idle) > IDLE_S)


if __name__ == "__main__":
    main()
