"""The MTCNN cascade in numpy, whatever runs its three networks.

Zhang et al., arXiv 1604.02878, with the conventions of facenet-pytorch 2.6.0, whose weights it
runs: the same pyramid, thresholds, roundings and suppressions, so that both engines find the
same faces (tests/model/vision/test_parity.py). It goes photo by photo: pooling the candidates of
a chunk would save no more than one part-filled batch per photo. Memory is bounded by the photo,
not by its pyramid or by its number of candidates: P-Net sees bands of rows, R-Net and O-Net
fixed batches.
"""

from collections.abc import Iterator, Sequence
from typing import Protocol

import numpy as np

from services.common.domain.faces import DetectedFace
from services.vision.detectors.area import area_crops, area_level
from services.vision.detectors.boxes import (
    Floats,
    corrected,
    faces_from_arrays,
    nested_suppression,
    non_maximum_suppression,
    pixel_windows,
    squared,
)
from services.vision.transforms import Pixels

MIN_FACE_PX = 20
SCALE_FACTOR = 0.709
PNET_THRESHOLD, RNET_THRESHOLD, ONET_THRESHOLD = 0.6, 0.7, 0.7

WINDOW, STRIDE = 12, 2  # of P-Net over the scaled picture
_RNET_SIDE, _ONET_SIDE = 24, 48
_BAND_PIXELS = 400_000  # of the scaled picture at a time; P-Net needs about 60 bytes for each


def logit(probability: float) -> np.float32:
    """Log odds of a probability, the scale of P-Net's scores."""
    return np.float32(np.log(probability / (1 - probability)))


_PNET_LOGIT = logit(PNET_THRESHOLD)


class Networks(Protocol):
    """The three networks; raw pixels 0..255 in, see ``export_mtcnn`` for shapes.

    What comes back may be overwritten by the next call of the same network.
    """

    def pnet(self, pixels: Floats) -> Floats:
        """Cells ``[5, h, w]`` of ``[3, H, W]``: a face's logit, then the four offsets."""

    def rnet(self, crops: Floats) -> tuple[Floats, Floats]:
        """Scores ``[N]`` and offsets ``[N, 4]`` of crops ``[N, 24, 24, 3]``."""

    def onet(self, crops: Floats) -> tuple[Floats, Floats, Floats]:
        """Scores ``[N]``, offsets ``[N, 4]`` and landmarks ``[N, 10]`` of ``[N, 48, 48, 3]``."""


class MtcnnDetector:
    """A ``FaceDetector`` that runs the cascade. Not for several threads at once."""

    def __init__(self, networks: Networks, *, batch: int = 256) -> None:
        """Keep the networks; ``batch`` bounds the crops in memory at a time."""
        self._networks = networks
        self._batch = batch

    def detect(
        self, photos: Sequence[Pixels], *, threshold: float = 0.9, min_face_px: int = 20
    ) -> list[list[DetectedFace]]:
        """See ``FaceDetector.detect``."""
        return [self._detect_one(rgb, threshold, min_face_px) for rgb in photos]

    def _detect_one(self, rgb: Pixels, threshold: float, min_face_px: int) -> list[DetectedFace]:
        height, width = rgb.shape[:2]
        scales = pyramid(height, width)
        if not scales:
            return []
        rgb = np.ascontiguousarray(rgb)
        levels = [self._scan(rgb, scale) for scale in scales]
        candidates = _visible(_proposals(levels), height, width)
        refined = _visible(self._refine(rgb, candidates), height, width)
        boxes, scores, points = self._finish(rgb, refined)
        return faces_from_arrays(
            boxes,
            scores,
            points,
            size=(width, height),
            threshold=threshold,
            min_face_px=min_face_px,
        )

    def _scan(self, rgb: Pixels, scale: float) -> tuple[Floats, Floats, Floats]:
        """Boxes in photo pixels, scores and offsets of one pyramid level after suppression."""
        height, width = (int(side * scale + 1) for side in rgb.shape[:2])
        corners, logits, offsets = [], [], []
        for first_cell, first_row, end_row in _bands(height, width):
            band = area_level(rgb, height, width, first_row=first_row, end_row=end_row)
            cells = self._networks.pnet(band)
            y, x = np.nonzero(cells[0] >= _PNET_LOGIT)
            corners.append(np.stack([x, y + first_cell], axis=1).astype(np.float32))
            logits.append(cells[0, y, x])
            offsets.append(cells[1:, y, x].T)
        corner = np.concatenate(corners) * STRIDE
        boxes = np.floor(np.hstack([corner + 1, corner + WINDOW]) / np.float32(scale))
        scores = 1 / (1 + np.exp(-np.concatenate(logits)))
        kept = non_maximum_suppression(boxes, scores, 0.5)
        return boxes[kept], scores[kept], np.concatenate(offsets)[kept]

    def _refine(self, rgb: Pixels, candidates: Floats) -> Floats:
        """Stage 2: R-Net drops most candidates and corrects the rest."""
        crops = self._crops(rgb, candidates, side=_RNET_SIDE)
        parts = [self._networks.rnet(some) for some in crops]
        if not parts:
            return candidates
        scores, offsets = (np.concatenate(part) for part in zip(*parts, strict=True))
        passed = scores > RNET_THRESHOLD
        boxes, scores, offsets = candidates[passed], scores[passed], offsets[passed]
        kept = non_maximum_suppression(boxes, scores, 0.7)
        return squared(corrected(boxes[kept], offsets[kept], edge=1))

    def _finish(self, rgb: Pixels, candidates: Floats) -> tuple[Floats, Floats, Floats]:
        """Stage 3: O-Net's boxes ``[N, 4]``, scores ``[N]`` and landmarks ``[N, 5, 2]``."""
        crops = self._crops(rgb, candidates, side=_ONET_SIDE)
        parts = [self._networks.onet(some) for some in crops]
        if not parts:
            return candidates, np.empty(0, np.float32), np.empty((0, 5, 2), np.float32)
        scores, offsets, shares = (np.concatenate(part) for part in zip(*parts, strict=True))
        passed = scores > ONET_THRESHOLD
        candidates, scores = candidates[passed], scores[passed]
        points = _landmarks(candidates, shares[passed])
        boxes = corrected(candidates, offsets[passed], edge=1)
        kept = nested_suppression(boxes, scores, 0.7)
        return boxes[kept], scores[kept], points[kept]

    def _crops(self, rgb: Pixels, boxes: Floats, *, side: int) -> Iterator[Floats]:
        """Batches ``[<= batch, side, side, 3]`` of the boxes' pixels, in their order."""
        windows = pixel_windows(boxes, height=rgb.shape[0], width=rgb.shape[1])
        for start in range(0, len(windows), self._batch):
            yield area_crops(rgb, windows[start : start + self._batch], side)


