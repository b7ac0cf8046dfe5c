"""The risk-coverage curve as a picture, for the model card."""

import io
from typing import Any

from services.trainer.reports.charts import draw_risk_coverage


def risk_coverage_png(judges: dict[str, Any]) -> bytes:
    """Draw how many answers are wrong when only the surest faces are answered."""
    from matplotlib.figure import Figure  # slow to import, only needed here

    figure = Figure(figsize=(5.6, 3.8), layout="constrained")
    axes = figure.subplots()
    draw_risk_coverage(axes, judges, colour="#2266bb", other="#c2571a")
    axes.legend(frameon=False)
    buffer = io.BytesIO()
    # Without the version of matplotlib in it, the same numbers give the same file.
    figure.savefig(buffer, format="png", dpi=110, metadata={"Software": None})
    return buffer.getvalue()
