"""The loop on data with votes."""

import math
from pathlib import Path

import pytest

from services.trainer.config import with_overrides
from services.trainer.errors import RunError
from services.trainer.training.run import Run
from tests.fixtures.training import tiny_config, voted
from tests.fixtures.training_loop import after, session


class TestVotes:
    def test_other_votes_are_another_run(self, tmp_path: Path) -> None:
        session(tmp_path, data=voted("2"), interrupted=after(1))
        with pytest.raises(RunError, match="data_identity"):
            session(tmp_path, data=voted("3"))
        session(tmp_path, data=voted("2"))

    def test_votes_may_lie_elsewhere_when_it_is_resumed(self, tmp_path: Path) -> None:
        here, there = (with_overrides(tiny_config(), [f"data.votes={name}"]) for name in "ab")
        session(tmp_path, data=voted("2"), config=here, interrupted=after(1))
        session(tmp_path, data=voted("2"), config=there)

    def test_a_second_head_needs_votes(self, tmp_path: Path) -> None:
        config = with_overrides(tiny_config(), ["loss.own_label_weight=0.5"])
        with pytest.raises(RunError, match=r"loss\.own_label_weight is for data with votes"):
            session(tmp_path, config=config)
        session(tmp_path, config=config, data=voted("2"))

    def test_validation_is_held_against_majority_and_shares(self, tmp_path: Path) -> None:
        session(tmp_path, data=voted("2"))
        line = Run(tmp_path).log_lines()[0]
        # The first class is the majority of each fourth face, and a tie is not counted.
        assert line["validation_accuracy"] == pytest.approx(1 / 3, abs=1e-5)
        mean = (0.9 + 0.1 + 0.1 + 0.5) / 4
        assert line["validation_loss"] == pytest.approx(
            math.log(math.e + 6) - mean + 0.25, abs=1e-5
        )
