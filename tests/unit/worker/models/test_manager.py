"""The desk with a registry and bundles made up: what it loads, refuses, keeps and lets go."""

import uuid
from collections.abc import Sequence
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from services.common.config import ModelSettings
from services.common.domain.errors import BundleError, ItemError, TransientError
from services.common.domain.faces import AnalysisOptions, PhotoAnalysis
from services.worker.models.canary import CanaryAnalyser
from services.worker.models.manager import ModelDesk, Wanted, describe

A, B, C, D = (letter.encode() for letter in "abcd")
TOKEN = uuid.UUID(int=1)


class Registry:
    """A ``ModelSource`` moved by hand."""

    def __init__(self) -> None:
        self.now = Wanted(active=A)
        self.before: bytes | None = None
        self.faults: dict[bytes, Exception] = {}
        self.fetched: list[bytes] = []

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


class Named:
    """An analyser that is called as its bundle's folder; it counts itself."""

    precision = "fp32"

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
def desk(registry: Registry, clock: Clock) -> ModelDesk:
    return ModelDesk(
        Named(),
        source=registry,
        sha256=A,
        settings=ModelSettings(poll_s=2, retry_s=60),
        clock=clock,
    )


def look(desk: ModelDesk) -> None:
    while desk.look():
        pass


class TestSwitch:
    def test_without_a_source_the_model_stays(self) -> None:
        desk = ModelDesk(Named())
        desk.begin()
        assert (desk.look(), desk.model_version) == (False, "a")

    def test_what_is_loaded_answers_only_if_it_is_still_wanted(
        self, desk: ModelDesk, registry: Registry
    ) -> None:
        registry.now = Wanted(active=B)
        assert desk.look()
        registry.now = Wanted(active=C)
        look(desk)
        assert desk.model_version == "c"
        assert registry.fetched == [B, C]

    def test_one_rolled_back_while_it_was_loading_never_answers(
        self, desk: ModelDesk, registry: Registry
    ) -> None:
        registry.now = Wanted(active=B)
        desk.look()
        registry.now = Wanted(active=A)
        with capture_logs() as logs:
            look(desk)
        assert (desk.model_version, logs) == ("a", [])

    def test_a_chunk_keeps_the_model_that_it_began_with(
        self, desk: ModelDesk, registry: Registry
    ) -> None:
        of_chunk = desk.analyser_for(TOKEN)
        registry.now = Wanted(active=B)
        look(desk)
        assert (of_chunk.model_version, desk.model_version) == ("a", "b")
        assert desk.analyser_for(TOKEN).model_version == "b"


