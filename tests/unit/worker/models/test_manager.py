"""The manager with a registry and bundles made up: what it loads, refuses, keeps and lets go."""

import uuid
from collections.abc import Sequence
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from services.common.config import ModelSettings
from services.common.domain.errors import BundleError, ItemError, TransientError
from services.common.domain.faces import AnalysisOptions, PhotoAnalysis
from services.common.registry.trial_load_repository import AskedLoad
from services.worker.models.canary import CanaryAnalyser
from services.worker.models.manager import ModelManager, Wanted, describe

A, B, C, D = (letter.encode() for letter in "abcd")
TOKEN = uuid.UUID(int=1)
UNTROUBLED = {"precision": "fp32", "detector": "openvino", "shipped": A.hex()}


class Registry:
    """A ``ModelSource`` moved by hand."""

    def __init__(self) -> None:
        self.now = Wanted(active=A)
        self.before: bytes | None = None
        self.faults: dict[bytes, Exception] = {}
        self.fetched: list[bytes] = []
        self.asked: list[AskedLoad] = []
        self.answers: list[tuple[int, tuple[str, str] | None]] = []

    def wanted(self) -> Wanted:
        return self.now

    def former(self) -> bytes | None:
        return self.before

    def folder(self, sha256: bytes) -> Path:
        self.fetched.append(sha256)
        if sha256 in self.faults:
            raise self.faults[sha256]
        return Path(sha256.decode())

    def upload_shipped(self) -> None:
        pass

    def asked_load(self) -> AskedLoad | None:
        return self.asked.pop(0) if self.asked else None

    def answer_load(self, asked: AskedLoad, fault: tuple[str, str] | None) -> None:
        self.answers.append((asked.id, fault))


class Named:
    """An analyser that is called as its bundle's folder; it counts itself."""

    precision = "fp32"
    detector = "openvino"

    def __init__(self, version: str = "a") -> None:
        self.model_version = version

    def warm_up(self) -> None:
        pass

    def with_bundle(self, directory: Path) -> "Named":
        return Named(directory.name)

    def analyse(
        self, photos: Sequence[bytes], options: AnalysisOptions
    ) -> list[PhotoAnalysis | ItemError]:
        raise AssertionError((photos, options))


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def registry() -> Registry:
    return Registry()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def manager(registry: Registry, clock: Clock) -> ModelManager:
    return ModelManager(
        Named(),
        source=registry,
        sha256=A,
        settings=ModelSettings(poll_s=2, retry_s=60),
        clock=clock,
    )


def sync(manager: ModelManager) -> None:
    while manager.sync():
        pass


class TestSwitch:
    def test_without_a_source_the_model_stays(self) -> None:
        manager = ModelManager(Named())
        manager.begin()
        assert (manager.sync(), manager.model_version) == (False, "a")

    def test_what_is_loaded_answers_only_if_it_is_still_wanted(
        self, manager: ModelManager, registry: Registry
    ) -> None:
        registry.now = Wanted(active=B)
        assert manager.sync()
        registry.now = Wanted(active=C)
        sync(manager)
        assert manager.model_version == "c"
        assert registry.fetched == [B, C]

    def test_one_rolled_back_while_it_was_loading_never_answers(
        self, manager: ModelManager, registry: Registry
    ) -> None:
        registry.now = Wanted(active=B)
        manager.sync()
        registry.now = Wanted(active=A)
        with capture_logs() as logs:
            sync(manager)
        assert (manager.model_version, logs) == ("a", [])

    def test_a_chunk_keeps_the_model_that_it_began_with(
        self, manager: ModelManager, registry: Registry
    ) -> None:
        of_chunk = manager.analyser_for(TOKEN)
        registry.now = Wanted(active=B)
        sync(manager)
        assert (of_chunk.model_version, manager.model_version) == ("a", "b")
        assert manager.analyser_for(TOKEN).model_version == "b"


