"""How accurate a model is on faces cropped as serving crops them, beside their own frames."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.trainer.data.dataset import Subset
from services.trainer.evaluation.metrics import confusion_matrix, scores

Logits = NDArray[np.float32]


def compare_as_served(framed: Logits, served: Logits, data: Subset) -> dict[str, Any] | None:
    """Compare two views of the same images; None where no face was found in any.

    A data set's frames are not the crops that serving makes around detected boxes. What a user
    gets is measured by the second view; published figures are about the first.

    Args:
        framed: logits ``[N, 7]`` of the images in their own frames.
        served: logits ``[N, 7]`` of ``data.served``.
        data: with its second view.
    """
    if data.found is None or not (data.found & data.decided).any():
        return None
    chosen = data.found & data.decided
    labels = data.labels[chosen]
    answers = {
        "in_own_frame": framed[chosen].argmax(axis=1),
        "as_served": served[chosen].argmax(axis=1),
    }
    return {
        "n": len(labels),
        "faces_found": round(float(data.found.mean()), 4),
        "same_answer": round(float((answers["in_own_frame"] == answers["as_served"]).mean()), 4),
        **{name: _headline(labels, predicted) for name, predicted in answers.items()},
    }


def _headline(labels: NDArray[np.int64], predicted: NDArray[np.int64]) -> dict[str, float]:
    found = scores(confusion_matrix(labels, predicted))
    return {
        "accuracy": round(float(found.accuracy), 4),
        "macro_recall": round(float(found.macro_recall), 4),
        "macro_f1": round(float(found.macro_f1), 4),
    }
