"""What the figures of a training allow to say, in sentences: chance, luck, better or worse."""

from collections.abc import Mapping, Sequence
from typing import Any

# A difference in points that is worth knowing about.
_WORTH = 0.03


def near_chance(evaluation: Mapping[str, Any]) -> str | None:
    """Say that a model answers no better than the most frequent expression; None if it does.

    Args:
        evaluation: of ``evaluate_logits``.
    """
    supports = {name: row["support"] for name, row in evaluation["per_class"].items()}
    frequent = max(supports, key=lambda name: supports[name])
    chance, accuracy = supports[frequent] / evaluation["n"], evaluation["accuracy"]
    if accuracy["low"] > chance:
        return None
    return (
        f"It learned nothing that these images show: {accuracy['value']:.1%} of "
        f"{evaluation['n']:,} are answered right (95 % interval {accuracy['low']:.1%} to "
        f"{accuracy['high']:.1%}), and always answering {frequent} would be right in {chance:.1%}."
    )


def beside_parent(comparison: Mapping[str, Any]) -> str:
    """Say whether a model is better than the one that it goes on from, on the same images.

    Args:
        comparison: of ``paired_bootstrap``, a being the parent, with its name as "a".
    """
    row, n, parent = comparison["measures"]["accuracy"], comparison["n"], comparison["a"]
    found = (
        f"{row['b']:.1%} of the same {n:,} test images right, {parent} {row['a']:.1%}: "
        f"{_points(row['difference'])} (95 % interval {_points(row['low'])} to "
        f"{_points(row['high'])})"
    )
    if row["differs"]:
        better = row["difference"] > 0
        advice = "" if better else " Keep the other, and look at the labels."
        return f"{'Better' if better else 'Worse'} than what it goes on from: {found}.{advice}"
    half = (row["high"] - row["low"]) / 2
    if not half:
        return f"No different from what it goes on from: {found}."
    wanted = round(n * (half / _WORTH) ** 2, -1)
    return (
        f"Too few test images to tell whether it is better or worse: {found}. "
        f"{100 * _WORTH:.0f} points more or less would show with about {max(wanted, n):,.0f} test "
        "images, five times as many in all."
    )


def untrained(counts: Mapping[str, int]) -> str | None:
    """Name the expressions without any training image; None if all have some."""
    missing: Sequence[str] = [name for name, count in counts.items() if not count]
    if not missing:
        return None
    return (
        f"There is no training image of {', '.join(missing)}: it answers those less often than the "
        "model before it did."
    )


def _points(share: float) -> str:
    return f"{100 * share:+.1f} points"
