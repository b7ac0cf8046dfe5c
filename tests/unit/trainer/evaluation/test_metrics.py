import numpy as np
import pytest
import sklearn.metrics

from services.trainer.evaluation.metrics import (
    auroc_of_wrong,
    bootstrap,
    bootstrap_intervals,
    brier,
    calibration_error,
    calibration_noise,
    confusion_matrix,
    expected_calibration_error,
    negative_log_likelihood,
    per_class,
    right_at_coverage,
    scores,
)

# Worked by hand: three classes, six images, four right.
MATRIX = np.array([[2, 0, 0], [1, 1, 0], [0, 1, 1]])


class TestConfusionMatrix:
    def test_rows_are_the_truth(self) -> None:
        matrix = confusion_matrix(np.array([0, 0, 6]), np.array([0, 3, 6]))
        assert matrix.shape == (7, 7)
        assert (matrix[0, 0], matrix[0, 3], matrix[6, 6]) == (1, 1, 1)
        assert matrix.sum() == 3


class TestPerClass:
    def test_matches_the_hand_calculation(self) -> None:
        found = per_class(MATRIX)
        assert found.precision == pytest.approx([2 / 3, 1 / 2, 1])
        assert found.recall == pytest.approx([1, 1 / 2, 1 / 2])
        assert found.f1 == pytest.approx([4 / 5, 1 / 2, 2 / 3])
        assert found.support.tolist() == [2, 2, 2]

    def test_a_class_never_answered_has_precision_zero(self) -> None:
        found = per_class(np.array([[2, 0], [1, 0]]))
        assert found.precision.tolist() == pytest.approx([2 / 3, 0])
        assert found.f1[1] == 0


class TestScores:
    def test_matches_the_hand_calculation(self) -> None:
        found = scores(MATRIX)
        assert found.accuracy == pytest.approx(4 / 6)
        assert found.macro_recall == pytest.approx(2 / 3)
        assert found.macro_f1 == pytest.approx((4 / 5 + 1 / 2 + 2 / 3) / 3)

    def test_macro_means_leave_out_classes_without_images(self) -> None:
        padded = np.zeros((4, 4), dtype=np.int64)
        padded[:3, :3] = MATRIX
        assert scores(padded).macro_recall == pytest.approx(scores(MATRIX).macro_recall)
        assert scores(padded).macro_f1 == pytest.approx(scores(MATRIX).macro_f1)

    def test_always_the_majority_has_a_low_macro_recall(self) -> None:
        found = scores(np.array([[90, 0], [10, 0]]))
        assert (found.accuracy, found.macro_recall) == (pytest.approx(0.9), pytest.approx(0.5))


class TestBootstrapIntervals:
    def test_agrees_with_the_binomial_for_accuracy(self) -> None:
        matrix = np.array([[350, 150], [150, 350]])
        low, high = bootstrap_intervals(matrix, resamples=4000)["accuracy"]
        half = 1.96 * (0.7 * 0.3 / 1000) ** 0.5
        assert low == pytest.approx(0.7 - half, abs=0.004)
        assert high == pytest.approx(0.7 + half, abs=0.004)

    def test_is_repeatable_and_narrows_with_more_images(self) -> None:
        few, many = bootstrap_intervals(MATRIX), bootstrap_intervals(MATRIX * 100)
        assert few == bootstrap_intervals(MATRIX)
        for name in ("accuracy", "macro_recall", "macro_f1"):
            assert many[name][1] - many[name][0] < few[name][1] - few[name][0]


PROBABILITIES = np.array([[0.8, 0.2], [0.6, 0.4], [0.3, 0.7]])
LABELS = np.array([0, 1, 1])


class TestProbabilityMeasures:
    def test_nll_is_the_mean_log_of_the_truth(self) -> None:
        expected = -np.log([0.8, 0.4, 0.7]).mean()
        assert negative_log_likelihood(PROBABILITIES, LABELS) == pytest.approx(expected)

    def test_nll_of_a_certain_mistake_is_finite(self) -> None:
        assert np.isfinite(negative_log_likelihood(np.array([[1.0, 0.0]]), np.array([1])))

    def test_brier_sums_over_classes(self) -> None:
        expected = np.mean([2 * 0.2**2, 2 * 0.6**2, 2 * 0.3**2])
        assert brier(PROBABILITIES, LABELS) == pytest.approx(expected)

    def test_ece_of_separate_bins_is_the_mean_gap(self) -> None:
        expected = np.mean([0.2, 0.6, 0.3])
        assert expected_calibration_error(PROBABILITIES, LABELS) == pytest.approx(expected)

    def test_ece_within_a_bin_lets_gaps_cancel(self) -> None:
        half = np.tile([[0.5, 0.5]], (10, 1))
        labels = np.array([0, 1] * 5)
        assert expected_calibration_error(half, labels) == pytest.approx(0)

    def test_ece_takes_full_certainty(self) -> None:
        assert expected_calibration_error(np.array([[1.0, 0.0]]), np.array([0])) == 0


