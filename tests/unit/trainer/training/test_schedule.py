from typing import Literal

import pytest

from services.trainer.config import EarlyStopConfig, OptimConfig, PlateauConfig
from services.trainer.training.schedule import Patience, ScheduleState, learning_rate


def rate(
    step: int,
    *,
    warmup: int = 10,
    total: int = 110,
    schedule: Literal["cosine", "plateau", "constant"] = "cosine",
) -> float:
    config = OptimConfig(schedule=schedule, warmup_steps=warmup)
    return learning_rate(step, config=config, peak=0.05, total_steps=total)


class TestLearningRate:
    def test_warms_up_in_a_line_to_the_peak(self) -> None:
        assert rate(0) == pytest.approx(0.005)
        assert rate(4) == pytest.approx(0.025)
        assert rate(9) == rate(10) == pytest.approx(0.05)

    def test_falls_along_a_cosine_to_zero(self) -> None:
        assert rate(60) == pytest.approx(0.025)
        assert rate(110) == pytest.approx(0)
        assert 0 < rate(109) < 1e-4

    def test_stays_at_zero_beyond_the_end(self) -> None:
        assert rate(500) == pytest.approx(0)

    def test_a_short_run_warms_up_for_half_of_it_at_most(self) -> None:
        assert rate(4, warmup=800, total=10) == pytest.approx(0.05)

    def test_starts_at_the_peak_without_a_warm_up(self) -> None:
        assert rate(0, warmup=0) == pytest.approx(0.05)

    @pytest.mark.parametrize("schedule", ["plateau", "constant"])
    def test_stays_at_the_peak_with_the_other_schedules(
        self, schedule: Literal["plateau", "constant"]
    ) -> None:
        assert rate(0, schedule=schedule) == pytest.approx(0.005)
        assert rate(10, schedule=schedule) == rate(109, schedule=schedule) == 0.05


class TestPatience:
    def test_takes_the_first_value_as_the_best(self) -> None:
        assert Patience().after(3.0, min_delta=0.1) == Patience(3.0, 0)

    def test_a_value_must_be_lower_by_the_least_difference(self) -> None:
        before = Patience(3.0, 1)
        assert before.after(2.95, min_delta=0.1) == Patience(3.0, 2)
        assert before.after(2.8, min_delta=0.1) == Patience(2.8, 0)


PLATEAU = OptimConfig(
    lr=0.1,
    schedule="plateau",
    plateau=PlateauConfig(factor=0.1, patience=2, min_lr=0.002),
    early_stop=EarlyStopConfig(patience=3),
)


def after(*losses: float, config: OptimConfig = PLATEAU) -> ScheduleState:
    state = ScheduleState(config.lr)
    for loss in losses:
        state = state.after_epoch(config, loss=loss, accuracy=1 - loss)
    return state


class TestScheduleState:
    def test_cuts_the_rate_when_the_loss_stands_still(self) -> None:
        assert after(0.5, 0.5).peak == 0.1
        assert after(0.5, 0.5, 0.5).peak == pytest.approx(0.01)

    def test_waits_anew_after_a_cut(self) -> None:
        assert after(0.5, 0.5, 0.5, 0.5).peak == pytest.approx(0.01)

    def test_never_falls_below_the_least_rate(self) -> None:
        assert after(*[0.5] * 9).peak == 0.002

    def test_other_schedules_keep_their_peak(self) -> None:
        config = PLATEAU.model_copy(update={"schedule": "cosine"})
        assert after(*[0.5] * 9, config=config).peak == 0.1

    def test_ends_when_accuracy_stands_still(self) -> None:
        assert not after(0.5, 0.4, 0.4, 0.4).ended(PLATEAU)
        assert after(0.5, 0.4, 0.4, 0.4, 0.4).ended(PLATEAU)

    def test_never_ends_without_an_early_stop(self) -> None:
        config = PLATEAU.model_copy(update={"early_stop": None})
        assert not after(*[0.5] * 99, config=config).ended(config)
