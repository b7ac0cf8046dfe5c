import json
from pathlib import Path

import pytest
from sqlalchemy import func, select

from services.common.db.session import SessionFactory, unit_of_work
from services.common.db.tables import Model
from services.common.domain.bundles import MANIFEST_NAME
from services.common.registry.activation import activate, macro_f1, roll_back
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
    ModelWorseError,
    NothingToRollBackError,
)
from services.common.registry.repository import ModelRepository


class Registry:
    """Models named by version; the first becomes active."""

    def __init__(self, sessions: SessionFactory, folder: Path) -> None:
        self._sessions = sessions
        self._folder = folder

    def add(self, version: str, *, macro_f1: float | None) -> None:
        metrics = {} if macro_f1 is None else {"macro_f1": {"value": macro_f1}}
        manifest = {"name": "tiny", "version": version, "metrics": metrics}
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

    def test_refuses_one_that_was_never_judged(self, registry: Registry) -> None:
        registry.add("2.0.0", macro_f1=None)
        with pytest.raises(ModelWorseError, match="does not tell its macro F1"):
            registry.activate("2.0.0")

    def test_force_takes_any(self, registry: Registry) -> None:
        registry.add("2.0.0", macro_f1=0.1)
        registry.activate("2.0.0", force=True)
        assert registry.active() == "2.0.0"

    def test_again_is_nothing_new_to_roll_back_to(self, registry: Registry) -> None:
        registry.activate("1.0.0")
        with pytest.raises(NothingToRollBackError):
            registry.roll_back()

    @pytest.mark.parametrize(
        ("metrics", "expected"),
        [({"macro_f1": 0.5}, 0.5), ({"macro_f1": {"value": 1}}, 1.0), ({"macro_f1": "x"}, None)],
    )
    def test_reads_macro_f1_as_number_or_with_interval(
        self, metrics: object, expected: float | None
    ) -> None:
        assert macro_f1(Model(manifest={"metrics": metrics})) == expected


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
