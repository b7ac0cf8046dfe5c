import numpy as np
import pytest
from numpy.typing import NDArray

from services.trainer.evaluation.calibrate import (
    Calibration,
    calibrate,
    calibrate_few,
    cross_fitted,
    fit_temperature,
)
from services.trainer.evaluation.metrics import (
    calibration_error,
    cross_entropy,
    expected_calibration_error,
    negative_log_likelihood,
)
from services.vision.classifiers.logits import to_probabilities


def calibrated_logits(count: int = 4000) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Logits whose softmax is the very distribution that the labels are drawn from."""
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 2, (count, 7)).astype(np.float32)
    cumulative = to_probabilities(logits).cumsum(axis=1)
    labels = (rng.random((count, 1)) > cumulative).sum(axis=1)
    return logits, np.minimum(labels, 6)


class TestFitTemperature:
    @pytest.mark.parametrize("factor", [0.25, 1.0, 3.0])
    def test_undoes_a_known_scale(self, factor: float) -> None:
        logits, labels = calibrated_logits()
        assert fit_temperature(logits * factor, labels) == pytest.approx(factor, rel=0.06)

    def test_beats_its_neighbours(self) -> None:
        logits, labels = calibrated_logits(500)
        best = fit_temperature(logits * 2, labels)

        def loss(temperature: float) -> float:
            scaled = to_probabilities(logits * 2, temperature=temperature)
            return negative_log_likelihood(scaled, labels)

        assert loss(best) <= min(loss(best * 1.01), loss(best / 1.01))


class TestOfVotes:
    """Truth is shares of votes, as ten judges who draw from a known distribution give them."""

    LOGITS = np.random.default_rng(1).normal(0, 2, (4000, 7)).astype(np.float32)
    VOTES = np.random.default_rng(2).multinomial(10, to_probabilities(LOGITS)) / 10
    SHIFT = (0.5, -0.5, 1.5, -1.0, 0.0, -0.5, 0.0)

    def test_confidence_is_then_the_share_of_votes(self) -> None:
        sharp = 3 * self.LOGITS
        found = calibrate(sharp[::2], self.VOTES[::2])
        assert found.temperature == pytest.approx(3, rel=0.03)
        answers = to_probabilities(sharp[1::2], temperature=found.temperature)
        shares = self.VOTES[1::2][np.arange(2000), answers.argmax(axis=1)]
        assert calibration_error(answers.max(axis=1), shares) < 0.02

    def test_the_temperature_is_that_of_the_shifted_logits_as_served(self) -> None:
        found = calibrate(3 * self.LOGITS, self.VOTES, prior_shift=self.SHIFT)

        def loss(temperature: float) -> float:
            served = to_probabilities(
                3 * self.LOGITS, temperature=temperature, prior_shift=found.prior_shift
            )
            return float(cross_entropy(served, self.VOTES).mean())

        assert found.prior_shift == self.SHIFT
        best = loss(found.temperature)
        assert best <= min(loss(found.temperature * 1.02), loss(found.temperature / 1.02))
        assert found.temperature != calibrate(3 * self.LOGITS, self.VOTES).temperature


class TestCalibrate:
    def test_flags_the_least_sure_tenth(self) -> None:
        logits, labels = calibrated_logits()
        found = calibrate(logits * 3, labels)
        top = to_probabilities(logits * 3, temperature=found.temperature).max(axis=1)
        assert (top < found.abstention_threshold).mean() == pytest.approx(0.1, abs=0.01)


class TestCrossFitted:
    def test_keeps_rows_in_place_and_calibrates_them(self) -> None:
        logits, labels = calibrated_logits()
        sharp = logits * 3
        result = cross_fitted(sharp, labels)
        assert (result.argmax(axis=1) == sharp.argmax(axis=1)).all()
        assert result.sum(axis=1) == pytest.approx(np.ones(len(labels)))
        before = expected_calibration_error(to_probabilities(sharp), labels)
        assert expected_calibration_error(result, labels) < before / 3


class TestCalibrateFew:
    EARLIER = Calibration(1.0, 0.4, (0.3, 0, 0, 0, 0, 0, -0.1))

    def test_keeps_what_few_images_cannot_tell(self) -> None:
        logits, labels = calibrated_logits(40)
        found = calibrate_few(logits, labels, earlier=self.EARLIER)
        assert found.prior_shift == self.EARLIER.prior_shift
        assert found.abstention_threshold == 0.4

    @pytest.mark.parametrize(("count", "least", "most"), [(40, 1.1, 1.7), (4000, 2.7, 3.1)])
    def test_believes_the_images_the_more_there_are(
        self, count: int, least: float, most: float
    ) -> None:
        logits, labels = calibrated_logits(4000)
        shift = np.asarray(self.EARLIER.prior_shift)
        sharp = (3 * logits - shift).astype(np.float32)  # shifted, it wants T = 3
        found = calibrate_few(sharp[:count], labels[:count], earlier=self.EARLIER)
        assert least < found.temperature < most
