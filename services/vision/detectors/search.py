"""RetinaFace over a photo: where a face may be, and roughly how it is turned."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

import cv2
import numpy as np

from services.vision.detectors.boxes import Floats, non_maximum_suppression
from services.vision.detectors.priors import MEAN, STRIDES, decode
from services.vision.transforms import Pixels

_CELL = STRIDES[-1]
# Of the picture that the network sees at once; it needs some 70 bytes for each pixel.
_TILE = 1536
# Tiles overlap by so much; a face that this cuts is seen whole on a coarser level.
_OVERLAP = 128
# Faces above some 500 px are beyond the largest prior: a longer side gets a coarser level.
_LONGEST, _COARSER = 640, 4
_OVERLAPPING = 0.4
# A face cut in half is whole together with its mirror image.
_MIRRORED = 32
_BEYOND = 0.1
_HALF = 0.5


class ProposalNetwork(Protocol):
    """RetinaFace; see ``export_retinaface`` for the shapes."""

    def cells(self, pixels: Pixels) -> Mapping[int, Floats]:
        """Cells ``[30, h, w]`` by stride; they may be overwritten by the next call."""


Proposals = tuple[Floats, Floats, Floats]


def reductions(rgb: Pixels, scale: float) -> list[Pixels]:
    """The photo at ``scale``, and coarser pictures as long as it is too large for one look."""
    pictures = [_reduced(rgb, scale)]
    while max(pictures[-1].shape) > _LONGEST:
        pictures.append(_reduced(pictures[-1], 1 / _COARSER))
    return pictures


def propose(
    network: ProposalNetwork,
    pictures: Sequence[Pixels],
    *,
    size: tuple[int, int],
    lowest_logit: float,
    quarters: int = 0,
    mirrored: bool = False,
) -> Proposals:
    """Look at reductions of a photo, turned anticlockwise by so many quarters.

    Args:
        network: RetinaFace.
        pictures: of ``reductions``.
        size: width and height of the photo.
        lowest_logit: what is below is left out.
        quarters: 0 to 3.
        mirrored: the smallest reduction is seen with some of its mirror image around it.

    Returns:
        Corners ``[N, 4]``, logits ``[N]`` and landmarks ``[N, 5, 2]`` in photo pixels.
    """
    parts = []
    for picture in pictures:
        turned = np.rot90(picture, quarters)
        margin = _MIRRORED if mirrored and picture is pictures[-1] else 0
        boxes, logits, points = _look(network, turned, lowest_logit, margin)
        enlarge = np.array(size, np.float32) / np.array(picture.shape[1::-1], np.float32)
        corners = _turned_back(boxes.reshape(-1, 2, 2), turned.shape, quarters) * enlarge
        five = _turned_back(points, turned.shape, quarters) * enlarge
        parts.append((np.hstack([corners.min(axis=1), corners.max(axis=1)]), logits, five))
    boxes, logits, points = (np.concatenate(part) for part in zip(*parts, strict=True))
    # OpenCV's suppression takes no negative scores.
    kept = non_maximum_suppression(boxes, logits - np.float32(lowest_logit - 1), _OVERLAPPING)
    return boxes[kept], logits[kept], points[kept]


def _reduced(picture: Pixels, scale: float) -> Pixels:
    height, width = (max(1, round(side * scale)) for side in picture.shape[:2])
    if (height, width) == picture.shape[:2]:
        return picture
    # Averages take eight times as long, and above a half no pixel is left out without them.
    method = cv2.INTER_LINEAR if scale > _HALF else cv2.INTER_AREA
    return np.asarray(cv2.resize(picture, (width, height), interpolation=method), np.uint8)


def _turned_back(points: Floats, shape: tuple[int, ...], quarters: int) -> Floats:
    """Points ``[N, K, 2]`` of a picture before ``np.rot90`` turned it to ``shape``."""
    height, width = shape[:2]
    for _ in range(quarters):
        x, y = points[..., 0], points[..., 1]
        points = np.stack([np.float32(height) - y, x], axis=-1)
        height, width = width, height
    return points


def _look(network: ProposalNetwork, picture: Pixels, lowest_logit: float, margin: int) -> Proposals:
    """Proposals of one level, tile by tile, with so much of its mirror image around it."""
    height, width = picture.shape[:2]
    seen = picture
    if margin:  # else the largest reduction would be copied for nothing
        around = (margin, margin, margin, margin)
        seen = np.asarray(cv2.copyMakeBorder(picture, *around, cv2.BORDER_REFLECT), np.uint8)
    parts = []
    for top, left in _tiles(*seen.shape[:2]):
        tile = seen[top : top + _TILE, left : left + _TILE]
        boxes, logits, points = decode(network.cells(framed(tile)), lowest_logit)
        corner = np.array([left, top], np.float32)
        parts.append((boxes + np.tile(corner, 2), logits, points + corner))
    boxes, logits, points = (np.concatenate(part) for part in zip(*parts, strict=True))
    boxes, points = boxes - np.float32(margin), points - np.float32(margin)
    middles = (boxes[:, :2] + boxes[:, 2:]) / 2
    beyond = np.maximum(-middles, middles - np.array([width, height], np.float32)).max(axis=1)
    within = beyond <= _BEYOND * (boxes[:, 2:] - boxes[:, :2]).max(axis=1)
    return boxes[within], logits[within], points[within]


def _tiles(height: int, width: int) -> Iterator[tuple[int, int]]:
    step = _TILE - _OVERLAP
    for top in range(0, max(1, height - _OVERLAP), step):
        for left in range(0, max(1, width - _OVERLAP), step):
            yield top, left


def framed(picture: Pixels) -> Pixels:
    """The picture in sides of whole cells and one more, filled up with the mean colour."""
    height, width = picture.shape[:2]
    framed = cv2.copyMakeBorder(
        picture, 1, -height % _CELL, 1, -width % _CELL, cv2.BORDER_CONSTANT, value=MEAN
    )
    return np.asarray(framed, np.uint8)
