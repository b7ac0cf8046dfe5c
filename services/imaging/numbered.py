"""Pictures as hfer draws them: a coloured frame per face and its number on a tab above."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from services.imaging.annotate import text_colour

_LINE = 2
_SMALLEST_PX, _LARGEST_PX = 12.0, 24.0

Box = tuple[int, int, int, int]
Colour = tuple[int, int, int]


def shrink(rgb: NDArray[np.uint8], *, pixels: int) -> NDArray[np.uint8]:
    """Scale uint8 ``[H, W, 3]`` down to at most ``pixels`` in all; never up."""
    height, width = rgb.shape[:2]
    if height * width <= pixels:
        return rgb
    factor = (pixels / (height * width)) ** 0.5
    size = (max(1, int(width * factor)), max(1, int(height * factor)))
    return np.asarray(Image.fromarray(rgb).resize(size, Image.Resampling.LANCZOS))


def draw_numbered(
    rgb: NDArray[np.uint8], boxes: Sequence[Box], shades: Sequence[Colour]
) -> NDArray[np.uint8]:
    """Draw a frame for each of ``boxes`` (left, top, right, bottom) on uint8 ``[H, W, 3]``.

    The first is marked face1, the second face2, and so on.
    """
    picture = Image.fromarray(rgb)
    draw = ImageDraw.Draw(picture)
    for box, shade in zip(boxes, shades, strict=True):
        draw.rectangle(box, outline=shade, width=_LINE)
    # Above all frames, so that no frame crosses a number.
    for number, (box, shade) in enumerate(zip(boxes, shades, strict=True), start=1):
        _tab(draw, box, shade, f"face{number}")
    return np.asarray(picture)


def _tab(draw: ImageDraw.ImageDraw, box: Box, shade: Colour, text: str) -> None:
    left, top, _, bottom = box
    font = ImageFont.load_default(size=min(max((bottom - top) / 6, _SMALLEST_PX), _LARGEST_PX))
    x1, y1, x2, y2 = draw.textbbox((0, 0), text, font=font)
    height = y2 - y1 + 2 * _LINE
    # A face at the upper edge has its tab inside.
    at = max(top - height, 0)
    draw.rectangle((left, at, left + x2 - x1 + 2 * _LINE, at + height), fill=shade)
    draw.text((left + _LINE - x1, at + _LINE - y1), text, fill=text_colour(shade), font=font)
