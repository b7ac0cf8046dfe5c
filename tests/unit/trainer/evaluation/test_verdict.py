import numpy as np
import pytest
from numpy.typing import NDArray

from services.trainer.data.dataset import Subset
from services.trainer.data.layouts import Split
from services.trainer.evaluation.compare import paired_bootstrap
from services.trainer.evaluation.evaluate import evaluate_logits
from services.trainer.evaluation.verdict import beside_parent, near_chance, untrained

Labels = NDArray[np.int64]
TRUTH = np.arange(420) % 7


def right_in(share: float, *, seed: int = 0) -> Labels:
    """Answers of which this share is right, drawn at random."""
    right = np.random.default_rng(seed).permutation(len(TRUTH)) < share * len(TRUTH)
    return np.where(right, TRUTH, (TRUTH + 1) % 7)


def said(a: Labels, b: Labels, *, n: int = 420) -> str:
    return beside_parent({"a": "old-1.0.0", **paired_bootstrap(TRUTH[:n], a=a[:n], b=b[:n])})


def evaluated(truth: Labels, answers: Labels) -> dict[str, object]:
    data = Subset(np.zeros((len(truth), 1, 1, 1), np.uint8), truth, np.zeros(len(truth), bool))
    return evaluate_logits(np.eye(7, dtype=np.float32)[answers], data, split=Split.TEST)


class TestBesideParent:
    def test_tells_better_from_worse(self) -> None:
        low, high = right_in(0.5), right_in(0.8, seed=1)
        assert said(low, high).startswith("Better than what it goes on from: 80.0% of the same 420")
        assert said(high, low).startswith("Worse than what it goes on from: 50.0% of the same 420")
        assert "95 % interval -3" in said(high, low)
        assert said(high, low).endswith("Keep the other, and look at the labels.")

    def test_says_when_there_are_too_few_and_how_many_would_do(self) -> None:
        first, second = (np.where(miss == TRUTH % 3, 6 - TRUTH, TRUTH) for miss in (0, 1))
        text = said(first, second, n=42)
        assert text.startswith("Too few test images to tell")
        wanted = int(text.partition("about ")[2].partition(" test")[0].replace(",", ""))
        assert 500 < wanted < 5_000

    def test_the_same_answers_are_no_difference(self) -> None:
        assert said(right_in(0.6), right_in(0.6)).startswith("No different")


class TestNearChance:
    @pytest.mark.parametrize("share", [1 / 7, 0.17])
    def test_is_told_with_its_interval(self, share: float) -> None:
        text = near_chance(evaluated(TRUTH, right_in(share)))
        assert text is not None
        assert "95 % interval" in text
        assert "always answering surprise would be right in 14.3%" in text

    def test_is_not_said_of_a_model_that_learned(self) -> None:
        assert near_chance(evaluated(TRUTH, right_in(0.4))) is None

    def test_the_most_frequent_expression_is_what_chance_is(self) -> None:
        truth = np.where(np.arange(420) < 252, 3, TRUTH)
        answers = np.where(np.arange(420) % 5 < 3, truth, (truth + 1) % 7)  # 60 % right
        text = near_chance(evaluated(truth, answers))
        assert text is not None
        assert "always answering happiness" in text


def test_names_expressions_without_an_image() -> None:
    assert untrained({"fear": 3, "anger": 1}) is None
    assert "no training image of fear, anger" in str(untrained({"fear": 0, "anger": 0, "sad": 1}))
