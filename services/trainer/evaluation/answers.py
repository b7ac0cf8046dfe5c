"""A model's answers on a set of labelled images, and every figure reported about them."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.common.domain.emotions import EMOTIONS
from services.trainer.evaluation.calibrate import cross_fitted
from services.trainer.evaluation.classification_report import argmax_report, threshold_report
from services.trainer.evaluation.evaluate import confidence, uncertainty
from services.trainer.evaluation.metrics import (
    bootstrap_intervals,
    class_measures,
    confusion_matrix,
    scores,
)
from services.vision.classifiers.logits import to_probabilities

Floats = NDArray[np.float64]
Labels = NDArray[np.int64]

RESAMPLES = 1000


@dataclass(frozen=True, slots=True)
class Answers:
    """Logits ``[N, 7]`` (prior shift added) for images whose truth is ``labels`` ``[N]``.

    ``fitted_here`` says that the temperature was fitted on these very images.
    """

    labels: Labels
    logits: NDArray[np.floating[Any]]
    temperature: float
    abstention_threshold: float = 0.0
    fitted_here: bool = False

    @property
    def before(self) -> Floats:
        """Probabilities without the temperature."""
        return to_probabilities(self.logits)

    @property
    def after(self) -> Floats:
        """Probabilities as they are served."""
        return to_probabilities(self.logits, temperature=self.temperature)


def figures(answers: Answers) -> dict[str, Any]:
    """Return every figure as plain numbers, ready for JSON.

    ``nll``, ``ece`` (15 bins) and ``brier`` are of the probabilities as served, hence after the
    temperature. Where it was fitted on these images, ``cross_fitted`` has them with each half
    calibrated on the other, which is what to expect of new images.
    """
    labels, after = answers.labels, answers.after
    matrix = confusion_matrix(labels, answers.logits.argmax(axis=1))
    values, intervals = scores(matrix), bootstrap_intervals(matrix, resamples=RESAMPLES)
    served, raw = confidence(after, labels), confidence(answers.before, labels)
    crossed = (
        {"cross_fitted": confidence(cross_fitted(_float32(answers.logits), labels), labels)}
        if answers.fitted_here and len(labels) > 1
        else {}
    )
    return {
        "n": len(labels),
        "accuracy": round(float(values.accuracy), 4),
        "macro_recall": round(float(values.macro_recall), 4),
        "macro_f1": round(float(values.macro_f1), 4),
        "nll": served["nll"],
        "ece": served["ece_15"],
        "ece_before_temperature": raw["ece_15"],
        "brier": served["brier"],
        "intervals": {
            name: [round(low, 4), round(high, 4)] for name, (low, high) in intervals.items()
        },
        "temperature": answers.temperature,
        "temperature_fitted_on_these_images": answers.fitted_here,
        "before_temperature": raw,
        "after_temperature": served,
        **crossed,
        "uncertain": uncertainty(after, labels, threshold=answers.abstention_threshold),
        "labels": [str(emotion) for emotion in EMOTIONS],
        "per_class": class_measures(matrix),
        "confusion": matrix.tolist(),
        "argmax_report": argmax_report(after, labels),
        "threshold_report": threshold_report(after, labels),
    }


def _float32(logits: NDArray[np.floating[Any]]) -> NDArray[np.float32]:
    return np.asarray(logits, dtype=np.float32)
