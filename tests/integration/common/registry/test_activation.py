import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from services.common.db.session import SessionFactory, unit_of_work
from services.common.db.tables import Model
from services.common.domain.bundles import MANIFEST_NAME
from services.common.registry.activation import activate, roll_back
from services.common.registry.bundles import read_identity, register_bundle
from services.common.registry.canary import (
    Agreement,
    canary_report,
    record_canary,
    start_canary,
    stop_canary,
)
from services.common.registry.errors import (
    CanaryIsActiveError,
    ModelNotComparableError,
    ModelWorseError,
    NothingToRollBackError,
)
from services.common.registry.repository import ModelRepository

TEST, OTHER_TEST = "a" * 64, "b" * 64


class Registry:
    """Models named by version; the first becomes active."""

    def __init__(self, sessions: SessionFactory, folder: Path) -> None:
        self._sessions = sessions
        self._folder = folder

    def add(self, version: str, *, macro_f1: float | None, **metrics: Any) -> None:
        """Register a model of test set ``TEST``; ``metrics`` replaces or adds what it says."""
        figures = {} if macro_f1 is None else {"macro_f1": {"value": macro_f1}}
        manifest = {
            "name": "tiny",
            "version": version,
            "metrics": {"n": 3589, "test_sha256": TEST, **figures, **metrics},
        }
        (self._folder / MANIFEST_NAME).write_text(json.dumps(manifest))
        with unit_of_work(self._sessions) as session:
            register_bundle(session, read_identity(self._folder))

    def activate(self, version: str, *, force: bool = False) -> None:
        with unit_of_work(self._sessions) as session:
            model = ModelRepository(session).by_version(name="tiny", version=version)
            assert model is not None
            activate(session, model, max_f1_drop=0.02, force=force, actor="test")

    def roll_back(self) -> str:
        with unit_of_work(self._sessions) as session:
            return roll_back(session, actor="test").version

    def sha256(self, version: str) -> str:
        with unit_of_work(self._sessions) as session:
            model = ModelRepository(session).by_version(name="tiny", version=version)
            assert model is not None
            return model.sha256.hex()

    def active(self) -> str | None:
        with unit_of_work(self._sessions) as session:
            model = ModelRepository(session).active()
            assert session.scalar(select(func.count()).where(Model.active)) == 1
            return None if model is None else model.version


@pytest.fixture
def registry(sessions: SessionFactory, tmp_path: Path) -> Registry:
    registry = Registry(sessions, tmp_path)
    registry.add("1.0.0", macro_f1=0.60)
    return registry


class TestActivate:
    def test_switches_to_a_better_model(self, registry: Registry) -> None:
        registry.add("2.0.0", macro_f1=0.65)
        assert registry.active() == "1.0.0"
        registry.activate("2.0.0")
        assert registry.active() == "2.0.0"

    def test_takes_a_fall_within_the_set_amount(self, registry: Registry) -> None:
        registry.add("2.0.0", macro_f1=0.585)
        registry.activate("2.0.0")
        assert registry.active() == "2.0.0"

    def test_refuses_a_clearly_worse_one_with_both_figures(self, registry: Registry) -> None:
        registry.add("2.0.0", macro_f1=0.57)
        with pytest.raises(ModelWorseError, match=r"0\.570.*0\.600.*force"):
            registry.activate("2.0.0")
        assert registry.active() == "1.0.0"

    @pytest.mark.parametrize(
        ("metrics", "said"),
        [
            (
                {"test_sha256": OTHER_TEST, "truth": "judges", "n": 40},
                r"40 images of test set b{8}",
            ),
            ({"test_sha256": None}, "3,589 images of an unknown test set"),
            ({"macro_f1": None}, "published without its macro F1"),
        ],
        ids=["another test", "an older bundle", "no figure"],
    )
    def test_refuses_what_was_not_tested_alike_and_says_how_to_compare(
        self, registry: Registry, metrics: dict[str, Any], said: str
    ) -> None:
        registry.add("2.0.0", **{"macro_f1": 0.9, **metrics})
        with pytest.raises(ModelNotComparableError, match=said) as caught:
            registry.activate("2.0.0")
        for part in (
            "test set aaaaaaaa against the data set's labels",
            "compare --record",
            "force",
        ):
            assert part in caught.value.detail
        assert registry.active() == "1.0.0"
        registry.activate("2.0.0", force=True)
        assert registry.active() == "2.0.0"

    @pytest.mark.parametrize(("f1", "answers"), [(0.77, "2.0.0"), (0.57, "1.5.0")])
    def test_holds_it_to_what_the_active_one_reached_on_its_own_test(
        self, registry: Registry, f1: float, answers: str
    ) -> None:
        registry.add("1.5.0", macro_f1=0.64, test_sha256=None)
        registry.activate("1.5.0", force=True)
        test = {"truth": "judges", "test_sha256": OTHER_TEST, "n": 1780, "macro_f1": f1}
        baseline = {"sha256": registry.sha256("1.5.0"), "macro_f1": 0.60}
        registry.add("2.0.0", **test, comparisons=[{**test, "baseline": baseline}])
        if answers == "2.0.0":
            registry.activate("2.0.0")
            registry.roll_back()
            assert registry.active() == "1.5.0"
            registry.activate("2.0.0")
        else:
            with pytest.raises(ModelWorseError, match=r"0\.570.*0\.600.*1,780.*judges"):
                registry.activate("2.0.0")
        assert registry.active() == answers

    def test_force_takes_any(self, registry: Registry) -> None:
        registry.add("2.0.0", macro_f1=0.1)
        registry.activate("2.0.0", force=True)
        assert registry.active() == "2.0.0"

    def test_again_is_nothing_new_to_roll_back_to(self, registry: Registry) -> None:
        registry.activate("1.0.0")
        with pytest.raises(NothingToRollBackError):
            registry.roll_back()


