"""What O-Net says of turned squares, and the faces made of it."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from services.common.domain.faces import Box, DetectedFace
from services.vision.detectors.boxes import Floats, nested_suppression
from services.vision.detectors.squares import Squares
from services.vision.transforms import turn_of

# A confidence of 0.9 is O-Net's logit and 0.7 of RetinaFace's being 1.4 (ADR 0022).
_PROPOSED, _SEEN, _SHIFT = 0.7, 1.0, 0.8
_NESTED = 0.7


def roll_of(points: Floats) -> Floats:
    """Degrees, clockwise positive, from the eyes' middle to the mouth's, of ``[N, 5, 2]``."""
    down = points[:, 3:].mean(axis=1) - points[:, :2].mean(axis=1)
    return np.asarray(np.degrees(np.arctan2(-down[:, 0], down[:, 1])), np.float32)


@dataclass(frozen=True, slots=True)
class Looks:
    """N squares and what O-Net says of each.

    Attributes:
        squares: that were looked at.
        logit: of a face, ``[N]``.
        centre: of the box, in photo pixels, ``[N, 2]``.
        size: width and height of the box in the square's frame, in photo pixels, ``[N, 2]``.
        points: landmarks in photo pixels, ``[N, 5, 2]``.
    """

    squares: Squares
    logit: Floats
    centre: Floats
    size: Floats
    points: Floats

    @classmethod
    def of(cls, squares: Squares, scores: Floats, offsets: Floats, shares: Floats) -> Self:
        """Read O-Net's outputs, which are shares of the square."""
        probability = np.clip(scores.astype(np.float64), 1e-7, 1 - 1e-7)
        low, high = offsets[:, :2] - np.float32(0.5), offsets[:, 2:] + np.float32(0.5)
        points = (shares.reshape(-1, 2, 5) - np.float32(0.5)).transpose(0, 2, 1)
        middle = np.asarray((low + high) / 2, np.float32)
        return cls(
            squares,
            np.log(probability / (1 - probability)).astype(np.float32),
            squares.to_photo(middle[:, np.newaxis])[:, 0],
            (high - low) * squares.side[:, np.newaxis],
            squares.to_photo(np.asarray(points, np.float32)),
        )

    def __getitem__(self, which: NDArray[np.intp]) -> Self:
        """Those of the indices."""
        parts = (self.logit, self.centre, self.size, self.points)
        return type(self)(self.squares[which], *(part[which] for part in parts))

    def joined(self, other: Self) -> Self:
        """Both, one after the other."""
        pairs = (
            (self.logit, other.logit),
            (self.centre, other.centre),
            (self.size, other.size),
            (self.points, other.points),
        )
        return type(self)(
            self.squares.joined(other.squares), *(np.concatenate(pair) for pair in pairs)
        )

    def surest(self, of: NDArray[np.intp]) -> Self:
        """Of looks at candidates ``of``, several at some, the surest of each in their order."""
        order = np.argsort(-self.logit, kind="stable")
        _, first = np.unique(of[order], return_index=True)
        return self[order[first]]

    def replaced(self, which: NDArray[np.intp], other: Self) -> Self:
        """Those of ``other`` in the places ``which``."""
        count = len(self.logit)
        places = np.arange(count)
        places[which] = count + np.arange(len(which))
        return self.joined(other)[places]


def confidences(proposed: Floats, seen: Floats) -> Floats:
    """Probability that a face is there, of the logits of RetinaFace and of O-Net."""
    logit = _PROPOSED * proposed + _SEEN * seen + _SHIFT
    return np.asarray(1 / (1 + np.exp(-logit.astype(np.float64))))


def faces_of(
    looks: Looks,
    proposed: Floats,
    *,
    size: tuple[int, int],
    threshold: float,
    min_face_px: int,
) -> list[DetectedFace]:
    """Faces in the photo's own axes, nested ones left out.

    Args:
        looks: at all candidates.
        proposed: RetinaFace's logits of them.
        size: width and height of the photo.
        threshold: lowest confidence kept.
        min_face_px: shortest longer side kept, measured after clipping.
    """
    scores = confidences(proposed, looks.logit)
    boxes = _ellipses(looks)
    passed = np.flatnonzero(scores >= threshold)
    kept = passed[nested_suppression(boxes[passed], scores[passed], _NESTED)]
    limits = np.array(size, np.float64)
    corners = np.clip(boxes[kept].astype(np.float64), 0.0, np.tile(limits, 2)).tolist()
    points = np.clip(looks.points[kept].astype(np.float64), 0.0, limits).tolist()
    rolls = roll_of(looks.points[kept]).tolist()
    faces = [
        DetectedFace(
            box=Box.from_corners(*corner),
            landmarks=tuple((x, y) for x, y in five),
            confidence=float(scores[index]),
            roll=roll,
            # Along the pixels faces are framed by their clipped box, as they ever were.
            upright=_upright(looks, index, limits) if turn_of(roll) % 90 else None,
        )
        for index, corner, five, roll in zip(kept, corners, points, rolls, strict=True)
    ]
    return [
        face for face in faces if face.box.side >= min_face_px and min(face.box.w, face.box.h) > 0
    ]


def _ellipses(looks: Looks) -> Floats:
    """Corners ``[N, 4]`` around the ellipse in each turned box: a face has no corners."""
    turn = np.radians(looks.squares.roll)[:, np.newaxis]
    along, across = np.cos(turn) * looks.size, np.sin(turn) * looks.size[:, ::-1]
    halves = np.sqrt(np.square(along) + np.square(across)) / 2
    return np.hstack([looks.centre - halves, looks.centre + halves])


def _upright(looks: Looks, index: int, limits: NDArray[np.float64]) -> Box:
    width, height = np.maximum(looks.size[index], 1).tolist()
    x, y = np.clip(looks.centre[index], 0, limits).tolist()
    return Box(x - width / 2, y - height / 2, width, height)
