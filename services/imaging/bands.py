"""Whole pictures converted a band of rows at a time: large ones would need several copies."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PIL import Image

_BAND_PIXELS = 1_000_000


def rgb_in_bands(
    image: Image.Image, convert: Callable[[Image.Image], Image.Image]
) -> NDArray[np.uint8]:
    """Return a loaded image as uint8 ``[H, W, 3]``; ``convert`` makes each band mode RGB.

    Takes 3 bytes a pixel beside the image, where Pillow's own conversion takes 4 for each step.
    """
    width, height = image.size
    rgb = np.empty((height, width, 3), np.uint8)
    rows = max(1, _BAND_PIXELS // width)
    for top in range(0, height, rows):
        bottom = min(top + rows, height)
        rgb[top:bottom] = np.asarray(convert(image.crop((0, top, width, bottom))))
    return rgb
