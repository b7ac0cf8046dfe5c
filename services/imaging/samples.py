"""Decoded samples of any kind to 8-bit RGB, without guessing in silence."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageChops

from services.common.domain.faces import PhotoWarning
from services.imaging.bands import rgb_in_bands
from services.imaging.source import Samples

_FULL = 0xFFFF
# 12-bit sensors, films and X-rays are the usual content of 16-bit files that stay this dark.
# As they stand, the brightest sample would be 15 of 255: no viewer shows anything.
_GUESSED_BELOW = 1 << 12
_GUESSES = (8, 10, 12)
# Of 32-bit gray at a time: its arithmetic takes 8 bytes a number, some times over.
_ROWS = 64

Rgb = NDArray[np.uint8]


def as_rgb(image: Image.Image, samples: Samples) -> tuple[Rgb, list[PhotoWarning]]:
    """Return a loaded image as uint8 ``[H, W, 3]``, and what had to be assumed.

    Transparent parts become white, unless alpha is zero everywhere. 16-bit gray is scaled by
    its tags, else by 16 bits, or by 8, 10 or 12 where no sample is as high as 4096. 32-bit gray,
    whose white point no file tells, is stretched from its own range.
    """
    if image.mode.startswith("I;16"):
        return _from_16_bits(np.asarray(image), samples)
    if image.mode in {"I", "F"}:
        return _as_colour(_stretched(image, samples)), []
    if image.mode == "La":  # Pillow goes on from LA only
        image = image.convert("LA")
    if image.has_transparency_data:
        return _on_white(image, samples)
    is_rgb = image.mode == "RGB"
    return rgb_in_bands(image, lambda band: band if is_rgb else band.convert("RGB")), []


def _as_colour(gray: NDArray[np.uint8]) -> Rgb:
    return np.repeat(gray[..., None], 3, axis=2)


def _from_16_bits(gray: NDArray[np.uint16], samples: Samples) -> tuple[Rgb, list[PhotoWarning]]:
    white, warnings = samples.white or _FULL, list[PhotoWarning]()
    highest = int(gray.max())
    if highest > white:
        white = _FULL  # the tag is wrong
    elif not samples.white and 0 < highest < _GUESSED_BELOW:
        white = next((1 << bits) - 1 for bits in _GUESSES if highest < 1 << bits)
        warnings.append(PhotoWarning.SAMPLE_RANGE_GUESSED)
    steps = np.minimum(np.arange(_FULL + 1), white)
    brightness = white - steps if samples.white_is_zero else steps
    table = (brightness * 256 // (white + 1)).astype(np.uint8)
    return _as_colour(table[gray]), warnings


def _stretched(image: Image.Image, samples: Samples) -> NDArray[np.uint8]:
    values = np.asarray(image)
    bands = [slice(top, top + _ROWS) for top in range(0, len(values), _ROWS)]
    ranges = [(band.min(), band.max()) for band in (_finite(values[rows]) for rows in bands)]
    low = float(min(lowest for lowest, _ in ranges))
    high = float(max(highest for _, highest in ranges))
    scale = 255.0 / (high - low) if high > low else 0.0
    gray = np.empty(values.shape, np.uint8)
    for rows in bands:
        gray[rows] = np.round((_finite(values[rows]) - low) * scale)
    return ~gray if samples.white_is_zero else gray


def _finite(values: NDArray[np.int32] | NDArray[np.float32]) -> NDArray[np.float64]:
    return np.nan_to_num(values.astype(np.float64), posinf=0.0, neginf=0.0)


def _on_white(image: Image.Image, samples: Samples) -> tuple[Rgb, list[PhotoWarning]]:
    highest = 0

    def convert(band: Image.Image) -> Image.Image:
        nonlocal highest
        rgba = band.convert("RGBA")
        alpha = rgba.getchannel("A")
        highest = max(highest, int(np.asarray(alpha).max()))
        if samples.premultiplied:
            paper = ImageChops.invert(alpha)
            return ImageChops.add(rgba.convert("RGB"), Image.merge("RGB", (paper, paper, paper)))
        paper = Image.new("RGBA", rgba.size, "white")
        return Image.alpha_composite(paper, rgba).convert("RGB")

    rgb = rgb_in_bands(image, convert)
    if highest > 0:
        return rgb, []
    unmixed = rgb_in_bands(image, lambda band: band.convert("RGBA").convert("RGB"))
    return unmixed, [PhotoWarning.EMPTY_ALPHA_IGNORED]
