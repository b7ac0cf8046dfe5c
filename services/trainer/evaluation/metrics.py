"""Measures of a seven-way classifier. Rows of a confusion matrix are the truth.

Scikit-learn has most of them for one matrix; the bootstrap needs them over a thousand at once.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.common.domain.emotions import EMOTIONS

Labels = NDArray[np.int64]
Floats = NDArray[np.float64]
Counts = NDArray[np.int64]
Flags = NDArray[np.bool_]
# From the indices of some images to a figure about them.
Measure = Callable[[NDArray[np.int64]], float]


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


def class_measures(matrix: NDArray[np.int64]) -> dict[str, dict[str, float]]:
    """Return precision, recall, F1 and support of each expression from ``[7, 7]`` counts."""
    found = per_class(matrix)
    return {
        str(emotion): {
            "precision": round(float(found.precision[index]), 4),
            "recall": round(float(found.recall[index]), 4),
            "f1": round(float(found.f1[index]), 4),
            "support": int(found.support[index]),
        }
        for index, emotion in enumerate(EMOTIONS)
    }


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


def bootstrap(
    measure: Measure,
    count: int,
    *,
    centred: bool = False,
    resamples: int = 1000,
    seed: int = 0,
    level: float = 0.95,
) -> tuple[float, float]:
    """Return the percentile interval of any measure over ``count`` images, drawn anew each time.

    ``centred`` moves it so that the mean of the draws is the measure of all images. A calibration
    error needs it: drawing anew scatters the gaps once more, so that 0.011 had 0.013 to 0.028.
    """
    drawn = resampled(measure, count, resamples=resamples, seed=seed)
    if centred:
        drawn = np.maximum(drawn + measure(np.arange(count)) - drawn.mean(), 0)
    low, high = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def resampled(measure: Measure, count: int, *, resamples: int = 1000, seed: int = 0) -> Floats:
    """Return the measure of each of ``resamples`` draws of ``count`` images with replacement."""
    rng = np.random.default_rng(seed)
    return np.array([measure(rng.integers(0, count, count)) for _ in range(resamples)])


def cross_entropy(probabilities: Floats, targets: NDArray[np.floating[Any]]) -> Floats:
    """Return -sum(target * ln p) in nats of each image ``[N]``, for targets ``[N, K]``."""
    return np.asarray(-(targets * np.log(np.maximum(probabilities, 1e-12))).sum(axis=1))


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


def calibration_error(confidence: Floats, truth: Floats, *, bins: int = 15) -> float:
    """Mean gap between confidence ``[N]`` and truth ``[N]``, over bins of equal mass.

    ``truth`` is 0 or 1, or the share of judges who gave the first answer. Each bin holds as many
    images, ordered by confidence.
    """
    parts = _gaps_by_confidence(confidence, truth, bins)
    return float(sum(abs(part.sum()) for part in parts) / len(confidence))


def calibration_noise(confidence: Floats, truth: Floats, *, bins: int = 15) -> float:
    """Return the calibration error that a perfectly calibrated model would show by chance.

    The gaps of a bin scatter; the mean of n of them is off by ``sqrt(2 / pi) * sd / sqrt(n)`` on
    average, the more the fewer images there are.
    """
    parts = _gaps_by_confidence(confidence, truth, bins)
    off = sum(part.std() * len(part) ** 0.5 for part in parts if len(part))
    return float(off * (2 / np.pi) ** 0.5 / len(confidence))


def _gaps_by_confidence(confidence: Floats, truth: Floats, bins: int) -> list[Floats]:
    gaps = (confidence - truth)[np.argsort(confidence, kind="stable")]
    return np.array_split(gaps, bins)


def right_at_coverage(confidence: Floats, right: Flags, coverage: float) -> float:
    """Return the share of right answers among the surest ``coverage`` of them."""
    surest = np.argsort(-confidence, kind="stable")[: max(1, round(coverage * len(right)))]
    return float(right[surest].mean())


def auroc_of_wrong(confidence: Floats, right: Flags) -> float:
    """Return how often a wrong answer is less sure than a right one; half of equals count.

    1 tells all wrong answers by their confidence, 0.5 none; NaN without any wrong or right one.
    """
    sure, unsure = np.sort(confidence[right]), confidence[~right]
    if not len(sure) or not len(unsure):
        return float("nan")
    above = len(sure) - np.searchsorted(sure, unsure, side="right")
    equal = len(sure) - np.searchsorted(sure, unsure, side="left") - above
    return float((above + equal / 2).sum() / (len(sure) * len(unsure)))


def _ratio(numerator: Floats, denominator: Floats | Counts) -> Floats:
    """Divide, with 0 for nothing by nothing."""
    safe = np.maximum(denominator, 1e-12)
    return np.asarray(np.where(denominator > 0, numerator / safe, 0.0), dtype=np.float64)