class TestMemory:
    def test_a_third_model_waits_for_the_last_chunk_of_the_first(
        self, desk: ModelDesk, registry: Registry
    ) -> None:
        of_chunk = desk.analyser_for(TOKEN)
        registry.now = Wanted(active=B)
        look(desk)
        registry.now = Wanted(active=C)
        look(desk)
        assert (desk.model_version, registry.fetched) == ("b", [B])
        del of_chunk
        look(desk)
        assert desk.model_version == "c"

    def test_a_model_in_a_cycle_is_let_go(self, desk: ModelDesk, registry: Registry) -> None:
        cycle: list[object] = [desk.analyser_for(TOKEN)]
        cycle.append(cycle)
        del cycle
        for wanted in (B, C):
            registry.now = Wanted(active=wanted)
            look(desk)
        assert desk.model_version == "c"

    def test_a_candidate_is_one_more(self, desk: ModelDesk, registry: Registry) -> None:
        registry.now = Wanted(active=A, candidate=B, candidate_id=7, share=1.0)
        look(desk)
        of_chunk = desk.analyser_for(TOKEN)
        assert isinstance(of_chunk, CanaryAnalyser)
        registry.now = Wanted(active=C, candidate=B, candidate_id=7, share=1.0)
        look(desk)
        assert desk.model_version == "c"
        registry.now = Wanted(active=D, candidate=B, candidate_id=7, share=1.0)
        look(desk)
        assert desk.model_version == "c"  # a, b and c are in memory
        del of_chunk
        look(desk)
        assert desk.model_version == "d"

    def test_an_activated_candidate_is_not_loaded_again(
        self, desk: ModelDesk, registry: Registry
    ) -> None:
        registry.now = Wanted(active=A, candidate=B, candidate_id=7, share=0.5)
        look(desk)
        registry.now = Wanted(active=B)
        look(desk)
        assert (desk.model_version, registry.fetched) == ("b", [B])


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
        desk: ModelDesk,
        registry: Registry,
        fault: Exception,
        code: str,
        words: str,
    ) -> None:
        registry.now = Wanted(active=B)
        registry.faults[B] = fault
        with capture_logs() as logs:
            look(desk)
        assert desk.model_version == "a"
        (line,) = logs
        assert (line["event"], line["code"]) == ("model.refused", code)
        told = describe(desk)
        assert told["model_trouble"] == code
        (refusal,) = told["model_refusals"]
        assert refusal == {"sha256": B.hex(), "code": code, "reason": line["reason"]}
        assert words in refusal["reason"]
        assert not {"library", "secret"} & set(str(logs).replace("/", " ").split())

    def test_a_broken_bundle_is_tried_again_after_a_minute(
        self, desk: ModelDesk, registry: Registry, clock: Clock
    ) -> None:
        registry.now = Wanted(active=B)
        registry.faults[B] = BundleError("broken")
        look(desk)
        del registry.faults[B]
        clock.now = 59
        look(desk)
        assert desk.model_version == "a"
        clock.now = 60
        look(desk)
        assert desk.model_version == "b"
        assert describe(desk) == {"precision": "fp32"}

    def test_trouble_that_may_pass_is_tried_again_soon_then_seldom(
        self, desk: ModelDesk, registry: Registry, clock: Clock
    ) -> None:
        registry.now = Wanted(active=B)
        registry.faults[B] = TransientError("the object storage is not reachable")
        tried = []
        for second in range(200):
            clock.now = second
            before = len(registry.fetched)
            look(desk)
            tried += [second] * (len(registry.fetched) - before)
        assert tried == [0, 2, 6, 14, 30, 62, 122, 182]

    def test_a_refusal_is_forgotten_with_the_wish(
        self, desk: ModelDesk, registry: Registry
    ) -> None:
        registry.now = Wanted(active=B)
        registry.faults[B] = BundleError("broken")
        look(desk)
        registry.now = Wanted(active=A)
        look(desk)
        assert describe(desk) == {"precision": "fp32"}
        del registry.faults[B]
        registry.now = Wanted(active=B)
        look(desk)
        assert desk.model_version == "b"

    def test_a_candidate_may_be_refused_beside_the_active_model(
        self, desk: ModelDesk, registry: Registry
    ) -> None:
        registry.now = Wanted(active=B, candidate=C, candidate_id=7, share=1.0)
        registry.faults = {B: BundleError("b"), C: BundleError("c")}
        look(desk)
        assert [refusal["reason"] for refusal in describe(desk)["model_refusals"]] == ["b", "c"]
        assert desk.analyser_for(TOKEN).model_version == "a"


class TestBegin:
    def test_begins_with_the_active_model(self, desk: ModelDesk, registry: Registry) -> None:
        registry.now = Wanted(active=B)
        desk.begin()
        assert desk.model_version == "b"

    def test_falls_back_to_the_model_that_was_active_before_a_broken_one(
        self, desk: ModelDesk, registry: Registry, clock: Clock
    ) -> None:
        registry.now, registry.before = Wanted(active=C), B
        registry.faults[C] = BundleError("broken")
        with capture_logs() as logs:
            desk.begin()
        assert desk.model_version == "b"
        assert [line["event"] for line in logs] == ["model.refused", "model.fell_back"]
        look(desk)
        assert desk.model_version == "b"
        del registry.faults[C]
        clock.now = 60
        look(desk)
        assert desk.model_version == "c"

    @pytest.mark.parametrize("former", [None, A, B])
    def test_falls_back_to_the_shipped_model_if_there_is_no_other(
        self, desk: ModelDesk, registry: Registry, former: bytes | None
    ) -> None:
        registry.now, registry.before = Wanted(active=C), former
        registry.faults = {B: BundleError("broken too"), C: BundleError("broken")}
        desk.begin()
        assert desk.model_version == "a"
        look(desk)
        assert list(desk.refusals) == [C]