class TestAgainstScikitLearn:
    """Ours are vectorised over bootstrap samples, theirs are not: the figures are the same."""

    LABELS, PROBABILITIES = (
        np.random.default_rng(0).integers(0, 7, 500),
        np.random.default_rng(1).dirichlet(np.full(7, 0.5), 500),
    )
    PREDICTED = PROBABILITIES.argmax(axis=1)

    def test_the_confusion_matrix_is_theirs(self) -> None:
        theirs = sklearn.metrics.confusion_matrix(self.LABELS, self.PREDICTED)
        np.testing.assert_array_equal(confusion_matrix(self.LABELS, self.PREDICTED), theirs)

    def test_the_measures_of_classes_are_theirs(self) -> None:
        ours = per_class(confusion_matrix(self.LABELS, self.PREDICTED))
        theirs = sklearn.metrics.precision_recall_fscore_support(self.LABELS, self.PREDICTED)
        found = (ours.precision, ours.recall, ours.f1, ours.support)
        np.testing.assert_allclose(np.stack(found), np.stack(theirs))

    def test_the_headline_measures_are_theirs(self) -> None:
        ours = scores(confusion_matrix(self.LABELS, self.PREDICTED))
        accuracy = sklearn.metrics.accuracy_score(self.LABELS, self.PREDICTED)
        recall = sklearn.metrics.balanced_accuracy_score(self.LABELS, self.PREDICTED)
        f1 = sklearn.metrics.f1_score(self.LABELS, self.PREDICTED, average="macro")
        found = (ours.accuracy, ours.macro_recall, ours.macro_f1)
        assert found == pytest.approx((accuracy, recall, f1))

    def test_the_measures_of_probabilities_are_theirs(self) -> None:
        loss = sklearn.metrics.log_loss(self.LABELS, self.PROBABILITIES)
        score = sklearn.metrics.brier_score_loss(
            self.LABELS, self.PROBABILITIES, scale_by_half=False
        )
        assert negative_log_likelihood(self.PROBABILITIES, self.LABELS) == pytest.approx(loss)
        assert brier(self.PROBABILITIES, self.LABELS) == pytest.approx(score)


class TestDoubt:
    SURE = np.array([0.9, 0.8, 0.7, 0.6, 0.5])
    RIGHT = np.array([True, True, False, True, False])

    def test_coverage_keeps_the_surest(self) -> None:
        assert right_at_coverage(self.SURE, self.RIGHT, 0.4) == 1
        assert right_at_coverage(self.SURE, self.RIGHT, 1) == 0.6

    def test_auroc_is_how_often_a_wrong_answer_is_the_less_sure(self) -> None:
        assert auroc_of_wrong(self.SURE, self.RIGHT) == pytest.approx(5 / 6)
        assert auroc_of_wrong(np.full(5, 0.5), self.RIGHT) == 0.5
        assert np.isnan(auroc_of_wrong(self.SURE, np.full(5, True)))


class TestCalibrationError:
    def test_is_the_mean_gap_over_bins_of_equal_mass(self) -> None:
        confidence, truth = np.array([0.2, 0.9, 0.4, 0.7]), np.array([0.4, 0.9, 0.4, 0.5])
        # (0.2, 0.4) against (0.4, 0.4), and (0.7, 0.9) against (0.5, 0.9)
        assert calibration_error(confidence, truth, bins=2) == pytest.approx(0.1)

    def test_noise_is_what_chance_makes_of_it(self) -> None:
        rng = np.random.default_rng(0)
        confidence = rng.uniform(0.3, 1, 3000)
        calibrated = [(rng.random(3000) < confidence).astype(float) for _ in range(40)]
        found = np.mean([calibration_error(confidence, truth) for truth in calibrated])
        assert calibration_noise(confidence, calibrated[0]) == pytest.approx(found, rel=0.1)

    def test_gaps_of_one_bin_cancel(self) -> None:
        confidence, truth = np.array([0.5, 0.5]), np.array([0.0, 1.0])
        assert calibration_error(confidence, truth, bins=1) == 0


class TestBootstrap:
    def test_a_centred_interval_holds_the_calibration_error_that_it_is_of(self) -> None:
        rng = np.random.default_rng(1)
        confidence = rng.uniform(0.3, 1, 600)
        truth = (rng.random(600) < confidence).astype(float)
        low, high = bootstrap(
            lambda chosen: calibration_error(confidence[chosen], truth[chosen]), 600, centred=True
        )
        assert 0 <= low < calibration_error(confidence, truth) < high

    def test_covers_the_mean_of_what_it_draws_from(self) -> None:
        values = np.arange(101)
        low, high = bootstrap(lambda chosen: float(values[chosen].mean()), len(values))
        assert 40 < low < 50 < high < 60

    def test_is_the_same_every_time(self) -> None:
        found = {bootstrap(lambda chosen: float(chosen[0]), 50) for _ in range(2)}
        assert len(found) == 1
