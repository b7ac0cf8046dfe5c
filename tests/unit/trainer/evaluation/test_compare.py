import numpy as np
import pytest

from services.trainer.evaluation.compare import paired_against_votes, paired_bootstrap

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


class TestAgainstVotes:
    """Eight of ten judges say the label, two the next; every seventh face is a tie."""

    VOTES = np.zeros((700, 10))
    VOTES[np.arange(700), LABELS] = np.where(np.arange(700) % 49 < 7, 5, 8)
    VOTES[np.arange(700), (LABELS + 1) % 7] += 10 - VOTES.sum(axis=1)

    def answered(self, wrong: np.ndarray, *, sure: float = 0.8) -> np.ndarray:
        found = np.full((700, 7), (1 - sure) / 6)
        found[np.arange(700), wrong_on(wrong)] = sure
        return found

    def test_each_difference_has_an_interval_and_the_faces_that_it_is_of(self) -> None:
        a, b = (self.answered(np.arange(700) < count) for count in (210, 70))
        found = paired_against_votes(self.VOTES, a=a, b=b)
        agreement, recall, kl = (found["measures"][n] for n in ("agreement", "macro_recall", "kl"))
        ties = int((np.arange(700) % 49 < 7).sum())
        assert (agreement["n"], recall["n"], kl["n"]) == (700 - ties, 700 - ties, 700)
        assert found["only_b_right"] == found["n"] * agreement["difference"] == pytest.approx(119)
        for row, sign in ((agreement, 1), (recall, 1), (kl, -1)):
            assert row["differs"]
            assert sign * row["difference"] > 0
            assert row["low"] <= row["difference"] <= row["high"]

    def test_sees_who_is_too_sure_where_the_answers_are_the_same(self) -> None:
        a, b = (self.answered(np.arange(700) < 70, sure=sure) for sure in (0.8, 0.99))
        found = paired_against_votes(self.VOTES, a=a, b=b)
        assert found["same_answer"] == 1
        assert not found["measures"]["agreement"]["differs"]
        assert found["measures"]["kl"]["low"] > 0.1