class TestMemory:
    def test_a_third_model_waits_for_the_last_chunk_of_the_first(
        self, manager: ModelManager, registry: Registry
    ) -> None:
        of_chunk = manager.analyser_for(TOKEN)
        registry.now = Wanted(active=B)
        sync(manager)
        registry.now = Wanted(active=C)
        sync(manager)
        assert (manager.model_version, registry.fetched) == ("b", [B])
        del of_chunk
        sync(manager)
        assert manager.model_version == "c"

    def test_a_model_in_a_cycle_is_let_go(self, manager: ModelManager, registry: Registry) -> None:
        cycle: list[object] = [manager.analyser_for(TOKEN)]
        cycle.append(cycle)
        del cycle
        for wanted in (B, C):
            registry.now = Wanted(active=wanted)
            sync(manager)
        assert manager.model_version == "c"

    def test_a_candidate_is_one_more(self, manager: ModelManager, registry: Registry) -> None:
        registry.now = Wanted(active=A, candidate=B, candidate_id=7, share=1.0)
        sync(manager)
        of_chunk = manager.analyser_for(TOKEN)
        assert isinstance(of_chunk, CanaryAnalyser)
        registry.now = Wanted(active=C, candidate=B, candidate_id=7, share=1.0)
        sync(manager)
        assert manager.model_version == "c"
        registry.now = Wanted(active=D, candidate=B, candidate_id=7, share=1.0)
        sync(manager)
        assert manager.model_version == "c"  # a, b and c are in memory
        del of_chunk
        sync(manager)
        assert manager.model_version == "d"

    def test_an_activated_candidate_is_not_loaded_again(
        self, manager: ModelManager, registry: Registry
    ) -> None:
        registry.now = Wanted(active=A, candidate=B, candidate_id=7, share=0.5)
        sync(manager)
        registry.now = Wanted(active=B)
        sync(manager)
        assert (manager.model_version, registry.fetched) == ("b", [B])


class TestRefusal:
    @pytest.mark.parametrize(
        ("fault", "code", "words"),
        [
            (BundleError("golden.npz is not readable."), "bundle-refused", "golden.npz"),
            (TransientError("the object storage is not reachable"), "transient", "storage"),
            (MemoryError(), "transient", "memory"),
            (OSError(28, "No space left on device", "/secret/path"), "transient", "disk"),
            (ZeroDivisionError("of a library"), "bundle-refused", "export the bundle again"),
        ],
    )
    def test_whatever_is_raised_the_model_before_it_stays(
        self,
        manager: ModelManager,
        registry: Registry,
        fault: Exception,
        code: str,
        words: str,
    ) -> None:
        registry.now = Wanted(active=B)
        registry.faults[B] = fault
        with capture_logs() as logs:
            sync(manager)
        assert manager.model_version == "a"
        (line,) = logs
        assert (line["event"], line["code"]) == ("model.refused", code)
        reported = describe(manager)
        assert reported["model_trouble"] == code
        (refusal,) = reported["model_refusals"]
        assert refusal == {"sha256": B.hex(), "code": code, "reason": line["reason"]}
        assert words in refusal["reason"]
        assert not {"library", "secret"} & set(str(logs).replace("/", " ").split())

    def test_a_broken_bundle_is_tried_again_after_a_minute(
        self, manager: ModelManager, registry: Registry, clock: Clock
    ) -> None:
        registry.now = Wanted(active=B)
        registry.faults[B] = BundleError("broken")
        sync(manager)
        del registry.faults[B]
        clock.now = 59
        sync(manager)
        assert manager.model_version == "a"
        clock.now = 60
        sync(manager)
        assert manager.model_version == "b"
        assert describe(manager) == UNTROUBLED

    def test_trouble_that_may_pass_is_tried_again_soon_then_seldom(
        self, manager: ModelManager, registry: Registry, clock: Clock
    ) -> None:
        registry.now = Wanted(active=B)
        registry.faults[B] = TransientError("the object storage is not reachable")
        tried = []
        for second in range(200):
            clock.now = second
            before = len(registry.fetched)
            sync(manager)
            tried += [second] * (len(registry.fetched) - before)
        assert tried == [0, 2, 6, 14, 30, 62, 122, 182]

    def test_a_refusal_is_forgotten_with_the_wish(
        self, manager: ModelManager, registry: Registry
    ) -> None:
        registry.now = Wanted(active=B)
        registry.faults[B] = BundleError("broken")
        sync(manager)
        registry.now = Wanted(active=A)
        sync(manager)
        assert describe(manager) == UNTROUBLED
        del registry.faults[B]
        registry.now = Wanted(active=B)
        sync(manager)
        assert manager.model_version == "b"

    def test_a_candidate_may_be_refused_beside_the_active_model(
        self, manager: ModelManager, registry: Registry
    ) -> None:
        registry.now = Wanted(active=B, candidate=C, candidate_id=7, share=1.0)
        registry.faults = {B: BundleError("b"), C: BundleError("c")}
        sync(manager)
        assert [refusal["reason"] for refusal in describe(manager)["model_refusals"]] == ["b", "c"]
        assert manager.analyser_for(TOKEN).model_version == "a"


