"""How far two lists of numbers agree in their order, whatever the numbers mean."""

import math
from collections.abc import Sequence
from itertools import combinations


def spearman(one: Sequence[float], other: Sequence[float]) -> float | None:
    """Return Spearman's rho, -1..1: ties share a rank; None if either list is all ties.

    Both have one length; of fewer than two numbers there is no order.
    """
    left, right = _ranks(one), _ranks(other)
    middle = (len(left) + 1) / 2
    along = [(a - middle, b - middle) for a, b in zip(left, right, strict=True)]
    spread = math.sqrt(sum(a * a for a, _ in along) * sum(b * b for _, b in along))
    return sum(a * b for a, b in along) / spread if spread else None


def kendall(one: Sequence[float], other: Sequence[float]) -> float | None:
    """Return Kendall's tau-b, -1..1; None as `spearman`."""
    signs = [
        (_sign(a - c), _sign(b - d))
        for (a, b), (c, d) in combinations(zip(one, other, strict=True), 2)
    ]
    spread = math.sqrt(sum(a * a for a, _ in signs) * sum(b * b for _, b in signs))
    return sum(a * b for a, b in signs) / spread if spread else None


def _ranks(values: Sequence[float]) -> list[float]:
    order = sorted(range(len(values)), key=lambda at: values[at])
    ranks = [0.0] * len(values)
    start = 0
    while start < len(order):
        end = start
        while end + 1 < len(order) and values[order[end + 1]] == values[order[start]]:
            end += 1
        for at in order[start : end + 1]:
            ranks[at] = (start + end) / 2 + 1
        start = end + 1
    return ranks


def _sign(value: float) -> int:
    return (value > 0) - (value < 0)
