"""The standings as a picture: a row per candidate, a dot per rung."""

import io
from collections.abc import Sequence

from services.trainer.sweep.outcome import Status
from services.trainer.sweep.standings import Standing

_PANELS = {"accuracy": "accuracy, %", "macro_recall": "macro recall, %"}


def sweep_svg(
    curves: Sequence[Sequence[Standing]], *, labels: Sequence[str], rungs: Sequence[int]
) -> str:
    """Draw accuracy and macro recall of each candidate at the end of each rung it came to.

    Args:
        curves: of each candidate from the top row down, its standings by rung.
        labels: its settings.
        rungs: epochs, for the legend.
    """
    from matplotlib import colormaps, rc_context  # slow to import, only needed here
    from matplotlib.figure import Figure

    rows = len(curves)
    widest = max(len(label) for label in labels)
    figure = Figure(figsize=(7.5 + 0.075 * widest, 1.5 + 0.34 * rows), layout="constrained")
    panels = figure.subplots(1, len(_PANELS), sharey=True)
    shades = [colormaps["viridis_r"](0.25 + 0.75 * n / len(rungs)) for n in range(len(rungs))]
    for axes, (name, title) in zip(panels, _PANELS.items(), strict=True):
        for row, curve in enumerate(curves):
            done = [one for one in curve if one.status is Status.DONE]
            values = [one.measures[name].mean * 100 for one in done]
            axes.plot(values, [row] * len(values), "-", color="0.8", zorder=1)
            for one, value in zip(done, values, strict=True):
                spread = 100 * (one.measures[name].sd or 0.0)
                axes.errorbar(value, row, xerr=spread or None, fmt="o", color=shades[one.rung])
            lost = [one for one in curve if one.status is not Status.DONE]
            if lost:
                # Beside the last dot, or at the axis' middle where there is none.
                text = f"{lost[0].status} by epoch {rungs[lost[0].rung]}"
                axes.annotate(
                    text,
                    (values[-1] if values else 0.5, row),
                    xycoords="data" if values else ("axes fraction", "data"),
                    xytext=(14 if values else 0, 0),
                    textcoords="offset points",
                    ha="left" if values else "center",
                    va="center",
                    color="0.4",
                    fontsize=8,
                )
        axes.set(title=title, ylim=(rows - 0.5, -0.5))
        axes.grid(axis="x", color="0.92")
        axes.set_axisbelow(True)
        axes.spines[["top", "right"]].set_visible(False)
    panels[0].set_yticks(range(rows), labels)
    for epochs, shade in zip(rungs, shades, strict=True):
        panels[-1].plot([], [], "o", color=shade, label=f"{epochs} epochs")
    figure.legend(loc="outside lower right", ncols=len(rungs), frameon=False)
    buffer = io.StringIO()
    # Without a date and random ids in it, the same numbers give the same file.
    with rc_context({"svg.fonttype": "none", "svg.hashsalt": "sweep"}):
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    return buffer.getvalue()
