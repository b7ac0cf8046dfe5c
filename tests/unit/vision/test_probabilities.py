import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from services.vision.probabilities import to_probabilities

logits = st.lists(st.floats(-1e4, 1e4, width=32), min_size=7, max_size=7)


class TestToProbabilities:
    @given(logits, st.floats(0.1, 10))
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
