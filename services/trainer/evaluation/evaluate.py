"""Evaluate a set of logits: the numbers of the report, all of them from argmax and softmax."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.trainer.data.dataset import Subset
from services.trainer.data.layouts import Split
from services.trainer.evaluation.calibrate import Calibration, cross_fitted, truth_of
from services.trainer.evaluation.metrics import (
    bootstrap_intervals,
    brier,
    class_measures,
    confusion_matrix,
    cross_entropy,
    expected_calibration_error,
    negative_log_likelihood,
    scores,
)
from services.trainer.evaluation.tested_on import describe_test
from services.trainer.evaluation.votes import against_votes
from services.vision.classifiers.logits import to_probabilities

Floats = NDArray[np.float64]
Labels = NDArray[np.int64]
# From crops uint8 ``[N, S, S, C]`` to logits ``[N, 7]``.
Answering = Callable[[NDArray[np.uint8]], NDArray[np.float32]]


def evaluate_logits(
    logits: NDArray[np.float32],
    data: Subset,
    *,
    split: Split,
    calibration: Calibration | None = None,
) -> dict[str, Any]:
    """Return every measure of the report, ready for JSON.

    Where there are votes the truth is their majority, faces without one are left out of all but
    ``judges``, which has the figures against the votes themselves.

    Args:
        logits: ``[N, 7]``.
        data: the images they were given for.
        split: its name, for the report. On the validation split, where the temperature was
            fitted, calibrated probabilities are evaluated by two-fold cross-fitting instead.
        calibration: adds the measures after the temperature.
    """
    crossed = split == Split.VALIDATION and calibration is not None
    temperature = calibration.temperature if calibration is not None else 1.0
    raw, served = to_probabilities(logits), to_probabilities(logits, temperature=temperature)
    if crossed:
        served = cross_fitted(logits, truth_of(data))
    judged = (
        {"judges": against_votes(served, data.votes, data.own_labels)}
        if data.votes is not None and data.own_labels is not None
        else {}
    )
    decided = data.decided
    data, raw, served = data.take(decided), raw[decided], served[decided]
    predicted = raw.argmax(axis=1)
    matrix = confusion_matrix(data.labels, predicted)
    result = {
        "split": str(split),
        "truth": "judges" if judged else "data set",
        **_headline(matrix),
        **_test(data, judged=bool(judged)),
        **judged,
        "subsets": {
            name: _headline(confusion_matrix(data.labels[chosen], predicted[chosen]))
            for name, chosen in (("clean", ~data.leaked), ("leaked", data.leaked))
            if chosen.any()
        },
        "per_class": class_measures(matrix),
        "confusion": matrix.tolist(),
        "before_temperature": confidence(raw, data.labels),
    }
    if calibration is None:
        return result
    return {
        **result,
        "after_temperature": {**confidence(served, data.labels), "cross_fitted": crossed},
        "uncertain": uncertainty(served, data.labels, threshold=calibration.abstention_threshold),
    }


def _test(data: Subset, *, judged: bool) -> dict[str, Any]:
    return {} if data.hashes is None else describe_test(data.hashes, data.labels, judged=judged)


def _headline(matrix: NDArray[np.int64]) -> dict[str, Any]:
    values, intervals = scores(matrix), bootstrap_intervals(matrix)
    measures = {
        "accuracy": values.accuracy,
        "macro_recall": values.macro_recall,
        "macro_f1": values.macro_f1,
    }
    return {
        "n": int(matrix.sum()),
        **{
            name: {
                "value": round(float(value), 4),
                "low": round(intervals[name][0], 4),
                "high": round(intervals[name][1], 4),
            }
            for name, value in measures.items()
        },
    }


def losses_on(data: Subset) -> Callable[[Answering], Floats]:
    """Return a function that gives the cross-entropy of each image ``[N]`` for a network."""
    targets = data.targets(np.arange(len(data)))
    return lambda logits_of: cross_entropy(to_probabilities(logits_of(data.images)), targets)


def confidence(probabilities: Floats, labels: Labels) -> dict[str, float]:
    """Return the measures of probabilities ``[N, 7]`` that argmax does not see."""
    return {
        "nll": round(negative_log_likelihood(probabilities, labels), 4),
        "ece_15": round(expected_calibration_error(probabilities, labels), 4),
        "brier": round(brier(probabilities, labels), 4),
    }


def uncertainty(
    probabilities: Floats, labels: Labels, *, threshold: float
) -> dict[str, float | None]:
    """Return how answers below ``threshold`` (top probability) fare against the others."""
    sure = probabilities.max(axis=1) >= threshold
    predicted = probabilities.argmax(axis=1)
    return {
        "share": round(float((~sure).mean()), 4),
        "accuracy_when_sure": _accuracy(predicted, labels, where=sure),
        "accuracy_when_uncertain": _accuracy(predicted, labels, where=~sure),
    }


def _accuracy(predicted: Labels, labels: Labels, *, where: NDArray[np.bool_]) -> float | None:
    return round(float((predicted == labels)[where].mean()), 4) if where.any() else None
