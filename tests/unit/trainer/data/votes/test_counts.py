import numpy as np
import pytest

from services.common.domain.emotions import EMOTIONS
from services.trainer.data.votes import CHOICES, agreement, majority, shares, usable


def votes(**counts: float) -> np.ndarray:
    return np.array([[counts.get(choice, 0) for choice in CHOICES]], dtype=np.float64)


class TestUsable:
    @pytest.mark.parametrize(
        ("counts", "expected"),
        [
            ({"fear": 5, "unknown": 5}, True),
            ({"fear": 4, "unknown": 3, "contempt": 2, "nf": 1}, False),
            ({"nf": 10}, False),
            ({"fear": 0.5}, True),
        ],
    )
    def test_at_least_half_of_the_votes_are_on_the_seven(
        self, counts: dict[str, float], expected: bool
    ) -> None:
        assert usable(votes(**counts)).tolist() == [expected]


class TestShares:
    def test_are_the_votes_of_the_seven_over_their_sum(self) -> None:
        found = shares(votes(anger=6, sadness=2, unknown=2))[0]
        assert found[EMOTIONS.index("anger")] == 0.75
        assert found.sum() == 1


class TestMajority:
    @pytest.mark.parametrize(
        ("counts", "label", "decided"),
        [
            ({"anger": 6, "sadness": 4}, "anger", True),
            ({"anger": 5, "sadness": 5}, "anger", False),
            ({"sadness": 4, "disgust": 4, "anger": 2}, "disgust", False),
            ({"anger": 3, "contempt": 4, "sadness": 3}, "anger", False),
            ({"anger": 5, "unknown": 5}, "anger", False),
        ],
    )
    def test_is_the_one_choice_with_the_most_votes_where_it_is_an_expression(
        self, counts: dict[str, float], label: str, decided: bool
    ) -> None:
        labels, is_decided = majority(votes(**counts))
        assert (EMOTIONS[labels[0]], bool(is_decided[0])) == (label, decided)


def test_agreement_is_a_share_of_all_judges() -> None:
    some = votes(anger=8, unknown=2)
    assert agreement(some, np.array([EMOTIONS.index("anger")])).tolist() == [0.8]
