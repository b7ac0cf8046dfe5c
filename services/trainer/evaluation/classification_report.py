"""hfer v0's classification report, by argmax and as hfer v0 computed it.

hfer v0 called scikit-learn's ``classification_report`` on ``(p > 0.5) * 1``: an image without
any class above one half counts as no answer, so recall drops below precision and neither is the
accuracy. Both reports here hold the rows that scikit-learn prints for such an indicator matrix
(one column per class), so that they can be compared with the published table and with each other.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import classification_report

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
    """Evaluate answers ``[N, 7]``; a ratio of nothing by nothing is 0."""
    table = classification_report(
        np.eye(len(EMOTIONS), dtype=bool)[labels],
        answers,
        target_names=[str(emotion) for emotion in EMOTIONS],
        output_dict=True,
        zero_division=0,
    )
    rows = {name: _row(values) for name, values in table.items()}
    return {"rows": rows, "no_answer": int((~answers.any(axis=1)).sum())}


def _row(values: Mapping[str, float]) -> dict[str, float]:
    precision, recall, f1 = (
        round(float(values[name]), 4) for name in ("precision", "recall", "f1-score")
    )
    return {"precision": precision, "recall": recall, "f1": f1, "support": int(values["support"])}
