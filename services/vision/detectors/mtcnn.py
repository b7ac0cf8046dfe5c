"""The MTCNN cascade in numpy, whatever runs its three networks.

Zhang et al., arXiv 1604.02878, with the conventions of facenet-pytorch 2.6.0, whose weights it
runs: the same pyramid, thresholds, roundings and suppressions, so that both engines find the
same faces (tests/model/vision/test_parity.py). Memory is bounded by the photo, not by its
pyramid or by the number of candidates: P-Net sees bands of rows, R-Net and O-Net fixed batches.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from services.common.domain.faces import DetectedFace
from services.vision.detectors.area import area_resize
from services.vision.detectors.boxes import (
    Floats,
    corrected,
    nested_suppression,
    non_maximum_suppression,
    pixel_windows,
    squared,
)
from services.vision.detectors.port import faces_from_arrays
from services.vision.transforms import Pixels

MIN_FACE_PX = 20
SCALE_FACTOR = 0.709
PNET_THRESHOLD, RNET_THRESHOLD, ONET_THRESHOLD = 0.6, 0.7, 0.7

_WINDOW, _STRIDE = 12, 2  # of P-Net over the scaled picture
_RNET_SIDE, _ONET_SIDE = 24, 48
_BAND_PIXELS = 400_000  # of the scaled picture at a time; P-Net needs about 60 bytes for each


class Networks(Protocol):
    """The three networks; raw pixels 0..255 in, see ``export_mtcnn`` for shapes."""

    def pnet(self, pixels: Floats) -> tuple[Floats, Floats]:
        """Scores ``[h, w]`` and offsets ``[h, w, 4]`` of one picture ``[H, W, 3]``."""

    def rnet(self, crops: Floats) -> tuple[Floats, Floats]:
        """Scores ``[N]`` and offsets ``[N, 4]`` of crops ``[N, 24, 24, 3]``."""

    def onet(self, crops: Floats) -> tuple[Floats, Floats, Floats]:
        """Scores ``[N]``, offsets ``[N, 4]`` and landmarks ``[N, 10]`` of ``[N, 48, 48, 3]``."""


@dataclass(frozen=True, slots=True)
class _Candidates:
    """Boxes of a whole chunk: corners ``[N, 4]`` and the photo that each belongs to ``[N]``."""

    boxes: Floats
    photo: NDArray[np.intp]

    def __getitem__(self, index: NDArray[np.intp] | NDArray[np.bool_]) -> "_Candidates":
        return _Candidates(self.boxes[index], self.photo[index])


class MtcnnDetector:
    """A ``FaceDetector`` that runs the cascade over a chunk of photos."""

    def __init__(self, networks: Networks, *, batch: int = 64) -> None:
        """Keep the networks; ``batch`` bounds the crops in memory at a time."""
        self._networks = networks
        self._batch = batch

    def detect(
        self, photos: Sequence[Pixels], *, threshold: float = 0.9, min_face_px: int = 20
    ) -> list[list[DetectedFace]]:
        """See ``FaceDetector.detect``."""
        refined = self._refine(photos, self._propose(photos))
        candidates, scores, points = self._finish(photos, refined)
        faces = []
        for index, rgb in enumerate(photos):
            mine = candidates.photo == index
            faces.append(
                faces_from_arrays(
                    candidates.boxes[mine],
                    scores[mine],
                    points[mine],
                    size=(rgb.shape[1], rgb.shape[0]),
                    threshold=threshold,
                    min_face_px=min_face_px,
                )
            )
        return faces

    def _propose(self, photos: Sequence[Pixels]) -> _Candidates:
        """Stage 1: P-Net over the pyramid of each photo."""
        found = [self._propose_one(rgb) for rgb in photos]
        counts = np.array([len(boxes) for boxes in found], dtype=np.intp)
        photo = np.repeat(np.arange(len(found)), counts)
        boxes = np.concatenate(found) if found else np.empty((0, 4), np.float32)
        return _visible(_Candidates(boxes, photo), photos)

    def _propose_one(self, rgb: Pixels) -> Floats:
        levels = [self._scan(rgb, scale) for scale in pyramid(*rgb.shape[:2])]
        if not levels:
            return np.empty((0, 4), np.float32)
        boxes, scores, offsets = (np.concatenate(part) for part in zip(*levels, strict=True))
        kept = non_maximum_suppression(boxes, scores, 0.7)
        return squared(corrected(boxes[kept], offsets[kept], edge=0))

    def _scan(self, rgb: Pixels, scale: float) -> tuple[Floats, Floats, Floats]:
        """Boxes in photo pixels, scores and offsets of one pyramid level after suppression."""
        height, width = (int(side * scale + 1) for side in rgb.shape[:2])
        cells, scores, offsets = [], [], []
        for first_cell, first_row, end_row in _bands(height, width):
            band = area_resize(rgb, height, width, first_row=first_row, end_row=end_row)
            band_scores, band_offsets = self._networks.pnet(band)
            hits = band_scores >= PNET_THRESHOLD
            cells.append(np.argwhere(hits) + np.array([first_cell, 0]))
            scores.append(band_scores[hits])
            offsets.append(band_offsets[hits])
        corner = np.concatenate(cells)[:, ::-1].astype(np.float32) * _STRIDE
        step = np.float32(scale)
        boxes = np.floor(np.hstack([corner + 1, corner + _WINDOW]) / step)
        all_scores, all_offsets = np.concatenate(scores), np.concatenate(offsets)
        kept = non_maximum_suppression(boxes, all_scores, 0.5)
        return boxes[kept], all_scores[kept], all_offsets[kept]

    def _refine(self, photos: Sequence[Pixels], candidates: _Candidates) -> _Candidates:
        """Stage 2: R-Net drops most candidates and corrects the rest."""
        parts = [
            self._networks.rnet(crops) for crops in self._crops(photos, candidates, _RNET_SIDE)
        ]
        if not parts:
            return candidates
        scores, offsets = (np.concatenate(part) for part in zip(*parts, strict=True))
        passed = scores > RNET_THRESHOLD
        candidates, scores, offsets = candidates[passed], scores[passed], offsets[passed]
        kept = _per_photo(non_maximum_suppression, candidates, scores, 0.7)
        boxes = squared(corrected(candidates.boxes[kept], offsets[kept], edge=1))
        return _visible(_Candidates(boxes, candidates.photo[kept]), photos)

    def _finish(
        self, photos: Sequence[Pixels], candidates: _Candidates
    ) -> tuple[_Candidates, Floats, Floats]:
        """Stage 3: O-Net's boxes, scores ``[N]`` and landmarks ``[N, 5, 2]``."""
        parts = [
            self._networks.onet(crops) for crops in self._crops(photos, candidates, _ONET_SIDE)
        ]
        if not parts:
            return candidates, np.empty(0, np.float32), np.empty((0, 5, 2), np.float32)
        scores, offsets, shares = (np.concatenate(part) for part in zip(*parts, strict=True))
        passed = scores > ONET_THRESHOLD
        candidates, scores = candidates[passed], scores[passed]
        points = _landmarks(candidates.boxes, shares[passed])
        boxes = corrected(candidates.boxes, offsets[passed], edge=1)
        candidates = _Candidates(boxes, candidates.photo)
        kept = _per_photo(nested_suppression, candidates, scores, 0.7)
        return candidates[kept], scores[kept], points[kept]

    def _crops(
        self, photos: Sequence[Pixels], candidates: _Candidates, side: int
    ) -> Iterator[Floats]:
        """Batches ``[<= batch, side, side, 3]`` of the candidates' pixels, in their order."""
        windows = _windows(candidates, photos)
        for start in range(0, len(windows), self._batch):
            stop = min(start + self._batch, len(windows))
            batch = np.empty((stop - start, side, side, 3), np.float32)
            for place, index in enumerate(range(start, stop)):
                x1, y1, x2, y2 = windows[index]
                rgb = photos[candidates.photo[index]]
                batch[place] = area_resize(rgb[y1:y2, x1:x2], side, side)
            yield batch


