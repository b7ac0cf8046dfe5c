"""Rank correlations, against SciPy's."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import kendalltau, spearmanr

from hfer.comparison.ranks import kendall, spearman

# Small whole numbers tie often.
NUMBERS = st.lists(st.tuples(st.integers(0, 4), st.integers(-3, 3)), min_size=2, max_size=9)


def expected(value: float) -> float | None:
    return None if math.isnan(value) else value


class TestAgainstScipy:
    @given(NUMBERS)
    @pytest.mark.filterwarnings("ignore:An input array is constant")
    def test_with_ties(self, pairs: list[tuple[int, int]]) -> None:
        one, other = [float(a) for a, _ in pairs], [float(b) for _, b in pairs]
        for ours, theirs in ((spearman, spearmanr), (kendall, kendalltau)):
            right = expected(float(theirs(one, other).statistic))
            assert ours(one, other) == (None if right is None else pytest.approx(right, abs=1e-9))

    def test_no_order_has_no_figure(self) -> None:
        assert spearman([], []) is None
        assert kendall([1.0], [2.0]) is None
