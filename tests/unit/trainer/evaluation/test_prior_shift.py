import numpy as np
import pytest

from services.trainer.evaluation.metrics import confusion_matrix, scores
from services.trainer.evaluation.prior_shift import (
    TAUS,
    choose_by_majority,
    choose_prior_shift,
    prior_shift,
)

COUNTS = [4000, 4000, 400, 7000, 4000, 5000, 5000]


def imbalanced(n: int = 4000, *, weight: float = 2) -> tuple[np.ndarray, np.ndarray]:
    """Logits of a learner that makes too much of the frequency, or with weight 1 enough."""
    rng = np.random.default_rng(0)
    prior = np.asarray(COUNTS) / sum(COUNTS)
    labels = rng.choice(7, size=n, p=prior)
    evidence = rng.normal(size=(n, 7))
    evidence[np.arange(n), labels] += 1.5
    return (1.5 * evidence + weight * np.log(prior)).astype(np.float32), labels


class TestPriorShift:
    def test_raises_rare_classes_most_and_keeps_the_mean(self) -> None:
        shift = prior_shift(0.5, COUNTS)
        assert max(shift) == shift[2]
        assert min(shift) == shift[3]
        assert sum(shift) == pytest.approx(0, abs=1e-3)
        assert shift[2] - shift[3] == pytest.approx(0.5 * np.log(7000 / 400), abs=1e-3)

    def test_nothing_for_tau_0_and_no_infinity_for_a_missing_class(self) -> None:
        assert set(prior_shift(0, COUNTS)) <= {0.0, -0.0}
        assert all(np.isfinite(prior_shift(1, [0, *COUNTS[1:]])))


class TestChoose:
    def test_buys_macro_recall_where_it_is_cheap(self) -> None:
        logits, labels = imbalanced()
        chosen = choose_prior_shift(logits, labels, counts=COUNTS)
        before = scores(confusion_matrix(labels, logits.argmax(1)))
        after = scores(confusion_matrix(labels, (logits + np.asarray(chosen.shift)).argmax(1)))
        assert chosen.tau > 0
        assert after.macro_recall > before.macro_recall + 0.01
        assert after.macro_f1 > before.macro_f1

    def test_leaves_balanced_data_alone(self) -> None:
        logits, labels = imbalanced()
        assert set(choose_prior_shift(logits, labels, counts=[100] * 7).shift) <= {0.0, -0.0}


class TestChooseByMajority:
    def test_spends_half_a_point_of_agreement_on_rare_classes(self) -> None:
        logits, labels = imbalanced(weight=1)
        chosen = choose_by_majority(logits, labels, counts=COUNTS)
        tried = {
            tau: scores(confusion_matrix(labels, (logits + prior_shift(tau, COUNTS)).argmax(1)))
            for tau in TAUS
        }
        cheap = [tau for tau, found in tried.items() if found.accuracy >= tried[0].accuracy - 0.005]
        assert len(cheap) < len(tried)
        assert chosen.tau == max(cheap) > 0
        assert tried[chosen.tau].macro_recall > tried[0].macro_recall
        assert chosen.shift == prior_shift(chosen.tau, COUNTS)

    def test_does_nothing_where_any_shift_costs_more(self) -> None:
        labels = np.tile([3, 3, 3, 3, 2], 20)
        logits = np.zeros((100, 7), np.float32)
        logits[labels == 3, 3] = 1e-3  # hardly surer than disgust, and right
        logits[labels == 2, 2] = 1
        assert choose_by_majority(logits, labels, counts=COUNTS).tau == 0
