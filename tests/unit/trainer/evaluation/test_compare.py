import numpy as np
import pytest

from services.trainer.evaluation.compare import paired_bootstrap

LABELS = np.tile(np.arange(7), 100)


def wrong_on(chosen: np.ndarray) -> np.ndarray:
    return np.where(chosen, (LABELS + 1) % 7, LABELS)


class TestPairedBootstrap:
    def test_a_model_does_not_differ_from_itself(self) -> None:
        answers = wrong_on(np.arange(700) < 200)
        found = paired_bootstrap(LABELS, a=answers, b=answers)
        accuracy = found["measures"]["accuracy"]
        assert (accuracy["difference"], accuracy["low"], accuracy["high"]) == (0, 0, 0)
        assert not accuracy["differs"]
        assert found["same_answer"] == 1

    def test_sees_a_small_gain_that_separate_intervals_would_not(self) -> None:
        a, b = wrong_on(np.arange(700) < 200), wrong_on(np.arange(700) < 186)
        found = paired_bootstrap(LABELS, a=a, b=b)
        accuracy = found["measures"]["accuracy"]
        assert accuracy["difference"] == pytest.approx(0.02)
        assert accuracy["differs"]
        assert 0 < accuracy["low"] < 0.02 < accuracy["high"] < 0.04
        assert (found["only_a_right"], found["only_b_right"]) == (0, 14)

    def test_calls_equal_errors_on_other_images_no_difference(self) -> None:
        a, b = wrong_on(np.arange(700) < 100), wrong_on(np.arange(700) >= 600)
        found = paired_bootstrap(LABELS, a=a, b=b)["measures"]["accuracy"]
        assert found["low"] < 0 < found["high"]
        assert not found["differs"]

    def test_keeps_the_sign(self) -> None:
        good, bad = LABELS, wrong_on(np.arange(700) < 300)
        measures = paired_bootstrap(LABELS, a=good, b=bad)["measures"]
        assert all(row["high"] < 0 and row["b"] < row["a"] for row in measures.values())
