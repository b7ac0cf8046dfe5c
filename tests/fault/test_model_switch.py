"""Publish, activate and roll back while jobs run and while none does; bundles that are broken."""

from pathlib import Path
from typing import Any

import pytest

from services.common.registry.bundles import read_identity
from tests.fault.chaos import Progress, run_chaos
from tests.fault.model_switch import Switching, live_children
from tests.fault.oracle import check_oracle
from tests.fixtures.analysers import FIVE_MS_OF_BUNDLE, fake_photo
from tests.fixtures.bundles import replace_file, tiny_card, write_tiny_bundle
from tests.fixtures.factories import JobMaker, Rows
from tests.fixtures.fleet import Fleet, wait_until

PHOTOS = 2_000
# On a quiet machine five seconds, by `python -m tests.fault.model_switch`.
FOLLOWS_S = 120
BROKEN = {
    "a network that is none": ("model.onnx", b"no network"),
    "golden answers that are no archive": ("golden.npz", b"PK\x03\x04 no archive"),
    "golden answers that are empty": ("golden.npz", b""),
}


class RealFleet:
    """Workers with the real pipeline and bundles of random weights."""

    def __init__(self, fleet: Fleet, folder: Path) -> None:
        self.fleet = fleet
        self.folder = folder
        self.shipped = write_tiny_bundle(folder / "shipped")

    def bundle(self, version: str, *, broken: str | None = None) -> Path:
        """Write a bundle, whole or broken in one of the ways of `BROKEN`."""
        directory = self.folder / version
        write_tiny_bundle(directory, card=tiny_card(version=version))
        if broken is not None:
            replace_file(directory, *BROKEN[broken])
        return directory

    def activate(self, bundle: Path) -> str:
        """Publish and activate; the version that results would name."""
        Switching(self.fleet, bundle).publish_and_activate()
        return read_identity(bundle).model_version

    def start(self, name: str = "worker", *, children: int = 2, live: int | None = None) -> None:
        """Start a worker and wait until so many children live, of all workers."""
        self.fleet.start_worker(
            name,
            HFER_WORKER__ANALYSER="services.worker.models.analyser:from_settings",
            HFER_WORKER__DEVICE="cpu",
            HFER_WORKER__CONCURRENCY=str(children),
            HFER_WORKER__BUNDLE_DIR=str(self.shipped.directory),
            HFER_MODELS__CACHE_DIR=str(self.folder / "cache"),
            HFER_MODELS__RETRY_S="3600",
        )
        self.fleet.wait_ready(live or children, timeout_s=FOLLOWS_S)

    def versions(self) -> list[str | None]:
        """The models that the children answer with, by their last sign of life."""
        return [row.model_version for row in live_children(self.fleet)]

    def refusals(self) -> list[dict[str, Any]]:
        """What the children say of models that they refuse."""
        return [
            refusal
            for row in live_children(self.fleet)
            for refusal in (row.current or {}).get("model_refusals", [])
        ]


@pytest.fixture
def real(fleet: Fleet, tmp_path: Path) -> RealFleet:
    return RealFleet(fleet, tmp_path)


class TestIdle:
    def test_every_child_follows_an_activation_and_a_rollback_without_a_photo(
        self, real: RealFleet
    ) -> None:
        real.start()
        second = real.bundle("0.2.0")
        wanted = real.activate(second)
        wait_until(
            lambda: real.versions() == [wanted] * 2,
            timeout_s=FOLLOWS_S,
            what="both children follow",
        )
        Switching(real.fleet, second).roll_back()
        wait_until(
            lambda: real.versions() == [real.shipped.version] * 2,
            timeout_s=FOLLOWS_S,
            what="both children go back",
        )


class TestBroken:
    def test_is_refused_with_a_reason_and_the_model_before_it_stays(self, real: RealFleet) -> None:
        real.start(children=1)
        for number, (broken, (name, _)) in enumerate(BROKEN.items()):
            bundle = real.bundle(f"0.{number + 2}.0", broken=broken)
            real.activate(bundle)
            sha256 = read_identity(bundle).sha256.hex()
            wait_until(
                lambda sha256=sha256: [found["sha256"] for found in real.refusals()] == [sha256],
                timeout_s=FOLLOWS_S,
                what="it is refused",
            )
            assert {found["code"] for found in real.refusals()} == {"bundle-refused"}
            words = "is no ONNX model" if name == "model.onnx" else "golden.npz is not readable"
            assert all(words in found["reason"] for found in real.refusals())
            assert real.versions() == [real.shipped.version]
        assert real.fleet.log("worker").count("model.refused") == len(BROKEN)

    def test_a_fresh_worker_falls_back_to_the_last_good_one(self, real: RealFleet) -> None:
        real.start(children=1)
        good = real.activate(real.bundle("0.2.0"))
        wait_until(lambda: real.versions() == [good], timeout_s=FOLLOWS_S, what="the second model")
        real.activate(real.bundle("0.3.0", broken="a network that is none"))
        wait_until(lambda: len(real.refusals()) == 1, timeout_s=FOLLOWS_S, what="it is refused")
        real.start("worker-fresh", children=1, live=2)
        assert real.versions() == [good] * 2
        assert "model.fell_back" in real.fleet.log("worker-fresh")


def test_models_change_between_chunks_and_no_photo_notices(
    fleet: Fleet, make_job: JobMaker, rows: Rows, tmp_path: Path
) -> None:
    shipped = write_tiny_bundle(tmp_path / "shipped")
    second = write_tiny_bundle(tmp_path / "second", card=tiny_card(version="0.2.0"))
    fleet.start_maintenance()
    fleet.start_worker(
        HFER_WORKER__ANALYSER=FIVE_MS_OF_BUNDLE,
        HFER_WORKER__BUNDLE_DIR=str(shipped.directory),
        # The whole job is one task: a switch waits for the end of a chunk, not for that of a task.
        HFER_QUEUE__LOOP_BUDGET_S="60",
        HFER_QUEUE__TASK_TIME_LIMIT_S="120",
        HFER_QUEUE__LEASE_S="150",
        HFER_MODELS__POLL_S="0.1",
        HFER_MODELS__CACHE_DIR=str(tmp_path / "cache"),
    )
    fleet.wait_ready(1)
    photos = [fake_photo(number) for number in range(PHOTOS)]
    switching = Switching(fleet, second.directory)
    job = make_job(photos)
    changes = [(0.2, switching.publish_and_activate), (0.6, switching.roll_back)]
    run_chaos(Progress(rows, job), changes, timeout_s=120)
    check_oracle(fleet.sessions, job.id, photos, attempts=1)
    answered = switching.versions(job)
    assert set(answered) == {shipped.version, second.version}
    assert answered.total() == PHOTOS
    assert min(answered.values()) > PHOTOS / 10
    # It went back: what came last was answered by the first model again.
    last = max(rows.outcomes(job.id).values(), key=lambda outcome: outcome.created_at)
    assert last.model_version == shipped.version
