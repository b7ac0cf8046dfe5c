import json
from pathlib import Path
from typing import Any

import pytest

from services.trainer.errors import RunError
from services.trainer.sweep.outcome import Status
from services.trainer.sweep.store import SweepStore
from tests.fixtures.trials import grid, outcome, plan

CANDIDATES = grid("optim.lr=0.1:0.2")


def opened(folder: Path, **changes: Any) -> SweepStore:
    return SweepStore(folder, plan=plan(**changes), candidates=CANDIDATES)


class TestOutcomes:
    def test_are_read_back_as_they_were(self, tmp_path: Path) -> None:
        store = opened(tmp_path)
        store.begin()
        told = (outcome(CANDIDATES[0], 0.25), outcome(CANDIDATES[1], None, rung=2, seed=3))
        for one in told:
            store.add(one)
        assert opened(tmp_path).outcomes == told
        assert store.outcome(CANDIDATES[1].key, seed=3, rung=2) == told[1]
        assert store.outcome(CANDIDATES[1].key, seed=3, rung=1) is None

    def test_failures_of_earlier_rungs_stay(self, tmp_path: Path) -> None:
        store = opened(tmp_path)
        store.begin()
        failed = {"status": Status.FAILED, "measures": None}
        store.add(outcome(CANDIDATES[0], 0.1, rung=0, **failed))
        store.add(outcome(CANDIDATES[1], 0.1, rung=0))
        store.add(outcome(CANDIDATES[1], 0.1, rung=1, **failed))
        assert store.forget_failures() == 1
        assert [(one.rung, one.status) for one in store.outcomes] == [
            (0, Status.FAILED),
            (0, Status.DONE),
        ]


class TestRefusals:
    @pytest.mark.parametrize(
        "change", [{"rungs": (1,)}, {"keep": 0.25}, {"seeds": 2}, {"data": "/other"}, {"sample": 1}]
    )
    def test_another_sweep(self, tmp_path: Path, change: dict[str, Any]) -> None:
        opened(tmp_path).begin()
        with pytest.raises(RunError, match=rf"\({next(iter(change))}\)"):
            opened(tmp_path, **change)

    def test_a_preset_that_changed(self, tmp_path: Path) -> None:
        opened(tmp_path).begin()
        with pytest.raises(RunError, match="builds otherwise"):
            SweepStore(tmp_path, plan=plan(), candidates=grid("optim.lr=0.1:0.3"))

    @pytest.mark.parametrize("text", ["", "{", "[]", '{"plan": {}}'])
    def test_a_damaged_file(self, tmp_path: Path, text: str) -> None:
        (tmp_path / "sweep.json").write_text(text)
        with pytest.raises(RunError, match="damaged"):
            opened(tmp_path)

    def test_the_file_is_json_for_programs(self, tmp_path: Path) -> None:
        opened(tmp_path).begin()
        content = json.loads((tmp_path / "sweep.json").read_bytes())
        assert content["candidates"][1] == {"key": CANDIDATES[1].key, "values": ["0.2"]}
