"""Models that jobs name: which are loaded, which give way, which are refused."""

import gc
from collections.abc import Mapping
from pathlib import Path

import pytest

from services.common.domain.errors import BundleError, ItemErrorCode
from services.common.domain.faces import AnalysisOptions
from services.worker.models.analyser import PhotoAnalyser
from services.worker.models.job_models import FLAT_BYTES, IDLE_S, STAY_S, JobModels, model_bytes
from tests.fixtures.analysers import FakeAnalyser

ACTIVE, A, B, C = (bytes([number]) * 32 for number in range(4))
MEGABYTE = 1_000_000


class World:
    """The registry, the bucket, the active model and a clock, moved by hand."""

    def __init__(self, folder: Path) -> None:
        self.root = folder
        self.asked: list[bytes] = []
        self.now = 0.0
        self.opened: list[bytes] = []
        self.faults: dict[bytes, Exception] = {}
        self.active = FakeAnalyser()

    def clock(self) -> float:
        return self.now

    def job_models(self) -> list[bytes]:
        return self.asked

    def folder(self, sha256: bytes) -> Path:
        folder = self.root / sha256.hex()
        folder.mkdir(exist_ok=True)
        (folder / "model.onnx").write_bytes(b"\0" * 1_000)
        return folder

    @property
    def loaded(self) -> Mapping[bytes, PhotoAnalyser]:
        return {ACTIVE: self.active}

    def open(self, directory: Path) -> PhotoAnalyser:
        sha256 = bytes.fromhex(directory.name)
        if sha256 in self.faults:
            raise self.faults[sha256]
        self.opened.append(sha256)
        return FakeAnalyser()


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def models_of(world: World, *, max_bytes: int = 2_000 * MEGABYTE) -> JobModels:
    return JobModels(
        world, world, max_bytes=max_bytes, resident=lambda: 500 * MEGABYTE, clock=world.clock
    )


@pytest.fixture
def models(world: World) -> JobModels:
    return models_of(world)


def sync(models: JobModels) -> None:
    while models.sync():
        pass


class TestJobModels:
    def test_loads_what_waiting_jobs_ask_for_and_no_other(
        self, models: JobModels, world: World
    ) -> None:
        sync(models)
        assert models.answering().keys() == {ACTIVE}
        world.asked = [A, ACTIVE, B]
        sync(models)
        assert world.opened == [A, B]
        assert models.answering().keys() == {ACTIVE, A, B}

    def test_holds_two_and_the_third_waits_while_those_are_asked_for(
        self, models: JobModels, world: World
    ) -> None:
        world.asked = [A, B, C]
        sync(models)
        assert world.opened == [A, B]
        world.now = STAY_S
        models.used(A)
        assert models.sync()
        assert world.opened == [A, B, C]
        assert models.answering().keys() == {ACTIVE, A, C}

    def test_the_least_recently_used_gives_way_at_once_when_nobody_asks_for_it(
        self, models: JobModels, world: World
    ) -> None:
        world.asked = [A, B]
        sync(models)
        world.now = 1.0
        models.used(A)
        world.asked = [C]
        sync(models)
        assert models.answering().keys() == {ACTIVE, A, C}

    def test_one_that_a_chunk_still_has_counts(self, models: JobModels, world: World) -> None:
        world.asked = [A, B]
        sync(models)
        under_way = models.answering()
        world.asked = [C]
        sync(models)
        assert C not in models.answering()
        del under_way
        gc.collect()
        sync(models)
        assert C in models.answering()

    def test_one_that_nobody_asks_for_is_let_go_after_a_while(
        self, models: JobModels, world: World
    ) -> None:
        world.asked = [A]
        sync(models)
        world.asked = []
        world.now = IDLE_S - 1
        sync(models)
        assert A in models.answering()
        world.now = IDLE_S
        sync(models)
        assert A not in models.answering()

    def test_stays_within_the_memory_of_a_child(self, world: World) -> None:
        models = models_of(world, max_bytes=500 * MEGABYTE + FLAT_BYTES + 10_000)
        assert models.describe()["job_models"]["room"] == 1
        world.asked = [A, B]
        sync(models)
        assert world.opened == [A]
        world.asked = [B]
        sync(models)
        assert models.answering().keys() == {ACTIVE, B}

    def test_says_what_to_do_where_there_is_no_memory_for_any(self, world: World) -> None:
        models = models_of(world, max_bytes=501 * MEGABYTE)
        world.asked = [A]
        sync(models)
        told = models.describe()["job_models"]
        assert told["room"] == 0
        assert "Raise HFER_WORKER__MAX_MEMORY_MB" in told["refused"][A.hex()]
        assert A not in models.answering()  # its photos wait for a worker that has more

    def test_photos_that_ask_for_what_cannot_be_loaded_fail_with_the_reason(
        self, models: JobModels, world: World
    ) -> None:
        world.asked = [A]
        world.faults[A] = BundleError("Its golden answers differ.")
        sync(models)
        assert models.describe()["job_models"]["refused"] == {A.hex(): "Its golden answers differ."}
        [answer] = models.answering()[A].analyse([b"photo"], AnalysisOptions())
        assert answer.code == ItemErrorCode.MODEL_REFUSED  # type: ignore[union-attr]
        assert "golden answers differ" in answer.detail  # type: ignore[union-attr]

    def test_a_refused_one_is_tried_again_after_a_pause(
        self, models: JobModels, world: World
    ) -> None:
        world.asked = [A]
        world.faults[A] = BundleError("Its golden answers differ.")
        sync(models)
        del world.faults[A]
        sync(models)
        assert world.opened == []
        world.now = 60.0
        sync(models)
        assert world.opened == [A]
        assert models.describe()["job_models"]["refused"] == {}

    def test_without_a_registry_none_is_held_or_told(self, world: World) -> None:
        models = JobModels(world)
        assert not models.sync()
        assert models.describe() == {}


def test_a_bundle_takes_memory_by_its_networks(tmp_path: Path) -> None:
    (tmp_path / "model.onnx").write_bytes(b"\0" * 1_000)
    (tmp_path / "model.int8.onnx").write_bytes(b"\0" * 300)
    (tmp_path / "seen_images.npz").write_bytes(b"\0" * 90_000)
    assert model_bytes(tmp_path) == FLAT_BYTES + 5_200
