"""Levels of faded, dark and foggy photos, spread over the whole range before networks see them.

With 256 levels squeezed into 25, MTCNN finds 2 of 54 faces and RetinaFace with O-Net 42; spread,
all 54 (benchmarks.detection_recall, low contrast). Only what the detector sees is changed.
"""

import math
from collections.abc import Sequence

import cv2
import numpy as np

from services.vision.detectors.boxes import Floats
from services.vision.transforms import Pixels

# Photos whose levels span less are spread; so much of the pixels at either end is left out.
_NARROW, _LEFT_OUT = 128, 0.005
# Crops with a lower standard deviation are spread to it, at most so many times.
_DEVIATION, _MOST = 32.0, 16.0
_MIDDLE = np.float32(127.5)


def spread(pictures: Sequence[Pixels]) -> list[Pixels]:
    """The photo and its reductions with levels over all of 0..255 where they span less than half.

    Args:
        pictures: of one photo, uint8 RGB, the smallest last; the same arrays come back where
            nothing is to be done.
    """
    counts = np.bincount(pictures[-1].ravel(), minlength=256).cumsum()
    low, high = np.searchsorted(counts, counts[-1] * np.array([_LEFT_OUT, 1 - _LEFT_OUT])).tolist()
    if high - low >= _NARROW:
        return list(pictures)
    levels = (np.arange(256) - low) * (255 / max(high - low, 1))
    table = np.clip(np.rint(levels), 0, 255).astype(np.uint8)
    return [np.asarray(cv2.LUT(picture, table), np.uint8) for picture in pictures]


def spread_crops(crops: Floats) -> Floats:
    """Give crops of little contrast more, such as backlit faces; float32 ``[N, s, s, 3]``."""
    flat = crops.reshape(len(crops), math.prod(crops.shape[1:]))
    deviation = flat.std(axis=1)
    gain = np.clip(_DEVIATION / np.maximum(deviation, 1), 1, _MOST).astype(np.float32)
    dull = np.flatnonzero(gain > 1)
    if dull.size:
        middle = flat[dull].mean(axis=1, keepdims=True)
        flat[dull] = np.clip((flat[dull] - middle) * gain[dull, np.newaxis] + _MIDDLE, 0, 255)
    return crops
