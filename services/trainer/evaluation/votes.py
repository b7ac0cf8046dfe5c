"""A model judged against what several people said of each face.

Agreement is with the majority, of faces that have one (``data/votes/counts.py``); cross-entropy,
divergence and calibration are to the shares of votes, of all faces. Every figure has its n and a
95 % interval from 1,000 resamples of the faces.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.trainer.data.votes import CHOICES, agreement, majority, shares
from services.trainer.evaluation.metrics import (
    auroc_of_wrong,
    bootstrap,
    bootstrap_intervals,
    calibration_error,
    calibration_noise,
    class_measures,
    confusion_matrix,
    cross_entropy,
    right_at_coverage,
    scores,
)

Floats = NDArray[np.float64]
Labels = NDArray[np.int64]
Figure = dict[str, Any]

# "8 of 10": faces of which so many judges say the same.
_SURE = 0.8
_BINS = 15
_COVERAGE = 0.8
_CURVE = tuple(step / 20 for step in range(1, 21))


def against_votes(
    probabilities: Floats, votes: NDArray[np.floating[Any]], own_labels: Labels
) -> Figure:
    """Return every figure as plain numbers, ready for JSON.

    Args:
        probabilities: as served, ``[N, 7]``.
        votes: ``[N, 10]`` of usable faces, one at least with a majority.
        own_labels: the data set's own, ``[N]``.
    """
    answers, (labels, decided) = probabilities.argmax(axis=1), majority(votes)
    right = (answers == labels)[decided]
    sure = agreement(votes, labels)[decided] >= _SURE
    return {
        "n": len(votes),
        "without_majority": int((~decided).sum()),
        **_of_majority(labels[decided], answers[decided]),
        "sure_faces": {"least_agreement": _SURE, "agreement": mean_figure(right[sure])},
        **_of_shares(probabilities, answers, shares(votes)),
        "doubt": doubt(probabilities.max(axis=1)[decided], right),
        "people": {
            "one_judge_and_majority_of_all": mean_figure(agreement(votes, labels)[decided]),
            "one_judge_and_majority_of_the_others": mean_figure(_with_the_others(votes)[decided]),
        },
        "own_labels": {
            "agreement_with_majority": mean_figure((own_labels == labels)[decided]),
            "accuracy": mean_figure(answers == own_labels),
            "macro_recall": _macro_recall(confusion_matrix(own_labels, answers)),
        },
    }


def _of_majority(labels: Labels, answers: Labels) -> Figure:
    matrix = confusion_matrix(labels, answers)
    return {
        "agreement": mean_figure(labels == answers),
        "macro_recall": _macro_recall(matrix),
        "per_class": class_measures(matrix),
        "confusion": matrix.tolist(),
    }


def _of_shares(probabilities: Floats, answers: Labels, targets: Floats) -> Figure:
    losses, floor = cross_entropy(probabilities, targets), cross_entropy(targets, targets)
    confidence = probabilities.max(axis=1)
    truth = targets[np.arange(len(targets)), answers]
    return {
        "cross_entropy": mean_figure(losses),
        "entropy_of_votes": mean_figure(floor),
        "kl": mean_figure(losses - floor),
        "calibration_error": {
            "bins": _BINS,
            "by_chance": round(calibration_noise(confidence, truth, bins=_BINS), 4),
            **_figure(
                lambda chosen: calibration_error(confidence[chosen], truth[chosen], bins=_BINS),
                len(truth),
                centred=True,
            ),
        },
    }


def doubt(confidence: Floats, right: NDArray[np.bool_]) -> Figure:
    """Return how well confidence ``[N]`` tells right answers from wrong ones."""
    count = len(right)
    return {
        "right_at_80": _figure(
            lambda chosen: right_at_coverage(confidence[chosen], right[chosen], _COVERAGE), count
        ),
        "auroc_of_wrong": _figure(
            lambda chosen: auroc_of_wrong(confidence[chosen], right[chosen]), count
        ),
        "risk_coverage": [
            [share, round(1 - right_at_coverage(confidence, right, share), 4)] for share in _CURVE
        ],
    }


def _with_the_others(votes: NDArray[np.floating[Any]]) -> Floats:
    """Return for each face the chance that one judge chooses what most of the others do.

    A judge whose others have no majority agrees with none.
    """
    agreeing = np.zeros(len(votes))
    for choice in range(len(CHOICES)):
        others = votes.astype(np.float64)
        others[:, choice] = np.maximum(others[:, choice] - 1, 0)
        labels, decided = majority(others)
        agreeing += np.where(decided & (labels == choice), votes[:, choice], 0)
    return np.asarray(agreeing / votes.sum(axis=1))


def _macro_recall(matrix: NDArray[np.int64]) -> Figure:
    low, high = bootstrap_intervals(matrix)["macro_recall"]
    value = float(scores(matrix).macro_recall)
    return _rounded(value, low, high, int(matrix.sum()))


def mean_figure(values: NDArray[np.generic]) -> Figure:
    """Return the mean of numbers or flags ``[N]`` with its interval and n."""
    numbers = values.astype(np.float64)
    return _figure(lambda chosen: float(numbers[chosen].mean()), len(numbers))


def _figure(
    measure: Callable[[NDArray[np.int64]], float], count: int, *, centred: bool = False
) -> Figure:
    if not count:
        return {"value": None, "low": None, "high": None, "n": 0}
    return _rounded(measure(np.arange(count)), *bootstrap(measure, count, centred=centred), count)


def _rounded(value: float, low: float, high: float, count: int) -> Figure:
    """Numbers that are none, such as the AUROC of faultless answers, are None in JSON."""
    found = {"value": value, "low": low, "high": high}
    plain = {name: round(x, 4) if np.isfinite(x) else None for name, x in found.items()}
    return {**plain, "n": count}
