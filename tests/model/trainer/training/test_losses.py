import keras
import numpy as np
import pytest
from numpy.typing import NDArray

from services.trainer.config import DistillConfig, ImbalanceConfig, LossConfig
from services.trainer.training.losses import TrainingLoss

COUNTS = (400, 100, 50, 800, 200, 200, 250)
RNG = np.random.default_rng(0)
LOGITS = RNG.normal(0, 2, (12, 7)).astype(np.float32)
LABELS = RNG.integers(0, 7, 12)
ONE_HOT = np.eye(7, dtype=np.float32)[LABELS]
PLAIN = LossConfig(label_smoothing=0)


def losses(
    config: LossConfig,
    *,
    targets: NDArray[np.float32] = ONE_HOT,
    teacher: NDArray[np.float32] | None = None,
    logits: NDArray[np.float32] = LOGITS,
) -> NDArray[np.float32]:
    found = TrainingLoss(config, counts=COUNTS)(logits, targets, teacher)
    assert found.shape == (len(logits),)
    return np.asarray(found)


def remedy(**settings: object) -> LossConfig:
    imbalance = ImbalanceConfig.model_validate(settings)
    return PLAIN.model_copy(update={"imbalance": imbalance})


def log_softmax(logits: NDArray[np.float32]) -> NDArray[np.float64]:
    wide = logits.astype(np.float64)
    return np.asarray(wide - np.logaddexp.reduce(wide, axis=1, keepdims=True))


class TestLabels:
    def test_plain_is_cross_entropy(self) -> None:
        expected = -log_softmax(LOGITS)[np.arange(12), LABELS]
        np.testing.assert_allclose(losses(PLAIN), expected, rtol=1e-5)

    @pytest.mark.parametrize("smoothing", [0.1, 0.4])
    def test_smoothing_is_that_of_keras(self, smoothing: float) -> None:
        expected = keras.losses.categorical_crossentropy(
            ONE_HOT, LOGITS, from_logits=True, label_smoothing=smoothing
        )
        found = losses(LossConfig(label_smoothing=smoothing))
        np.testing.assert_allclose(found, expected, rtol=1e-5)

    def test_mixed_targets_are_mixed_losses(self) -> None:
        others = ONE_HOT[::-1].copy()
        mixed = losses(PLAIN, targets=0.7 * ONE_HOT + 0.3 * others)
        np.testing.assert_allclose(
            mixed, 0.7 * losses(PLAIN) + 0.3 * losses(PLAIN, targets=others), rtol=1e-4
        )


class TestImbalance:
    @pytest.mark.parametrize("method", ["weights", "effective_number"])
    def test_weights_multiply_the_loss_of_an_image(self, method: str) -> None:
        # One image of each class with the same loss.
        logits = np.zeros((7, 7), dtype=np.float32)
        found = losses(remedy(method=method), targets=np.eye(7, dtype=np.float32), logits=logits)
        assert np.argsort(found).tolist()[:2] == [3, 0]  # the frequent ones count least
        assert found[2] == found.max()
        # The mean over the images of the data set keeps its scale.
        assert np.average(found, weights=COUNTS) == pytest.approx(np.log(7), rel=1e-5)

    def test_weights_are_clipped(self) -> None:
        logits = np.zeros((7, 7), dtype=np.float32)
        eye = np.eye(7, dtype=np.float32)
        found = losses(remedy(method="weights", clip=4), targets=eye, logits=logits)
        assert found.max() / found.min() == pytest.approx(4)

    def test_a_mixed_image_weighs_as_its_classes(self) -> None:
        config = remedy(method="weights", clip=100)
        logits = np.zeros((1, 7), dtype=np.float32)
        eye = np.eye(7, dtype=np.float32)
        alone = losses(config, targets=eye[2:4], logits=np.zeros((2, 7), dtype=np.float32))
        mixed = losses(config, targets=eye[2:4].mean(axis=0, keepdims=True), logits=logits)
        assert mixed[0] == pytest.approx(alone.mean(), rel=1e-5)

    @pytest.mark.parametrize("smoothing", [0.0, 0.1])
    def test_focal_is_that_of_keras(self, smoothing: float) -> None:
        config = remedy(method="focal", gamma=2).model_copy(update={"label_smoothing": smoothing})
        keras_s = keras.losses.CategoricalFocalCrossentropy(
            alpha=1.0, gamma=2, from_logits=True, label_smoothing=smoothing, reduction="none"
        )
        np.testing.assert_allclose(losses(config), keras_s(ONE_HOT, LOGITS), rtol=1e-4)

    def test_focal_without_gamma_is_cross_entropy(self) -> None:
        found = losses(remedy(method="focal", gamma=0))
        np.testing.assert_allclose(found, losses(PLAIN), rtol=1e-5)

    def test_logit_adjustment_trains_on_logits_with_the_prior(self) -> None:
        shifted = LOGITS + 1.5 * np.log(np.array(COUNTS) / sum(COUNTS)).astype(np.float32)
        found = losses(remedy(method="logit_adjust", tau=1.5))
        np.testing.assert_allclose(found, losses(PLAIN, logits=shifted), rtol=1e-4)


class TestTeacher:
    CONFIG = PLAIN.model_copy(update={"distill": DistillConfig(weight=0.5, temperature=2)})

    @staticmethod
    def softened(logits: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.exp(log_softmax(logits / 2)).astype(np.float32)

    def test_a_pupil_that_agrees_learns_from_labels_only(self) -> None:
        found = losses(self.CONFIG, teacher=self.softened(LOGITS))
        np.testing.assert_allclose(found, 0.5 * losses(PLAIN), atol=1e-5)

    def test_disagreement_costs_the_divergence_times_the_squared_temperature(self) -> None:
        teacher = self.softened(LOGITS[::-1].copy())
        divergence = (teacher * (np.log(teacher) - log_softmax(LOGITS / 2))).sum(axis=1)
        found = losses(self.CONFIG, teacher=teacher)
        np.testing.assert_allclose(found, 0.5 * losses(PLAIN) + 0.5 * 4 * divergence, rtol=1e-4)

    def test_a_teacher_may_be_sure(self) -> None:
        assert np.isfinite(losses(self.CONFIG, teacher=ONE_HOT)).all()


class TestOwnLabels:
    def test_are_weighed_and_smoothed(self) -> None:
        config = LossConfig(label_smoothing=0.1, own_label_weight=0.3)
        expected = 0.3 * keras.losses.categorical_crossentropy(
            ONE_HOT, LOGITS, from_logits=True, label_smoothing=0.1
        )
        found = TrainingLoss(config, counts=COUNTS).on_own_labels(LOGITS, ONE_HOT)
        np.testing.assert_allclose(found, expected, rtol=1e-5)
