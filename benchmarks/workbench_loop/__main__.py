"""The workbench's loop, whole: ``python -m benchmarks.workbench_loop --help``.

A collection that the shipped model has not seen and is visibly wrong on, photocopied portraits,
goes through the real stack: analysed, reviewed (a random share blind, then what the model is least
sure of), made a data set, gone on from by ``finetune`` on this machine, compared on the held-out
faces, published, tried as a canary, activated by the gate, and run again; then both jobs are set
side by side. Every step goes through the API or the command line, as a user's would. It exits with
1 unless the new model is better on the held-out faces by the paired 95 % interval.

FOLDER keeps the stack and what each step found: an interrupted run goes on where it was.
"""

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.workbench_loop.collection import write_collection
from benchmarks.workbench_loop.reviewing import (
    beside_unreviewed,
    review_drawn,
    review_uncertain,
    share_right,
)
from benchmarks.workbench_loop.steps import Found, Steps
from hfer import Client, Job
from infra.local.console import Console
from infra.local.stack import LocalStack, local_stack

REPOSITORY = Path(__file__).resolve().parents[2]
PARENT = REPOSITORY / "models" / "starter"
NAME = "photocopies"
_DAY_S = 86_400
# Photos of the canary: some ten chunks, of which half are the candidate's.
_TRIED = 400


class Loop:
    """One way through it; ``user`` and ``operator`` are clients with their keys."""

    def __init__(self, folder: Path, stack: LocalStack, options: argparse.Namespace) -> None:
        self.folder, self.options = folder, options
        self.user = Client(stack.url, stack.tenant_key())
        self.operator = Client(stack.url, stack.admin_key)
        self.steps = Steps(folder)
        self.archive = folder / f"{NAME}.tar"
        self.run = folder / "run"
        self.truth: dict[str, str] = {}

    def go(self) -> bool:
        """Take all steps; return whether the new model is better on held-out faces."""
        steps = self.steps
        self.truth = dict(steps("collection", self.collect)["truth"])
        job = self.user.jobs.attach(steps("analysed", self.analyse)["job"])
        steps("reviewed", lambda: self.review(job))
        steps("data set", lambda: self.make_data_set(job))
        steps("fine-tuned", self.finetune)
        compared = steps("compared", self.compare)
        model = steps("published", self.publish)["model"]
        steps("canary", lambda: self.canary(model))
        steps("activated", lambda: self.activate(model))
        again = self.user.jobs.attach(steps("run again", lambda: self.rerun(job))["job"])
        steps("what changed", lambda: self.diff(job, again))
        steps("on faces nobody reviewed", lambda: beside_unreviewed(job, again, self.truth))
        steps.show()
        return bool(compared["low"] > 0)

    def collect(self) -> Found:
        """Write the photos."""
        options = self.options
        found = list(
            write_collection(
                options.data, options.votes, self.folder / "photos", photos=options.photos
            )
        )
        return {"photos": len(found), "truth": [(one.filename, one.answer) for one in found]}

    def analyse(self) -> Found:
        """Submit them, to be kept."""
        started = time.monotonic()
        job = self.user.submit(self.folder / "photos", keep_photos_s=_DAY_S, keep_for_training=True)
        job.wait(timeout_s=self.options.timeout)
        right, faces = share_right(job, self.truth)
        return {
            "job": job.id,
            "faces": faces,
            "right": round(right, 3),
            "seconds": round(time.monotonic() - started),
        }

    def review(self, job: Job) -> Found:
        """Answer a random share blind, then what the model is least sure of."""
        drawn = review_drawn(self.user, job, self.truth, count=self.options.drawn)
        unsure = review_uncertain(job, self.truth, count=self.options.uncertain)
        told = self.user.reviews.summary(job.id).model
        return {
            "drawn": drawn,
            "uncertain": unsure,
            "accuracy": told.accuracy.value,
            "interval": f"{told.accuracy.low} to {told.accuracy.high}",
            "enough": told.enough,
        }

    def make_data_set(self, job: Job) -> Found:
        """Make a version of the reviews, and download it."""
        made = self.user.datasets.create(
            NAME, [job.id], consent="a collection for benchmarks", least_of_each=0
        )
        ready = self.user.datasets.wait(made.id)
        self.user.datasets.download(made.id, self.archive)
        sides = {side: sum(counts.values()) for side, counts in ready.counts.items()}
        return {"id": made.id, "faces": ready.faces, **sides}

    def finetune(self) -> Found:
        """Go on from the shipped model."""
        started = time.monotonic()
        command = ["finetune", "--data", str(self.archive), "--bundle", str(PARENT)]
        command += ["--name", NAME, "--run", str(self.run)]
        _trainer(command + (["--resume"] if self.run.exists() else []))
        return {"minutes": round((time.monotonic() - started) / 60, 1)}

    def compare(self) -> Found:
        """Set both beside each other on the held-out faces, and write it into the new one."""
        bundles = [str(PARENT), str(self.run / "bundle")]
        command = ["compare", "--bundle", bundles[0], "--bundle", bundles[1]]
        command += ["--data", str(self.archive), "--split", "test", "--record", "--json"]
        found = json.loads(_trainer(command))["judges"]
        row = found["measures"]["agreement"]
        return {"held_out": found["n"], **row}

    def publish(self) -> Found:
        """Send the bundle."""
        model = self.operator.models.publish(self.run / "bundle")
        return {"model": model.id, "version": model.version}

    def canary(self, model: str) -> Found:
        """Let it answer half of the chunks of a small job beside the active one."""
        self.operator.models.start_canary(model, share=0.5)
        photos = sorted((self.folder / "photos").iterdir())[:_TRIED]
        self.user.submit(photos).wait(timeout_s=self.options.timeout)
        seen = self.operator.models.canary()
        self.operator.models.stop_canary()
        assert seen is not None  # noqa: S101 - it was started above
        return {"chunks": seen.chunks, "faces": seen.faces, "agreement": seen.agreement}

    def activate(self, model: str) -> Found:
        """Activate it, as the gate lets it without force."""
        return {"model": self.operator.models.activate(model).version}

    def rerun(self, job: Job) -> Found:
        """Analyse the same photos again, with the model that is active now."""
        again = job.rerun()
        again.wait(timeout_s=self.options.timeout)
        right, faces = share_right(again, self.truth)
        return {"job": again.id, "faces": faces, "right": round(right, 3)}

    def diff(self, job: Job, again: Job) -> Found:
        """Count what is answered otherwise now."""
        totals = again.diff(job).totals
        return {"faces": totals.faces, "changed": totals.changed, "shift": totals.mean_shift}


