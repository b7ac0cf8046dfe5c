"""Whether a face was found, and how sure a share is."""

import math
from collections.abc import Sequence

from services.common.domain.faces import Box

# Detectors draw their boxes differently, and around a turned face very much so: a face counts as
# found where a box lies over its middle and is about as large.
CENTRES_APART = 0.4
SIZE_RATIO = 2.0
# of the normal distribution, for 95 %
_Z = 1.959964


def found(known: Sequence[Box], boxes: Sequence[Box]) -> int:
    """Return how many of the known faces have a box of their own.

    A box is a face's if the centres are at most ``CENTRES_APART`` of the known longer side apart
    and the longer sides differ at most by ``SIZE_RATIO``. The nearest pairs go first, each face
    and each box counts once. All boxes are within the picture.
    """
    pairs = sorted(
        (apart, face, box)
        for face, place in enumerate(known)
        for box, other in enumerate(boxes)
        if (apart := _apart(place, other)) <= CENTRES_APART
        and 1 / SIZE_RATIO <= other.side / place.side <= SIZE_RATIO
    )
    faces: set[int] = set()
    taken: set[int] = set()
    for _, face, box in pairs:
        if face not in faces and box not in taken:
            faces.add(face)
            taken.add(box)
    return len(faces)


def wilson(part: int, whole: int) -> tuple[float, float]:
    """Return the 95 % interval of a share (Wilson, 1927); of nothing it is 0 to 1."""
    if not whole:
        return 0.0, 1.0
    share, square = part / whole, _Z**2
    middle = share + square / (2 * whole)
    spread = _Z * math.sqrt(share * (1 - share) / whole + square / (4 * whole**2))
    scale = 1 + square / whole
    return max(0.0, (middle - spread) / scale), min(1.0, (middle + spread) / scale)


def _apart(known: Box, other: Box) -> float:
    across = known.x + known.w / 2 - other.x - other.w / 2
    down = known.y + known.h / 2 - other.y - other.h / 2
    return math.hypot(across, down) / known.side
