"""Pictures as hfer v0 draws them: a coloured frame per face and its number on a tab above."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from services.common.domain.limits import PhotoLimits
from services.imaging.annotate import text_colour
from services.imaging.blur import Corners, decode_blurred
from services.imaging.source import Readers

_LINE = 2
_SMALLEST_PX, _LARGEST_PX = 12.0, 24.0

Box = tuple[int, int, int, int]
Colour = tuple[int, int, int]


def number_faces(
    photo: bytes,
    boxes: Sequence[Box],
    shades: Sequence[Colour],
    *,
    pixels: int,
    width: int,
    limits: PhotoLimits,
    blurred: Sequence[Corners] = (),
    readers: Readers | None = None,
) -> NDArray[np.uint8]:
    """Draw ``boxes`` on the upright photo, scaled down to at most ``pixels``; ``[H, W, 3]``.

    Boxes are left, top, right and bottom in pixels of the photo, whose width is ``width``; right
    and bottom are exclusive. ``blurred`` are the faces that nobody is to be recognised by.

    Raises:
        ItemError: as `decode_photo` does.
    """
    decoded = decode_blurred(photo, blurred, limits=limits, enough_pixels=pixels, readers=readers)
    small = shrink(decoded.rgb, pixels=pixels)
    if not boxes:
        return small
    factor = small.shape[1] / width
    scaled = [tuple(round(side * factor) for side in box) for box in boxes]
    frames = [(left, top, right - 1, bottom - 1) for left, top, right, bottom in scaled]
    return draw_numbered(small, frames, shades)


def cut_out(
    photo: bytes,
    box: Box | None,
    *,
    pixels: int,
    limits: PhotoLimits,
    blurred: Sequence[Corners] = (),
    readers: Readers | None = None,
) -> NDArray[np.uint8]:
    """Return a box of the upright photo, or all of it, scaled down to at most ``pixels``.

    Raises:
        ItemError: as `decode_photo` does.
    """
    rgb = decode_blurred(photo, blurred, limits=limits, readers=readers).rgb
    left, top, right, bottom = box or (0, 0, rgb.shape[1], rgb.shape[0])
    return shrink(rgb[top:bottom, left:right], pixels=pixels)


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
