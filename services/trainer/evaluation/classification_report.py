"""hfer v0's classification report, by argmax and as hfer v0 computed it.

hfer v0 called scikit-learn's ``classification_report`` on ``(p > 0.5) * 1``: an image without
any class above one half counts as no answer, so recall drops below precision and neither is the
accuracy. Both reports here hold the rows that scikit-learn prints for such an indicator matrix
(one column per class), so that they can be set beside the published table and beside each other.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.common.domain.emotions import EMOTIONS

Floats = NDArray[np.float64]
Labels = NDArray[np.int64]
Flags = NDArray[np.bool_]

HFER_V0_THRESHOLD = 0.5


def argmax_report(probabilities: Floats, labels: Labels) -> dict[str, Any]:
    """Report on the likeliest class of probabilities ``[N, 7]``; labels ``[N]``, N above 0."""
    return _report(np.eye(len(EMOTIONS), dtype=bool)[probabilities.argmax(axis=1)], labels)


def threshold_report(
    probabilities: Floats, labels: Labels, *, threshold: float = HFER_V0_THRESHOLD
) -> dict[str, Any]:
    """Report on the classes above ``threshold``, of which an image may have none."""
    return _report(probabilities > threshold, labels)


def _report(answers: Flags, labels: Labels) -> dict[str, Any]:
    """Evaluate answers ``[N, 7]``; a ratio of nothing by nothing is 0, as in scikit-learn."""
    truth = np.eye(len(EMOTIONS), dtype=bool)[labels]
    hits = answers & truth
    per_class = _measures(hits.sum(0), answers.sum(0), truth.sum(0))
    support = truth.sum(0)
    per_image = _measures(hits.sum(1), answers.sum(1), truth.sum(1))
    averages = {
        "micro avg": _measures(hits.sum(), answers.sum(), truth.sum()),
        "macro avg": per_class.mean(axis=1),
        "weighted avg": (per_class * support).sum(axis=1) / support.sum(),
        "samples avg": per_image.mean(axis=1),
    }
    rows = {
        str(emotion): _row(per_class[:, index], int(support[index]))
        for index, emotion in enumerate(EMOTIONS)
    }
    rows |= {name: _row(values, len(labels)) for name, values in averages.items()}
    return {"rows": rows, "no_answer": int((~answers.any(axis=1)).sum())}


def _measures(hits: Any, answered: Any, true: Any) -> Floats:
    """Stack precision, recall and F1 of counts of any one shape."""
    pairs = ((hits, answered), (hits, true), (2 * hits, answered + true))
    return np.stack([np.asarray(a) / np.maximum(np.asarray(b), 1) for a, b in pairs])


def _row(values: Floats, support: int) -> dict[str, float]:
    precision, recall, f1 = (round(float(value), 4) for value in values)
    return {"precision": precision, "recall": recall, "f1": f1, "support": support}
