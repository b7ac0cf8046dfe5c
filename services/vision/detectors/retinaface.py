"""RetinaFace proposes, O-Net refines: faces any way up.

RetinaFace looks at a reduced photo and says where a face may be. MTCNN's last network then sees
each candidate at full resolution, turned upright: boxes and landmarks are MTCNN's, as the framing
of bundles expects.

RetinaFace draws landmarks as if upright on most faces that are turned by more than some 60
degrees, so O-Net is asked for all four ways up where it is not sure: of 342 faces the surest of
the four was the right one in 98 %. What RetinaFace itself misses that way, it finds in the turned
photo; that is looked at where no face was found, reduced, and whole where one is turned (ADR 0022).
"""

import math
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from services.common.domain.faces import DetectedFace
from services.vision.detectors.boxes import Floats
from services.vision.detectors.levels import spread, spread_crops
from services.vision.detectors.looks import Looks, faces_of, roll_of
from services.vision.detectors.search import ProposalNetwork, Proposals, propose, reductions
from services.vision.detectors.squares import Squares, upright_crops
from services.vision.detectors.tilted import propose_tilted
from services.vision.transforms import Pixels

# Faces of 24 px are left at 14; small photos are reduced less, to so many pixels.
_SCALE, _PIXELS = 0.6, 250_000
# Smaller photos than this are enlarged: a thumbnail's faces are few pixels to RetinaFace.
_TINY_PIXELS, _ENLARGED = 100_000, 1.5
# Where no face was found the other ways up are looked at in less, small photos again less reduced.
_TURNED_SCALE, _TURNED_PIXELS = 0.4, 60_000
# Of what RetinaFace proposes: faces of 24 px have as little, and so have grass and gravel. Larger
# faces have more, also dark and cut ones.
_LOWEST_LOGIT, _MOST = -4.5, 400
_SMALL, _LOWEST_LARGE_LOGIT = 40, -2.5
# Faces of which less is within the photo: completed by their mirror image they have 1.7 and more,
# grass and gravel that become symmetrical less.
_CUT, _LOWEST_CUT_LOGIT = 0.75, 1.0
# The square of MTCNN's second stage for a box of RetinaFace's: its side over sqrt(w * h).
_SIDE = 1.05
_ONET_SIDE, _BATCH = 48, 64
# O-Net says more of a face the wrong way up in three of a hundred.
_SURE_LOGIT = 3.5
_WEAK_LOGIT, _SURE_IF_WEAK_LOGIT = 1.5, 6.0
# Candidates for which all ways up are asked, and by how much another way up has to be surer.
_TURNED_LOGIT, _MOST_TURNED, _HANDICAP = -3.0, 32, 1.0
# What O-Net is asked twice, the second time on its own square: neither sure nor hopeless.
_HOPELESS_LOGIT = -3.0
# Degrees between landmarks and square from which O-Net looks again.
_CROOKED = 15.0
_TURNED = 45.0
# Degrees, anticlockwise, by which the photo is turned until a face is found.
_OTHER_WAYS_UP = ((90, 180, 270), (45, -45))


