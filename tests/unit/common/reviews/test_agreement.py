"""Agreement against the figures of reference libraries."""

from collections import Counter

import pytest
from sklearn.metrics import cohen_kappa_score

from services.common.reviews.agreement import (
    Estimate,
    class_agreement,
    cohens_kappa,
    krippendorffs_alpha,
    raw_agreement,
    wilson,
)

# Krippendorff's four people and twelve faces; the package krippendorff 0.9.0 says 0.743421.
_THREE = ("1 2 3 3 2 1 4 1 2 . . .", "1 2 3 3 2 2 4 1 2 5 . 3", ". 3 3 3 2 3 4 2 2 5 1 .")
ROWS = (*_THREE, "1 2 3 3 2 4 4 1 2 5 1 .")
FIXTURE = Counter(
    tuple(vote for vote in face if vote != ".")
    for face in zip(*(row.split() for row in ROWS), strict=True)
)


def table(*cells: tuple[str, int]) -> dict[tuple[str, str], int]:
    return {(said[0], said[1]): count for said, count in cells}


class TestAlpha:
    def test_is_that_of_the_reference(self) -> None:
        found = krippendorffs_alpha(FIXTURE)
        assert found.value == pytest.approx(0.743421, abs=5e-7)
        # The last face has one vote: it does not count.
        assert found.n == 11
        assert found.low is not None
        assert found.high is not None
        assert -1 <= found.low < 0.743421 < found.high <= 1

    def test_is_undefined_where_one_class_occurs(self) -> None:
        assert krippendorffs_alpha({("a", "a"): 40}) == Estimate(None, None, None, 40)

    def test_is_undefined_without_two_votes_on_a_face(self) -> None:
        assert krippendorffs_alpha({("a",): 40}) == Estimate(None, None, None, 0)

    def test_has_no_interval_where_nobody_disagreed(self) -> None:
        assert krippendorffs_alpha({("a", "a"): 40, ("b", "b"): 2}) == Estimate(1.0, None, None, 42)

    def test_interval_is_that_of_a_jackknife_done_by_hand(self) -> None:
        votes: dict[tuple[str, ...], int] = {("a", "a"): 11, ("a", "b"): 3, ("b", "b"): 6}
        faces = [said for said, count in votes.items() for _ in range(count)]
        left_out = [
            krippendorffs_alpha(Counter(faces[:at] + faces[at + 1 :])).value or 0.0
            for at in range(20)
        ]
        mean = sum(left_out) / 20
        error = (19 / 20 * sum((value - mean) ** 2 for value in left_out)) ** 0.5
        found = krippendorffs_alpha(votes)
        assert found.value is not None
        assert found.low == pytest.approx(found.value - 1.959964 * error)
        assert found.high == pytest.approx(min(found.value + 1.959964 * error, 1))


class TestKappa:
    @pytest.mark.parametrize(
        "cells",
        [
            (("aa", 20), ("ab", 5), ("ba", 10), ("bb", 15)),
            (("aa", 7), ("bb", 3), ("cc", 5), ("ac", 2), ("cb", 4)),
            (("ab", 6), ("ba", 6)),
        ],
    )
    def test_is_that_of_scikit_learn(self, cells: tuple[tuple[str, int], ...]) -> None:
        first = [said[0] for said, count in cells for _ in range(count)]
        second = [said[1] for said, count in cells for _ in range(count)]
        found = cohens_kappa(table(*cells))
        assert found.value == pytest.approx(cohen_kappa_score(first, second))
        assert found.n == len(first)

    def test_of_a_rare_class_is_below_zero_though_nearly_all_agree(self) -> None:
        found = cohens_kappa(table(("aa", 90), ("ab", 5), ("ba", 5)))
        assert found.value == pytest.approx(-1 / 19)
        assert raw_agreement({("a", "a"): 90, ("a", "b"): 10}).value == pytest.approx(0.9)

    def test_is_undefined_where_one_class_occurs(self) -> None:
        assert cohens_kappa(table(("aa", 12))) == Estimate(None, None, None, 12)

    def test_of_no_face_is_undefined(self) -> None:
        assert cohens_kappa({}) == Estimate(None, None, None, 0)

    def test_of_few_faces_has_no_interval(self) -> None:
        found = cohens_kappa(table(("aa", 4), ("bb", 4), ("ab", 1)))
        assert found.value is not None
        assert (found.low, found.high) == (None, None)


class TestRaw:
    def test_is_a_mean_over_pairs_of_votes(self) -> None:
        # Three people, of whom two agree: one pair of three.
        found = raw_agreement({("a", "a", "b"): 1, ("c", "c"): 1, ("d",): 9})
        assert found.value == pytest.approx((1 / 3 + 1) / 2)
        assert found.n == 2

    def test_by_class(self) -> None:
        found = class_agreement({("a", "a"): 3, ("a", "b"): 2, ("b", "b"): 1})
        assert found["a"].value == pytest.approx(6 / 8)
        assert found["b"].value == pytest.approx(2 / 4)
        assert (found["a"].n, found["b"].n) == (5, 3)


@pytest.mark.parametrize(
    ("share", "n", "low", "high"),
    [
        (0.67, 100, 0.573, 0.754),
        (0.67, 400, 0.622, 0.714),
        (0.85, 200, 0.794, 0.893),
        (1, 9, 0.701, 1),
    ],
)
def test_wilson(share: float, n: int, low: float, high: float) -> None:
    assert wilson(share, n) == pytest.approx((low, high), abs=6e-4)
