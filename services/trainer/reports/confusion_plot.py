"""The confusion matrix as a picture."""

import io
from typing import Any

import numpy as np

from services.common.domain.emotions import EMOTIONS


def confusion_png(evaluation: dict[str, Any]) -> bytes:
    """Draw the confusion matrix: rows are the truth and sum to 100 %, counts in small."""
    from matplotlib.figure import Figure  # slow to import, only needed here

    counts = np.array(evaluation["confusion"], dtype=np.float64)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    figure = Figure(figsize=(7, 6.2), layout="constrained")
    axes = figure.subplots()
    image = axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    figure.colorbar(image, ax=axes, label="share of the true class")
    names = [str(emotion) for emotion in EMOTIONS]
    axes.set_xticks(range(len(names)), names, rotation=35, ha="right")
    axes.set_yticks(range(len(names)), names)
    judged = evaluation.get("truth") == "judges"
    axes.set(xlabel="answer", ylabel="the judges' majority" if judged else "label")
    axes.set_title(
        f"{evaluation['split']}: n = {evaluation['n']}, "
        f"{'agreement' if judged else 'accuracy'} {evaluation['accuracy']['value']:.1%}, "
        f"macro recall {evaluation['macro_recall']['value']:.1%}"
    )
    for (row, column), share in np.ndenumerate(shares):
        axes.text(
            column,
            row,
            f"{share:.0%}\n{counts[row, column]:.0f}",
            ha="center",
            va="center",
            fontsize=8,
            color="white" if share > 0.55 else "black",
        )
    buffer = io.BytesIO()
    # Without the version of matplotlib in it, the same numbers give the same file.
    figure.savefig(buffer, format="png", dpi=110, metadata={"Software": None})
    return buffer.getvalue()
