"""Accuracy on dark, blurred or flat images: the slices that need no label but the pixels."""

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
Floats = NDArray[np.float64]

QUANTILES = 4


@dataclass(frozen=True, slots=True)
class Slice:
    """One quarter of the images by a measure: its range, size and accuracy 0..1."""

    measure: str
    low: float
    high: float
    n: int
    accuracy: float


def slices(crops: Pixels, right: NDArray[np.bool_]) -> list[Slice]:
    """Cut uint8 ``[N, S, S, C]`` into quarters by brightness, contrast and sharpness.

    Equal values stay together, so that a quarter may be larger or missing.
    """
    return [
        each
        for name, measure in _MEASURES.items()
        for each in _quarters(name, np.array([measure(crop) for crop in crops]), right)
    ]


def _quarters(name: str, values: Floats, right: NDArray[np.bool_]) -> list[Slice]:
    inner = np.quantile(values, np.arange(1, QUANTILES) / QUANTILES)
    index = np.searchsorted(inner, values, side="right")
    return [
        Slice(
            name,
            float(values[chosen].min()),
            float(values[chosen].max()),
            int(chosen.sum()),
            float(right[chosen].mean()),
        )
        for chosen in (index == quarter for quarter in range(QUANTILES))
        if chosen.any()
    ]


def _sharpness(crop: Pixels) -> float:
    """Variance of the Laplacian over the variance of the pixels, so that contrast drops out."""
    gray = crop.mean(axis=-1)
    return float(cv2.Laplacian(gray, cv2.CV_64F).var() / max(float(gray.var()), 1.0))


_MEASURES: dict[str, Callable[[Pixels], float]] = {
    "brightness": lambda crop: float(crop.mean()),
    "contrast": lambda crop: float(crop.mean(axis=-1).std()),
    "sharpness": _sharpness,
}
