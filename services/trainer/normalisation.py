"""Mean and deviation of the training pixels: part of the network's graph, not of serving."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Normalisation:
    """Per channel, on the scale 0..255."""

    mean: tuple[float, ...]
    std: tuple[float, ...]


def measure(images: NDArray[np.uint8]) -> Normalisation:
    """Measure uint8 ``[N, S, S, C]``; rounded to hundredths, for a manifest people can read."""
    channels = [images[..., channel] for channel in range(images.shape[-1])]
    return Normalisation(
        mean=tuple(round(float(pixels.mean()), 2) for pixels in channels),
        std=tuple(max(1.0, round(float(pixels.std()), 2)) for pixels in channels),
    )
