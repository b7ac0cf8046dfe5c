import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.vision.classifiers.logits import (
    POWERS_OF_TWO,
    Floats,
    batch_sizes,
    logits_in_batches,
    steady_sizes,
    to_probabilities,
)
from services.vision.transforms import InputSpec, Pixels

LOGITS = st.lists(st.floats(-1e4, 1e4, width=32), min_size=7, max_size=7)

SPEC = InputSpec(size=8, channels=1, crop_margin=0.0, mean=(0.0,), std=(1.0,))


def steady(crops: Pixels) -> Floats:
    """Logits that only the face decides."""
    means = crops.mean(axis=(1, 2, 3), dtype=np.float32)
    return np.repeat(means[:, np.newaxis], 7, axis=1)


def by_size(crops: Pixels) -> Floats:
    return steady(crops) * np.float32(1 + len(crops) * 1e-6)


def by_place(crops: Pixels) -> Floats:
    return steady(crops) * np.float32(1 + 1e-6) ** np.arange(len(crops))[:, np.newaxis]


class TestSteadySizes:
    @pytest.mark.parametrize(
        ("run", "sizes"), [(steady, POWERS_OF_TWO), (by_size, (8,)), (by_place, (1,))]
    )
    def test_are_those_with_which_neighbours_do_not_matter(
        self, run: object, sizes: object
    ) -> None:
        assert steady_sizes(run, SPEC) == sizes  # type: ignore[arg-type]  # of the three above


class TestLogitsInBatches:
    @pytest.mark.parametrize("sizes", [POWERS_OF_TWO, (8,), (1,)])
    @pytest.mark.parametrize("count", [0, 1, 8, 13])
    def test_leave_padding_out(self, sizes: tuple[int, ...], count: int) -> None:
        crops = np.random.default_rng(1).integers(0, 256, (count, *SPEC.shape), dtype=np.uint8)
        logits = logits_in_batches(steady, crops, SPEC, sizes=sizes)
        assert (logits == steady(crops)).all()


class TestBatchSizes:
    @pytest.mark.parametrize(
        ("count", "sizes"),
        [(0, []), (1, [1]), (8, [8]), (13, [8, 4, 1]), (28, [8, 8, 8, 4])],
    )
    def test_cuts_into_powers_of_two(self, count: int, sizes: list[int]) -> None:
        assert list(batch_sizes(count)) == sizes

    def test_without_a_smaller_size_the_last_one_holds_more(self) -> None:
        assert list(batch_sizes(13, (8,))) == [8, 8]


class TestToProbabilities:
    @given(LOGITS, st.floats(0.1, 10))
    def test_sums_to_one_for_any_logits(self, row: list[float], temperature: float) -> None:
        probabilities = to_probabilities([row], temperature=temperature)
        assert abs(float(probabilities.sum()) - 1) < 1e-9
        assert probabilities.min() >= 0

    def test_is_the_softmax(self) -> None:
        row = [1.0, 2.0, 3.0, 0.0, 0.0, 0.0, 0.0]
        total = sum(map(math.exp, row))
        assert np.allclose(to_probabilities(row), [math.exp(value) / total for value in row])

    def test_shifts_before_it_divides_by_temperature(self) -> None:
        shift = (2.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
        shifted = to_probabilities(np.zeros((1, 7)), temperature=2.0, prior_shift=shift)
        assert np.allclose(shifted[0, 0] / shifted[0, 1], math.e)

    def test_takes_no_faces(self) -> None:
        assert to_probabilities(np.empty((0, 7))).shape == (0, 7)
