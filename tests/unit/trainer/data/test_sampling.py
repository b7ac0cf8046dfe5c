import numpy as np
import pytest

from services.trainer.data.sampling import (
    class_weights,
    effective_number_weights,
    oversampled_order,
    priors,
)

COUNTS = [3000, 4000, 400, 7000, 3900, 4800, 5000]


class TestWeights:
    def test_are_inverse_to_the_frequency_up_to_the_clip(self) -> None:
        weights = class_weights(COUNTS, clip=5)
        assert weights[2] / weights[3] == pytest.approx(5)  # 17.5 without the clip
        assert weights[0] / weights[3] == pytest.approx(7 / 3)

    def test_effective_numbers_lie_between_no_weights_and_inverse_ones(self) -> None:
        ratios = [
            weights[2] / weights[3]
            for weights in (
                effective_number_weights(COUNTS, beta=beta) for beta in (0, 0.999, 0.99999)
            )
        ]
        assert ratios[0] == pytest.approx(1)
        assert 1 < ratios[1] < ratios[2] < 7000 / 400

    @pytest.mark.parametrize("counts", [COUNTS, [0, *COUNTS[1:]]])
    def test_keep_the_scale_of_the_loss(self, counts: list[int]) -> None:
        for weights in (
            class_weights(counts, clip=5),
            effective_number_weights(counts, beta=0.999),
        ):
            assert np.average(weights, weights=counts) == pytest.approx(1)
            assert np.isfinite(weights).all()


class TestPriors:
    def test_sum_to_1_and_are_never_0(self) -> None:
        found = priors([0, 1, 2, 3, 4, 5, 6])
        assert found.sum() == pytest.approx(1)
        assert found.min() > 0


class TestOversampledOrder:
    labels = np.repeat(np.arange(7), [300, 400, 40, 700, 390, 480, 500])

    @pytest.mark.parametrize("power", [0, 0.5, 1])
    def test_draws_classes_by_a_power_of_their_count(self, power: float) -> None:
        order = oversampled_order(self.labels, power=power, rng=np.random.default_rng(0))
        assert len(order) == len(self.labels)
        found = np.bincount(self.labels[order])
        expected = np.bincount(self.labels) ** power
        np.testing.assert_allclose(found, expected / expected.sum() * len(order), atol=1)

    def test_sees_every_image_before_one_twice(self) -> None:
        order = oversampled_order(self.labels, power=0, rng=np.random.default_rng(0))
        seen = np.bincount(order, minlength=len(self.labels))
        rare = seen[self.labels == 2]
        assert rare.max() - rare.min() <= 1
        assert seen[self.labels == 3].max() == 1

    def test_is_a_function_of_the_stream(self) -> None:
        one, two, other = (
            oversampled_order(self.labels, power=0.5, rng=np.random.default_rng(seed))
            for seed in (1, 1, 2)
        )
        np.testing.assert_array_equal(one, two)
        assert (one != other).any()
