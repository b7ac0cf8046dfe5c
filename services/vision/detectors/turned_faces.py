"""Faces of what the two networks say, in the photo's own axes."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from services.common.domain.faces import Box, DetectedFace
from services.vision.detectors.boxes import Floats, nested_suppression

if TYPE_CHECKING:
    from services.vision.detectors.retinaface import Looks

_W_RETINA, _W_ONET, _BIAS = 0.6, 0.6, 0.0
_NESTED = 0.7


def roll_of(points: Floats) -> Floats:
    """Degrees, clockwise positive, from the eyes' middle to the mouth's, of ``[N, 5, 2]``."""
    down = points[:, 3:].mean(axis=1) - points[:, :2].mean(axis=1)
    return np.degrees(np.arctan2(-down[:, 0], down[:, 1])).astype(np.float32)


def confidence(retinaface: Floats, onet: Floats) -> Floats:
    return 1 / (1 + np.exp(-(_W_RETINA * retinaface + _W_ONET * onet + _BIAS)))


def faces_of(
    found: Sequence[tuple["Looks", Floats]],
    *,
    size: tuple[int, int],
    threshold: float,
    min_px: int,
) -> list[DetectedFace]:
    logit = np.concatenate([looks.logit for looks, _ in found])
    retina = np.concatenate([r for _, r in found])
    centre = np.concatenate([looks.centre for looks, _ in found])
    sides = np.concatenate([looks.size for looks, _ in found])
    points = np.concatenate([looks.points for looks, _ in found])
    turn = np.radians(np.concatenate([looks.squares.roll for looks, _ in found]))[:, np.newaxis]
    scores = confidence(retina, logit)
    # What an ellipse in the upright box covers of each axis.
    cosine, sine = np.cos(turn) * sides, np.sin(turn) * sides
    halves = np.sqrt(np.square(cosine) + np.square(sine[:, ::-1])) / 2
    boxes = np.hstack([centre - halves, centre + halves])
    passed = np.flatnonzero(scores >= threshold)
    kept = passed[nested_suppression(boxes[passed], scores[passed], _NESTED)]
    limits = np.array(size, np.float64)
    corners = np.clip(boxes.astype(np.float64), 0.0, np.tile(limits, 2))
    landmarks = np.clip(points.astype(np.float64), 0.0, limits)
    rolls = roll_of(points)
    faces = []
    for index in kept:
        box = Box.from_corners(*corners[index].tolist())
        if box.side >= min_px and min(box.w, box.h) > 0:
            faces.append(
                DetectedFace(
                    box=box,
                    landmarks=tuple((x, y) for x, y in landmarks[index].tolist()),
                    confidence=float(scores[index]),
                    roll=float(rolls[index]),
                )
            )
    return faces