def pyramid(height: int, width: int) -> list[float]:
    """Scales at which P-Net's 12-pixel window meets faces of 20 pixels and more."""
    scale = _WINDOW / MIN_FACE_PX
    shorter = min(height, width) * scale
    scales = []
    while shorter >= _WINDOW:
        scales.append(scale)
        scale *= SCALE_FACTOR
        shorter *= SCALE_FACTOR
    return scales


def _bands(height: int, width: int) -> Iterator[tuple[int, int, int]]:
    """Cut a level into bands ``(first cell, first row, end row)`` with P-Net's overlap.

    Cell i sees rows 2i to 2i + 11, so cells a to b - 1 of a band are exactly those of the whole
    when it holds rows 2a to 2b + 9; only the last band keeps an odd row, as the whole would.
    """
    overlap = _WINDOW - _STRIDE
    cells = (height - 1) // _STRIDE - (_WINDOW - _STRIDE) // _STRIDE + 1
    per_band = max(1, (_BAND_PIXELS // width - overlap) // _STRIDE)
    for first in range(0, cells, per_band):
        end = min(first + per_band, cells)
        end_row = height if end == cells else _STRIDE * end + overlap
        yield first, _STRIDE * first, end_row


def _windows(candidates: _Candidates, photos: Sequence[Pixels]) -> NDArray[np.intp]:
    windows = np.empty((len(candidates.boxes), 4), np.intp)
    for index, rgb in enumerate(photos):
        mine = candidates.photo == index
        height, width = rgb.shape[:2]
        windows[mine] = pixel_windows(candidates.boxes[mine], height=height, width=width)
    return windows


def _visible(candidates: _Candidates, photos: Sequence[Pixels]) -> _Candidates:
    """Drop boxes that lie wholly outside their photo (the reference crashes on them)."""
    windows = _windows(candidates, photos)
    return candidates[np.all(windows[:, :2] < windows[:, 2:], axis=1)]


def _per_photo(
    suppress: "Suppression", candidates: _Candidates, scores: Floats, threshold: float
) -> NDArray[np.intp]:
    kept = [np.empty(0, np.intp)]
    for index in np.unique(candidates.photo):
        mine = np.flatnonzero(candidates.photo == index)
        kept.append(mine[suppress(candidates.boxes[mine], scores[mine], threshold)])
    return np.concatenate(kept)


def _landmarks(boxes: Floats, shares: Floats) -> Floats:
    """Landmarks in photo pixels ``[N, 5, 2]`` from five x, then five y, as shares of the box."""
    sides = boxes[:, 2:] - boxes[:, :2] + 1
    points = shares.reshape(-1, 2, 5).transpose(0, 2, 1)
    return points * sides[:, np.newaxis] + boxes[:, np.newaxis, :2] - 1


class Suppression(Protocol):
    """A way to drop overlapping boxes."""

    def __call__(self, boxes: Floats, scores: Floats, threshold: float) -> NDArray[np.intp]:
        """Return the indices kept, best first."""