class RetinaFaceNetworks(ProposalNetwork, Protocol):
    """The two networks; what comes back may be overwritten by the next call."""

    def onet(self, crops: Floats) -> tuple[Floats, Floats, Floats]:
        """See ``mtcnn.Networks.onet``."""


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
        size = rgb.shape[1], rgb.shape[0]
        pictures = spread([rgb, *reductions(rgb, _first_scale(rgb))])
        searched = pictures[1:]
        looks, logits = self._look(pictures, self._proposed(pictures, searched, 0), upright=True)
        found = partial(faces_of, size=size, threshold=threshold, min_face_px=min_face_px)
        faces = found(looks, logits)
        if not faces:
            smaller = reductions(searched[0], _scale(searched[0], _TURNED_SCALE, _TURNED_PIXELS))
            for group in _OTHER_WAYS_UP:
                looks, logits = self._turned(pictures, smaller, group, looks, logits)
                if faces := found(looks, logits):
                    break
        if quarters := _turned_quarters(faces):
            looks, logits = self._turned(pictures, searched, quarters, looks, logits)
            faces = found(looks, logits)
        return faces

    def _turned(
        self,
        pictures: Sequence[Pixels],
        searched: Sequence[Pixels],
        turns: Sequence[int],
        looks: Looks,
        logits: Floats,
    ) -> tuple[Looks, Floats]:
        """Add what is seen in the photo turned anticlockwise by so many degrees each."""
        for degrees in turns:
            proposals = self._proposed(pictures, searched, degrees)
            more, of_more = self._look(pictures, proposals, upright=False)
            looks, logits = looks.joined(more), np.concatenate([logits, of_more])
        return looks, logits

    def _proposed(
        self, pictures: Sequence[Pixels], searched: Sequence[Pixels], degrees: int
    ) -> Proposals:
        size = pictures[0].shape[1], pictures[0].shape[0]
        lowest = _TURNED_LOGIT if degrees else _LOWEST_LOGIT
        if degrees % 90 == 0:
            return propose(
                self._networks,
                searched,
                size=size,
                lowest_logit=lowest,
                quarters=degrees // 90,
                mirrored=not degrees,
            )
        # Tilted photos are looked for large faces only.
        return propose_tilted(
            self._networks, searched[-1], size=size, lowest_logit=lowest, degrees=degrees
        )

    def _look(
        self, pictures: Sequence[Pixels], proposals: Proposals, *, upright: bool
    ) -> tuple[Looks, Floats]:
        """What O-Net says of RetinaFace's candidates, and RetinaFace's logits of them."""
        boxes, logits, points = proposals
        likely = _likely(boxes, logits, size=pictures[0].shape[1::-1])
        boxes, logits, points = boxes[likely], logits[likely], points[likely]
        sides = np.float32(_SIDE) * np.sqrt(np.prod(boxes[:, 2:] - boxes[:, :2], axis=1))
        middles = (boxes[:, :2] + boxes[:, 2:]) / np.float32(2)
        squares = Squares(middles, sides.astype(np.float32), roll_of(points))
        looks = self._onet(pictures, squares)
        if upright:
            looks = self._other_ways_up(pictures, looks, logits)
        return self._again(pictures, looks), logits

    def _other_ways_up(self, pictures: Sequence[Pixels], looks: Looks, logits: Floats) -> Looks:
        # RetinaFace is hardly sure of a large face on its head, however O-Net takes it.
        weak = (looks.squares.side >= _SMALL) & (logits < _WEAK_LOGIT)
        unsure = looks.logit < np.where(weak, _SURE_IF_WEAK_LOGIT, _SURE_LOGIT)
        unsure &= logits >= _TURNED_LOGIT
        asked = np.flatnonzero(unsure)[:_MOST_TURNED]
        of = np.tile(asked, 3)
        turns = np.repeat(np.array([90, 180, 270], np.float32), len(asked))
        others = self._onet(pictures, looks.squares[of].turned(turns))
        others = replace(others, logit=others.logit - np.float32(_HANDICAP))
        return looks.joined(others).surest(np.concatenate([np.arange(len(looks.logit)), of]))

    def _again(self, pictures: Sequence[Pixels], looks: Looks) -> Looks:
        """Second looks at squares made of the first ones; the logit is the mean of both."""
        rolls = roll_of(looks.points)
        crooked = np.abs((rolls - looks.squares.roll + 180) % 360 - 180) > _CROOKED
        hopeless = looks.logit < _HOPELESS_LOGIT
        again = np.flatnonzero(~hopeless & (crooked | (looks.logit < _SURE_LOGIT)))
        first = looks[again]
        squares = Squares(first.centre, first.size.max(axis=1, initial=0), rolls[again])
        second = self._onet(pictures, squares)
        mean = (first.logit + second.logit) / np.float32(2)
        return looks.replaced(again, replace(second, logit=mean))

    def _onet(self, pictures: Sequence[Pixels], squares: Squares) -> Looks:
        parts = [
            self._networks.onet(
                spread_crops(upright_crops(pictures, squares[start : start + _BATCH], _ONET_SIDE))
            )
            for start in range(0, len(squares), _BATCH)
        ]
        if not parts:
            empty = np.empty((0, 10), np.float32)
            return Looks.of(squares, empty[:, 0], empty[:, :4], empty)
        return Looks.of(squares, *(np.concatenate(part) for part in zip(*parts, strict=True)))


def _likely(boxes: Floats, logits: Floats, *, size: tuple[int, ...]) -> NDArray[np.intp]:
    """Which proposals O-Net is asked about, surest first."""
    areas = np.prod(boxes[:, 2:] - boxes[:, :2], axis=1)
    within = np.clip(boxes.reshape(-1, 2, 2), 0, np.array(size, np.float32))
    cut = np.prod(within[:, 1] - within[:, 0], axis=1) < _CUT * areas
    lowest = np.where(np.sqrt(areas) < _SMALL, _LOWEST_LOGIT, _LOWEST_LARGE_LOGIT)
    likely = np.flatnonzero(logits >= np.where(cut, _LOWEST_CUT_LOGIT, lowest))
    return likely[np.argsort(-logits[likely], kind="stable")[:_MOST]]


def _first_scale(rgb: Pixels) -> float:
    """At which scale the photo is looked at first."""
    tiny = rgb.shape[0] * rgb.shape[1] < _TINY_PIXELS
    return _ENLARGED if tiny else _scale(rgb, _SCALE, _PIXELS)


def _scale(picture: Pixels, usual: float, pixels: int) -> float:
    """The usual scale, or up to 1 what leaves so many pixels."""
    height, width = picture.shape[:2]
    return min(1.0, max(usual, math.sqrt(pixels / (height * width))))


def _turned_quarters(faces: Sequence[DetectedFace]) -> list[int]:
    """Degrees, anticlockwise, of the quarters in which there is a turned face."""
    rolls = [face.roll for face in faces if face.roll is not None and abs(face.roll) > _TURNED]
    return [90 * quarter for quarter in sorted({round(roll / 90) % 4 for roll in rolls} - {0})]
