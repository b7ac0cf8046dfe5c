"""RetinaFace proposes, O-Net refines: faces any way up.

RetinaFace looks at a reduced photo and says where a face may be. MTCNN's last network then sees
each candidate at full resolution, turned upright: boxes and landmarks are MTCNN's, as the framing
of bundles expects (ADR 0022).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, Self

import numpy as np
from numpy.typing import NDArray

from services.common.domain.faces import DetectedFace
from services.vision.detectors.boxes import Floats, nested_suppression
from services.vision.detectors.search import ProposalNetwork, propose, reductions
from services.vision.detectors.squares import Squares, upright_crops
from services.vision.detectors.turned_faces import faces_of, roll_of
from services.vision.transforms import Pixels

# 24 px of a face are left at 14; smaller photos are looked at whole, up to so many pixels.
_SCALE, _WHOLE_PIXELS = 0.6, 150_000
# Other ways up are looked at by so many pixels at most, and at half the scale.
_TURNED_SCALE = 0.7
_LOWEST_LOGIT = -3.0
# The square that MTCNN's second stage would have made of a box of RetinaFace's.
_SIDE = 1.05
_ONET_SIDE, _BATCH = 48, 64
# Above, no other way up is asked for: a wrong one is above in three faces of a hundred.
_SURE_LOGIT = 3.5
_CROOKED = 15.0
_TURNED = 45.0


class RetinaFaceNetworks(ProposalNetwork, Protocol):
    """The two networks; what comes back may be overwritten by the next call."""

    def onet(self, crops: Floats) -> tuple[Floats, Floats, Floats]:
        """See ``mtcnn.Networks.onet``."""


@dataclass(frozen=True, slots=True)
class Looks:
    """What O-Net says of N squares.

    Attributes:
        squares: that were looked at.
        logit: of a face, ``[N]``.
        centre: of the box, in photo pixels, ``[N, 2]``.
        size: width and height of the box in the face's upright frame, ``[N, 2]``.
        points: landmarks in photo pixels, ``[N, 5, 2]``.
    """

    squares: Squares
    logit: Floats
    centre: Floats
    size: Floats
    points: Floats

    def replaced(self, which: NDArray[np.intp], other: Self) -> Self:
        """Take those of ``other``, which are of the indices ``which``, where they are surer."""
        better = other.logit > self.logit[which]
        to, of = which[better], np.flatnonzero(better)

        def merged(mine: Floats, theirs: Floats) -> Floats:
            mine = mine.copy()
            mine[to] = theirs[of]
            return mine

        squares = Squares(
            merged(self.squares.centre, other.squares.centre),
            merged(self.squares.side, other.squares.side),
            merged(self.squares.roll, other.squares.roll),
        )
        return type(self)(
            squares,
            merged(self.logit, other.logit),
            merged(self.centre, other.centre),
            merged(self.size, other.size),
            merged(self.points, other.points),
        )


class RetinaFaceDetector:
    """A ``FaceDetector``. Not for several threads at once."""

    def __init__(self, networks: RetinaFaceNetworks) -> None:
        """Keep the networks."""
        self._networks = networks

    def detect(
        self, photos: Sequence[Pixels], *, threshold: float = 0.9, min_face_px: int = 20
    ) -> list[list[DetectedFace]]:
        """See ``FaceDetector.detect``."""
        return [self._detect_one(rgb, threshold, min_face_px) for rgb in photos]

    def _detect_one(self, rgb: Pixels, threshold: float, min_face_px: int) -> list[DetectedFace]:
        rgb = np.ascontiguousarray(rgb)
        height, width = rgb.shape[:2]
        scale = min(1.0, max(_SCALE, (_WHOLE_PIXELS / (height * width)) ** 0.5))
        pictures = [rgb, *reductions(rgb, scale)]

        def kept(found: Sequence[tuple[Looks, Floats]]) -> list[DetectedFace]:
            return faces_of(found, size=(width, height), threshold=threshold, min_px=min_face_px)

        found = [self._look(pictures, pictures[1:], 0)]
        faces = kept(found)
        quarters = _quarters_to_ask(faces)
        if quarters:
            smaller = reductions(
                pictures[1],
                max(
                    _TURNED_SCALE,
                    min(1.0, (90_000 / (pictures[1].shape[0] * pictures[1].shape[1])) ** 0.5),
                ),
            )
            found += [self._look(pictures, smaller, quarter) for quarter in quarters]
            faces = kept(found)
        return faces

    def _look(
        self, pictures: Sequence[Pixels], searched: Sequence[Pixels], quarters: int
    ) -> tuple[Looks, Floats]:
        """What O-Net says of RetinaFace's candidates, and RetinaFace's logits of them."""
        boxes, logits, points = propose(
            self._networks,
            searched,
            size=pictures[0].shape[1::-1],
            lowest_logit=_LOWEST_LOGIT,
            quarters=quarters,
        )
        sides = boxes[:, 2:] - boxes[:, :2]
        squares = Squares(
            (boxes[:, :2] + boxes[:, 2:]) / 2,
            np.float32(_SIDE) * np.sqrt(sides.prod(axis=1)),
            roll_of(points),
        )
        looks = self._onet(pictures, squares)
        unsure = np.flatnonzero(looks.logit < _SURE_LOGIT)
        for quarter in (90, 180, 270):
            turned = squares[unsure].turned(quarter)
            looks = looks.replaced(unsure, self._onet(pictures, turned))
        left = (roll_of(looks.points) - looks.squares.roll + 180) % 360 - 180
        crooked = np.flatnonzero(np.abs(left) > _CROOKED)
        straight = looks.squares[crooked].turned(left[crooked])
        return looks.replaced(crooked, self._onet(pictures, straight)), logits

    def _onet(self, pictures: Sequence[Pixels], squares: Squares) -> Looks:
        parts = []
        for start in range(0, max(1, len(squares)), _BATCH):
            some = squares[np.arange(start, min(start + _BATCH, len(squares)))]
            if len(some):
                parts.append(self._networks.onet(upright_crops(pictures, some, _ONET_SIDE)))
        if not parts:
            empty = np.empty((0, 2), np.float32)
            return Looks(squares, empty[:, 0], empty, empty, np.empty((0, 5, 2), np.float32))
        scores, offsets, shares = (np.concatenate(part) for part in zip(*parts, strict=True))
        probability = np.clip(scores.astype(np.float64), 1e-7, 1 - 1e-7)
        low, high = offsets[:, :2] - np.float32(0.5), offsets[:, 2:] + np.float32(0.5)
        points = shares.reshape(-1, 2, 5).transpose(0, 2, 1) - np.float32(0.5)
        return Looks(
            squares,
            np.log(probability / (1 - probability)).astype(np.float32),
            squares.to_photo(((low + high) / 2)[:, np.newaxis])[:, 0],
            (high - low) * squares.side[:, np.newaxis],
            squares.to_photo(points),
        )


def _quarters_to_ask(faces: Sequence[DetectedFace]) -> list[int]:
    """Which other ways up to look at: all where no face is, and those in which one is."""
    if not faces:
        return [1, 2, 3]
    rolls = [face.roll for face in faces if face.roll is not None and abs(face.roll) > _TURNED]
    return sorted({round(roll / 90) % 4 for roll in rolls} - {0})