def pyramid(height: int, width: int) -> list[float]:
    """Scales at which P-Net's 12-pixel window meets faces of 20 pixels and more."""
    scale = WINDOW / MIN_FACE_PX
    shorter = min(height, width) * scale
    scales = []
    while shorter >= WINDOW:
        scales.append(scale)
        scale *= SCALE_FACTOR
        shorter *= SCALE_FACTOR
    return scales


def _bands(height: int, width: int) -> Iterator[tuple[int, int, int]]:
    """Cut a level into bands ``(first cell, first row, end row)`` with P-Net's overlap.

    Cell i sees rows 2i to 2i + 11, so cells a to b - 1 of a band are exactly those of the whole
    when it holds rows 2a to 2b + 9; only the last band keeps an odd row, as the whole would.
    """
    overlap = WINDOW - STRIDE
    cells = (height - 1) // STRIDE - (WINDOW - STRIDE) // STRIDE + 1
    per_band = max(1, (_BAND_PIXELS // width - overlap) // STRIDE)
    for first in range(0, cells, per_band):
        end = min(first + per_band, cells)
        end_row = height if end == cells else STRIDE * end + overlap
        yield first, STRIDE * first, end_row


def _proposals(levels: Sequence[tuple[Floats, Floats, Floats]]) -> Floats:
    """Stage 1's boxes of all levels, best first, corrected and squared.

    The reference suppresses here at an overlap of 0.7 too, but no box can go: those of one level
    overlap by 0.5 at most, and of two levels the areas differ by more (19 x 19 pixels at most
    against 25 x 25 at least, 0.58). Leaving it out saves 27 ms of 3000x2000 pixels.
    """
    boxes, scores, offsets = (np.concatenate(part) for part in zip(*levels, strict=True))
    order = np.argsort(-scores, kind="stable")
    return squared(corrected(boxes[order], offsets[order], edge=0))


def _visible(boxes: Floats, height: int, width: int) -> Floats:
    """Drop boxes that lie wholly outside the photo (the reference crashes on them)."""
    windows = pixel_windows(boxes, height=height, width=width)
    return boxes[np.all(windows[:, :2] < windows[:, 2:], axis=1)]


def _landmarks(boxes: Floats, shares: Floats) -> Floats:
    """Landmarks in photo pixels ``[N, 5, 2]`` from five x, then five y, as shares of the box."""
    sides = boxes[:, 2:] - boxes[:, :2] + 1
    points = shares.reshape(-1, 2, 5).transpose(0, 2, 1)
    return points * sides[:, np.newaxis] + boxes[:, np.newaxis, :2] - 1