class TestTrialLoad:
    def test_is_loaded_and_let_go_while_the_model_in_use_stays(
        self, manager: ModelManager, registry: Registry
    ) -> None:
        registry.asked = [AskedLoad(7, B)]
        sync(manager)
        assert (registry.fetched, registry.answers) == ([B], [(7, None)])
        assert manager.model_version == "a"
        registry.now = Wanted(active=C)
        sync(manager)
        assert manager.model_version == "c"  # nothing of b is in memory

    def test_tells_why_a_bundle_cannot_be_loaded_and_refuses_nothing(
        self, manager: ModelManager, registry: Registry
    ) -> None:
        registry.asked = [AskedLoad(7, B), AskedLoad(8, C)]
        registry.faults = {B: BundleError("golden.npz is broken."), C: MemoryError()}
        with capture_logs() as logs:
            sync(manager)
        assert registry.answers[0] == (7, ("bundle-refused", "golden.npz is broken."))
        assert registry.answers[1][1] is not None
        assert registry.answers[1][1][0] == "transient"
        assert [line["event"] for line in logs] == ["model.not_loadable"] * 2
        assert describe(manager) == UNTROUBLED

    def test_of_a_model_in_use_is_answered_at_once(
        self, manager: ModelManager, registry: Registry
    ) -> None:
        registry.asked = [AskedLoad(7, A)]
        sync(manager)
        assert (registry.fetched, registry.answers) == ([], [(7, None)])

    def test_comes_after_what_shall_answer(self, manager: ModelManager, registry: Registry) -> None:
        registry.now, registry.asked = Wanted(active=B), [AskedLoad(7, C)]
        sync(manager)
        assert registry.fetched == [B, C]

    def test_is_left_to_others_while_memory_is_full(
        self, manager: ModelManager, registry: Registry
    ) -> None:
        of_chunk = manager.analyser_for(TOKEN)
        registry.now, registry.asked = Wanted(active=B), [AskedLoad(7, C)]
        sync(manager)
        assert (manager.model_version, registry.answers) == ("b", [])
        del of_chunk
        sync(manager)
        assert registry.answers == [(7, None)]

    def test_is_for_workers_that_follow_a_registry(self) -> None:
        assert "shipped" not in describe(ModelManager(Named()))


class TestBegin:
    def test_begins_with_the_active_model(self, manager: ModelManager, registry: Registry) -> None:
        registry.now = Wanted(active=B)
        manager.begin()
        assert manager.model_version == "b"

    def test_falls_back_to_the_model_that_was_active_before_a_broken_one(
        self, manager: ModelManager, registry: Registry, clock: Clock
    ) -> None:
        registry.now, registry.before = Wanted(active=C), B
        registry.faults[C] = BundleError("broken")
        with capture_logs() as logs:
            manager.begin()
        assert manager.model_version == "b"
        assert [line["event"] for line in logs] == ["model.refused", "model.fell_back"]
        sync(manager)
        assert manager.model_version == "b"
        del registry.faults[C]
        clock.now = 60
        sync(manager)
        assert manager.model_version == "c"

    @pytest.mark.parametrize("former", [None, A, B])
    def test_falls_back_to_the_shipped_model_if_there_is_no_other(
        self, manager: ModelManager, registry: Registry, former: bytes | None
    ) -> None:
        registry.now, registry.before = Wanted(active=C), former
        registry.faults = {B: BundleError("broken too"), C: BundleError("broken")}
        manager.begin()
        assert manager.model_version == "a"
        sync(manager)
        assert list(manager.refusals) == [C]