def _trainer(arguments: Sequence[str]) -> str:
    command = [sys.executable, "-m", "services.trainer", *arguments]
    wants_json = "--json" in arguments
    done = subprocess.run(
        command,
        cwd=REPOSITORY,
        check=True,
        text=True,
        stdout=subprocess.PIPE if wants_json else None,
    )
    return done.stdout or ""


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.workbench_loop", description=__doc__
    )
    parser.add_argument("--data", type=Path, required=True, help="fer2013.tar.gz")
    parser.add_argument("--votes", type=Path, required=True, help="PublicTest.csv of FER+")
    parser.add_argument("--folder", type=Path, required=True, help="where all of it is kept")
    parser.add_argument("--photos", type=int, default=1_200)
    parser.add_argument("--drawn", type=int, default=200, help="faces reviewed blind")
    parser.add_argument("--uncertain", type=int, default=100, help="faces reviewed after them")
    parser.add_argument("--timeout", type=float, default=3_600.0, help="seconds for a job")
    options: Any = parser.parse_args()
    overrides = {"HFER_TELEMETRY__LEVEL": "WARNING"}
    console = Console(verbose=False)
    with local_stack(options.folder / "stack", console=console, overrides=overrides) as stack:
        stack.start_servers()
        stack.start_apps()
        better = Loop(options.folder, stack, options).go()
    sys.exit(0 if better else 1)


if __name__ == "__main__":
    main()
