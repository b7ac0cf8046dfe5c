"""Measures of a seven-way classifier. Rows of a confusion matrix are the truth.

Scikit-learn has most of them for one matrix; the bootstrap needs them over a thousand at once.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Labels = NDArray[np.int64]
Floats = NDArray[np.float64]
Counts = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Scores:
    """Accuracy, macro recall and macro F1, each 0..1, over leading axes of a confusion matrix.

    Classes without any true image are left out of the macro means.
    """

    accuracy: Floats
    macro_recall: Floats
    macro_f1: Floats


@dataclass(frozen=True, slots=True)
class PerClass:
    """Precision, recall and F1 of each class (0 where undefined), and its number of images."""

    precision: Floats
    recall: Floats
    f1: Floats
    support: Counts


def confusion_matrix(labels: Labels, predicted: Labels, *, classes: int = 7) -> Counts:
    """Count ``[truth, answer]`` pairs: int64 ``[classes, classes]``."""
    cells = np.bincount(labels * classes + predicted, minlength=classes * classes)
    return cells.reshape(classes, classes).astype(np.int64)


def per_class(matrix: Counts) -> PerClass:
    """Derive each class's measures from confusion matrices ``[..., K, K]``."""
    hits = np.diagonal(matrix, axis1=-2, axis2=-1).astype(np.float64)
    support, answers = matrix.sum(axis=-1), matrix.sum(axis=-2)
    return PerClass(
        precision=_ratio(hits, answers),
        recall=_ratio(hits, support),
        f1=_ratio(2 * hits, support + answers),
        support=support,
    )


def scores(matrix: Counts) -> Scores:
    """Derive the three headline measures from confusion matrices ``[..., K, K]``."""
    classes = per_class(matrix)
    present = (classes.support > 0).astype(np.float64)
    count = present.sum(axis=-1)
    hits = np.diagonal(matrix, axis1=-2, axis2=-1).sum(axis=-1).astype(np.float64)
    return Scores(
        accuracy=_ratio(hits, matrix.sum(axis=(-2, -1))),
        macro_recall=_ratio((classes.recall * present).sum(axis=-1), count),
        macro_f1=_ratio((classes.f1 * present).sum(axis=-1), count),
    )


def bootstrap_intervals(
    matrix: Counts, *, resamples: int = 1000, seed: int = 0, level: float = 0.95
) -> dict[str, tuple[float, float]]:
    """Return percentile intervals of the three headline measures.

    Drawing n images with replacement and counting them again is one multinomial draw over the
    cells of the confusion matrix, so no image is touched.
    """
    total = int(matrix.sum())
    rng = np.random.default_rng(seed)
    draws = rng.multinomial(total, matrix.ravel() / total, size=resamples)
    resampled = scores(draws.reshape(resamples, *matrix.shape))
    ends = [(1 - level) / 2, (1 + level) / 2]

    def interval(values: Floats) -> tuple[float, float]:
        low, high = np.quantile(values, ends)
        return float(low), float(high)

    return {
        "accuracy": interval(resampled.accuracy),
        "macro_recall": interval(resampled.macro_recall),
        "macro_f1": interval(resampled.macro_f1),
    }


def negative_log_likelihood(probabilities: Floats, labels: Labels) -> float:
    """Mean of -ln p(truth), in nats."""
    chosen = probabilities[np.arange(len(labels)), labels]
    return float(-np.log(np.maximum(chosen, 1e-12)).mean())


def brier(probabilities: Floats, labels: Labels) -> float:
    """Mean squared distance to the one-hot truth, summed over classes: 0 (perfect) to 2."""
    truth = np.eye(probabilities.shape[1])[labels]
    return float(((probabilities - truth) ** 2).sum(axis=1).mean())


def expected_calibration_error(probabilities: Floats, labels: Labels, *, bins: int = 15) -> float:
    """Mean gap between confidence and accuracy over equal-width bins (Guo, arXiv 1706.04599)."""
    confidence = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == labels
    index = np.minimum((confidence * bins).astype(int), bins - 1)
    gap = np.bincount(index, weights=confidence - right, minlength=bins)
    return float(np.abs(gap).sum() / len(labels))


def _ratio(numerator: Floats, denominator: Floats | Counts) -> Floats:
    """Divide, with 0 for nothing by nothing."""
    safe = np.maximum(denominator, 1e-12)
    return np.asarray(np.where(denominator > 0, numerator / safe, 0.0), dtype=np.float64)