class TestRollBack:
    def test_goes_back_step_by_step_and_not_to_and_fro(self, registry: Registry) -> None:
        for number in (2, 3):
            registry.add(f"{number}.0.0", macro_f1=0.6)
            registry.activate(f"{number}.0.0")
        assert registry.roll_back() == "2.0.0"
        assert registry.roll_back() == "1.0.0"
        assert registry.active() == "1.0.0"
        with pytest.raises(NothingToRollBackError):
            registry.roll_back()

    def test_asks_for_no_figures(self, registry: Registry) -> None:
        registry.add("2.0.0", macro_f1=0.9, test_sha256=OTHER_TEST)
        registry.activate("2.0.0", force=True)
        assert registry.roll_back() == "1.0.0"

    def test_goes_on_from_where_it_went_back_to(self, registry: Registry) -> None:
        for number in (2, 3):
            registry.add(f"{number}.0.0", macro_f1=0.6)
        registry.activate("2.0.0")
        registry.roll_back()
        registry.activate("3.0.0")
        assert registry.roll_back() == "1.0.0"


class TestCanary:
    def test_counts_agreement_from_zero(self, registry: Registry, sessions: SessionFactory) -> None:
        registry.add("2.0.0", macro_f1=0.6)
        with unit_of_work(sessions) as session:
            candidate = ModelRepository(session).by_version(name="tiny", version="2.0.0")
            assert candidate is not None
            start_canary(session, candidate, share=0.25, actor="test")
            report = canary_report(session)
            assert report is not None
            assert report.agreement is report.mean_abs_dp is None
            for agreed in (3, 1):
                found = Agreement(photos=2, faces=4, agreed=agreed, abs_dp=0.2)
                record_canary(session, model_id=candidate.id, found=found)
            record_canary(session, model_id=candidate.id + 1, found=found)
        with unit_of_work(sessions) as session:
            report = canary_report(session)
        assert report is not None
        assert (report.candidate.version, report.share) == ("2.0.0", 0.25)
        assert report.baseline is not None
        assert report.baseline.version == "1.0.0"
        assert (report.chunks, report.photos, report.faces) == (2, 4, 8)
        assert report.agreement == 0.5
        assert report.mean_abs_dp == pytest.approx(0.05)

    def test_ends_when_told_or_when_the_candidate_is_activated(
        self, registry: Registry, sessions: SessionFactory
    ) -> None:
        registry.add("2.0.0", macro_f1=0.6)
        for end in ("stop", "activate"):
            with unit_of_work(sessions) as session:
                candidate = ModelRepository(session).by_version(name="tiny", version="2.0.0")
                assert candidate is not None
                start_canary(session, candidate, share=1, actor="test")
                start_canary(session, candidate, share=0.5, actor="test")  # replaces
                if end == "stop":
                    stop_canary(session)
                else:
                    activate(session, candidate, max_f1_drop=0, force=False, actor="test")
                assert canary_report(session) is None

    def test_refuses_the_active_model(self, registry: Registry, sessions: SessionFactory) -> None:
        assert registry.active() == "1.0.0"
        with unit_of_work(sessions) as session:
            active = ModelRepository(session).active()
            assert active is not None
            with pytest.raises(CanaryIsActiveError):
                start_canary(session, active, share=0.5, actor="test")
