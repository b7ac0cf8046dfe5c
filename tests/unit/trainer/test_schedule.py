import pytest

from services.trainer.schedule import learning_rate


def rate(step: int, *, warmup: int = 10, total: int = 110) -> float:
    return learning_rate(step, peak=0.05, warmup_steps=warmup, total_steps=total)


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
