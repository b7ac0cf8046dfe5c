"""Whether two sides give the same answers: faces, landmarks and expressions."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from services.common.domain.faces import Box, Point

MATCH_IOU = 0.9
# MTCNN's doubtful faces come and go with a rounding; those above are the ones that count.
CONFIDENT = 0.95


@dataclass(frozen=True, slots=True)
class Face:
    """One face of one side: box, five points, confidence and seven probabilities."""

    box: Box
    landmarks: tuple[Point, ...]
    confidence: float
    probabilities: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Agreement:
    """How our answers compare with the reference's.

    Attributes:
        faces: of the reference.
        confident: of them with a confidence of at least 0.95.
        matched: share of the confident ones that we have, at IoU >= 0.9 by default.
        new: confident faces of ours that match no face of the reference.
        landmark_mean: mean distance of a landmark, as a share of the box's longer side.
        landmark_max: the largest.
        top1: share of matched faces with the same first expression.
        max_dp: largest difference of a probability over matched faces.
    """

    faces: int
    confident: int
    matched: float
    new: int
    landmark_mean: float
    landmark_max: float
    top1: float
    max_dp: float


def compare(
    reference: Sequence[Sequence[Face]],
    ours: Sequence[Sequence[Face]],
    *,
    iou: float = MATCH_IOU,
) -> Agreement:
    """Compare two sides photo by photo; shares of nothing are 1, errors of nothing 0.

    Raises:
        ValueError: if the sides are not of the same number of photos.
    """
    pairs: list[tuple[Face, Face]] = []
    new = 0
    for theirs, mine in zip(reference, ours, strict=True):
        matched = match(theirs, mine, iou=iou)
        pairs += [(theirs[one], mine[other]) for one, other in matched]
        taken = {other for _, other in matched}
        new += sum(face.confidence >= CONFIDENT for n, face in enumerate(mine) if n not in taken)
    confident = sum(face.confidence >= CONFIDENT for photo in reference for face in photo)
    kept = sum(face.confidence >= CONFIDENT for face, _ in pairs)
    errors = [error for pair in pairs for error in landmark_errors(*pair)] or [0.0]
    same = [_first(one) == _first(other) for one, other in pairs]
    differences = [
        float(np.abs(np.subtract(one.probabilities, other.probabilities)).max())
        for one, other in pairs
    ]
    return Agreement(
        faces=sum(map(len, reference)),
        confident=confident,
        matched=_share(kept, confident),
        new=new,
        landmark_mean=round(float(np.mean(errors)), 6),
        landmark_max=round(max(errors), 6),
        top1=_share(sum(same), len(same)),
        max_dp=round(max(differences, default=0.0), 6),
    )


def match(
    reference: Sequence[Face], ours: Sequence[Face], *, iou: float = MATCH_IOU
) -> list[tuple[int, int]]:
    """Pair faces at this IoU or above, best first, each at most once; returns their indices."""
    candidates = sorted(
        (
            (one.box.iou(other.box), index, place)
            for index, one in enumerate(reference)
            for place, other in enumerate(ours)
        ),
        reverse=True,
    )
    pairs: dict[int, int] = {}
    for overlap, index, place in candidates:
        if overlap >= iou and index not in pairs and place not in pairs.values():
            pairs[index] = place
    return sorted(pairs.items())


def landmark_errors(reference: Face, other: Face) -> list[float]:
    """Distance of each of two faces' landmarks, as a share of the reference's longer side."""
    apart = np.subtract(reference.landmarks, other.landmarks)
    return [float(each) for each in np.hypot(apart[:, 0], apart[:, 1]) / reference.box.side]


def _first(face: Face) -> int:
    return int(np.argmax(face.probabilities))


def _share(part: int, whole: int) -> float:
    return round(part / whole, 6) if whole else 1.0
