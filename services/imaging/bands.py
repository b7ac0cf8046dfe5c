"""Whole pictures converted a band of rows at a time: large ones would need several copies."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PIL import Image

# The copies of a band stay in a core's cache, and below 128 KB each. Above that glibc maps them
# anew for every band: at 200,000 pixels that were 116,000 page faults and 0.3 s for 50 Mpx.
_BAND_PIXELS = 25_000


def rgb_in_bands(
    image: Image.Image, convert: Callable[[Image.Image], Image.Image]
) -> NDArray[np.uint8]:
    """Return a loaded image as uint8 ``[H, W, 3]``; ``convert`` makes each band mode RGB.

    Takes 3 bytes a pixel beside the image, where Pillow's own conversion takes 4 for each step.
    """
    width, height = image.size
    # Not np.empty, which asks for huge pages: where memory is in pieces, the kernel took 0.3 s more
    # to put them together for 50 Mpx than it takes for small ones.
    rgb = np.frombuffer(bytearray(height * width * 3), np.uint8).reshape(height, width, 3)
    rows = max(1, _BAND_PIXELS // width)
    for top in range(0, height, rows):
        bottom = min(top + rows, height)
        rgb[top:bottom] = np.asarray(convert(image.crop((0, top, width, bottom))))
    return rgb
