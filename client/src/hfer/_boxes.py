"""Boxes laid over each other: which face of one side is which of the other."""

from collections.abc import Sequence

from hfer.models import Box


def iou(one: Box, other: Box) -> float:
    """Return the area that two boxes share over the area that they cover, 0..1."""
    width = min(one.x + one.w, other.x + other.w) - max(one.x, other.x)
    height = min(one.y + one.h, other.y + other.h) - max(one.y, other.y)
    if width <= 0 or height <= 0:
        return 0.0
    shared = width * height
    return shared / (one.w * one.h + other.w * other.h - shared)


def pair_boxes(
    ours: Sequence[Box], theirs: Sequence[Box], *, threshold: float
) -> list[tuple[int, int, float]]:
    """Pair boxes one to one, those that overlap most first.

    Returns:
        Place in ``ours``, place in ``theirs`` and IoU of each pair, in the order of ``ours``. No
        pair is below ``threshold``; of equal ones the first in the lists counts.
    """
    candidates = [
        (-overlap, place, other)
        for place, box in enumerate(ours)
        for other, their in enumerate(theirs)
        if (overlap := iou(box, their)) >= threshold and overlap > 0
    ]
    taken: dict[int, tuple[int, float]] = {}
    given: set[int] = set()
    for overlap, place, other in sorted(candidates):
        if place not in taken and other not in given:
            taken[place] = other, -overlap
            given.add(other)
    return [(place, *taken[place]) for place in sorted(taken)]
