"""The page's charts as SVG that takes its ink from the page, hence light or dark."""

import io
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.trainer.data.imbalance import imbalance

Floats = NDArray[np.float64]

# Stand-ins that matplotlib draws with and the page's own colours replace.
_INK, _FIRST, _SECOND, _FAINT = "#010203", "#010204", "#010205", "#010206"
_COLOURS = {
    _INK: "currentColor",
    _FIRST: "var(--first)",
    _SECOND: "var(--second)",
    _FAINT: "var(--faint)",
}
BINS = 15


def training_svg(lines: Sequence[dict[str, Any]]) -> str:
    """Draw loss, validation accuracy and, where logged, the rate over steps of ``log.jsonl``."""
    steps = [line for line in lines if line["kind"] == "step"]
    epochs = [line for line in lines if line["kind"] == "epoch"]
    rates = [line for line in steps if "learning_rate" in line]
    figure, axes = _figure(panels=3 if rates else 2)
    loss, accuracy = axes[:2]
    loss.plot(_column(steps, "step"), _column(steps, "loss"), color=_FAINT, label="step")
    loss.plot(_column(epochs, "step"), _column(epochs, "loss"), "o-", color=_FIRST, label="epoch")
    held_out = [line for line in epochs if "validation_loss" in line]
    if held_out:
        values = _column(held_out, "validation_loss")
        loss.plot(_column(held_out, "step"), values, "o-", color=_SECOND, label="validation")
    loss.set(title="loss", xlabel="step")
    shares = _column(epochs, "validation_accuracy") * 100
    accuracy.plot(_column(epochs, "step"), shares, "o-", color=_FIRST)
    accuracy.set(title="validation accuracy, %", xlabel="step")
    if rates:
        axes[2].plot(_column(rates, "step"), _column(rates, "learning_rate"), color=_FIRST)
        axes[2].set(title="learning rate", xlabel="step")
    _legend(loss)
    return _svg(figure, salt="training")


def reliability_svg(before: Floats, after: Floats, labels: NDArray[np.int64]) -> str:
    """Draw accuracy over confidence, 15 bins, for probabilities ``[N, 7]`` of both kinds."""
    figure, (axes, counts) = _figure(panels=2)
    axes.plot([0, 1], [0, 1], "--", color=_FAINT)
    for probabilities, colour, name in (
        (before, _SECOND, "before temperature"),
        (after, _FIRST, "as served"),
    ):
        confidence, accuracy, _ = reliability(probabilities, labels)
        axes.plot(confidence, accuracy, "o-", color=colour, label=name)
    axes.set(title="reliability", xlabel="confidence", ylabel="accuracy", xlim=(0, 1), ylim=(0, 1))
    _legend(axes)
    counts.hist(after.max(axis=1), bins=BINS, range=(0, 1), color=_FIRST)
    counts.set(title="images by confidence as served", xlabel="confidence", xlim=(0, 1))
    return _svg(figure, salt="reliability")


def risk_coverage_svg(judges: dict[str, Any]) -> str:
    """Draw the share of answers that are wrong over coverage, and people's beside it."""
    figure, (axes,) = _figure(panels=1)
    draw_risk_coverage(axes, judges, colour=_FIRST, other=_SECOND)
    _legend(axes)
    return _svg(figure, salt="risk-coverage")


def draw_risk_coverage(axes: Any, judges: dict[str, Any], *, colour: str, other: str) -> None:
    """Draw the curve of ``judges`` and the line of one judge against the majority of all."""
    coverage, wrong = np.array(judges["doubt"]["risk_coverage"]).T * 100
    axes.plot(coverage, wrong, "o-", color=colour, label="first answers")
    one_judge = judges["people"]["one_judge_and_majority_of_all"]["value"]
    axes.axhline(100 * (1 - one_judge), ls="--", color=other, label="one judge, of all faces")
    axes.set(title="not the majority's, %", xlabel="coverage: the surest faces, %", xlim=(0, 100))
    axes.set_ylim(bottom=0)


def imbalance_svg(counts: Mapping[str, Mapping[str, int]]) -> str:
    """Draw the images of each class and their effective number, a panel for each split."""
    figure, panels = _figure(panels=len(counts))
    for axes, (split, classes) in zip(panels, counts.items(), strict=True):
        places = np.arange(len(classes))
        effective = list(imbalance(classes).effective.values())
        axes.barh(places - 0.2, list(classes.values()), 0.4, color=_FIRST, label="images")
        axes.barh(places + 0.2, effective, 0.4, color=_SECOND, label="effective number")
        axes.set_yticks(places, list(classes))
        axes.invert_yaxis()
        axes.set(title=split)
    _legend(panels[0])
    return _svg(figure, salt="imbalance")


def reliability(
    probabilities: Floats, labels: NDArray[np.int64], *, bins: int = BINS
) -> tuple[Floats, Floats, NDArray[np.int64]]:
    """Return mean confidence, accuracy and count of each bin that has an image."""
    top = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == labels
    index = np.minimum((top * bins).astype(int), bins - 1)
    count = np.bincount(index, minlength=bins)
    held = count > 0
    mean, share = (
        np.bincount(index, weights=values, minlength=bins)[held] / count[held]
        for values in (top, right)
    )
    return mean, share, count[held]


def _column(lines: Sequence[dict[str, Any]], name: str) -> Floats:
    return np.array([line[name] for line in lines], dtype=np.float64)


def _figure(*, panels: int) -> tuple[Any, Any]:
    from matplotlib.figure import Figure  # slow to import, only needed here

    figure = Figure(figsize=(4.4 * panels, 3.4), layout="constrained")
    figure.patch.set_alpha(0)
    all_axes = figure.subplots(1, panels, squeeze=False)[0]
    for axes in all_axes:
        axes.patch.set_alpha(0)
        axes.tick_params(colors=_INK)
        for side, spine in axes.spines.items():
            spine.set_color(_FAINT)
            spine.set_visible(side in {"left", "bottom"})
        for text in (axes.title, axes.xaxis.label, axes.yaxis.label):
            text.set_color(_INK)
    return figure, all_axes


def _legend(axes: Any) -> None:
    axes.legend(frameon=False, labelcolor=_INK)


def _svg(figure: Any, *, salt: str) -> str:
    """Render with text as text; ``salt`` keeps the ids of two charts on a page apart."""
    from matplotlib import rc_context

    buffer = io.StringIO()
    with rc_context({"svg.fonttype": "none", "svg.hashsalt": salt, "svg.id": salt}):
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    drawn = buffer.getvalue()
    for stand_in, colour in _COLOURS.items():
        drawn = drawn.replace(stand_in, colour)
    return drawn[drawn.index("<svg") :]
