"""A face in a picture of its own: at a size, turned, cut by an edge, in a kind of light.

Pillow and numpy's integers and seeded generators alone: the same bytes on every machine.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from benchmarks.detection_recall.sources import Source
from services.common.domain.faces import Box

Pixels = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Picture:
    """What the detectors see, and where the faces are; no box where there is no face.

    ``group`` and ``row`` say which line of the report it counts in. Boxes may be of faces that
    are turned: what counts of them is the centre and the longer side.
    """

    group: str
    row: str
    rgb: Pixels
    faces: tuple[Box, ...]


def portrait(
    source: Source,
    side: float,
    *,
    canvas: int,
    degrees: float = 0.0,
    mirrored: bool = False,
) -> tuple[Image.Image, Box]:
    """Return a square photo with the face in its middle, and the face's box.

    Args:
        source: the face.
        side: longer side of its box in the picture, in pixels.
        canvas: width and height of the picture; what the photo does not reach is its mean colour.
        degrees: turned clockwise about the face's centre.
        mirrored: left and right swapped.
    """
    turned, scale = _scaled(source, side, canvas), side / source.box.side
    if mirrored:
        turned = ImageOps.mirror(turned)
    if degrees:
        colour = _mean_colour(source)
        turned = turned.rotate(-degrees, Image.Resampling.BICUBIC, fillcolor=colour)
    edge = (turned.width - canvas) // 2
    picture = turned.crop((edge, edge, edge + canvas, edge + canvas))
    w, h = source.box.w * scale, source.box.h * scale
    middle = turned.width / 2 - edge
    return picture, Box(middle - w / 2, middle - h / 2, w, h)


@lru_cache(maxsize=128)
def _scaled(source: Source, side: float, canvas: int) -> Image.Image:
    """Return the square around the face that a canvas sweeps while it is turned, scaled."""
    scale = side / source.box.side
    reach = math.ceil(canvas * math.sqrt(0.5) / scale) + 2
    x, y = _centre(source.box)
    left, top = round(x) - reach, round(y) - reach
    ground = Image.new("RGB", (2 * reach, 2 * reach), _mean_colour(source))
    ground.paste(source.photo, (-left, -top))
    large = round(2 * reach * scale)
    return ground.resize((large, large), Image.Resampling.LANCZOS)


def cut(picture: Image.Image, face: Box, *, edge: str, part: float) -> tuple[Image.Image, Box]:
    """Cut the picture so that its ``edge`` takes ``part`` of the face; returns what is left."""
    left, top, right, bottom = 0, 0, picture.width, picture.height
    x1, y1, x2, y2 = face.corners
    if edge == "left":
        left = round(x1 + part * face.w)
    elif edge == "right":
        right = round(x2 - part * face.w)
    elif edge == "top":
        top = round(y1 + part * face.h)
    else:
        bottom = round(y2 - part * face.h)
    whole = Box(x1 - left, y1 - top, face.w, face.h)
    return picture.crop((left, top, right, bottom)), whole.clipped(right - left, bottom - top)


def dark(rgb: Pixels, _face: Box) -> Pixels:
    """Levels 0..20 of 255, as of a photo taken without the flash."""
    return _levels(rgb, 0, 20)


def faded(rgb: Pixels, _face: Box) -> Pixels:
    """Levels 190..255, as of a print that lay in the sun."""
    return _levels(rgb, 190, 255)


def low_contrast(rgb: Pixels, _face: Box) -> Pixels:
    """Levels 115..140, as of a scan of a microfilm or of fog."""
    return _levels(rgb, 115, 140)


def overexposed(rgb: Pixels, _face: Box) -> Pixels:
    """Two and a half times the light, clipped at 255."""
    return np.minimum(rgb.astype(np.uint16) * 5 // 2, 255).astype(np.uint8)


def backlit(rgb: Pixels, face: Box) -> Pixels:
    """The face at an eighth of its light before a ground of 200..255."""
    height, width = rgb.shape[:2]
    x, y = _centre(face)
    down, across = np.ogrid[:height, :width]
    distance = ((across - x) / (0.75 * face.w)) ** 2 + ((down - y) / (0.75 * face.h)) ** 2
    # 0 on the face, 255 outside, straight between one and one and a half radii.
    outside = np.clip((distance - 1) * 204, 0, 255).astype(np.uint32)[..., None]
    mixed: NDArray[np.uint32] = (rgb // 8) * (255 - outside) + _levels(rgb, 200, 255) * outside
    return (mixed // 255).astype(np.uint8)


def tungsten(rgb: Pixels, _face: Box) -> Pixels:
    """A lamp's colour (red 1, green 0.6, blue 0.25) and noise, standard deviation 25 levels."""
    cast = rgb.astype(np.int32) * np.array([100, 60, 25], np.int32) // 100
    noise = np.random.default_rng(14).normal(0, 25, rgb.shape).round().astype(np.int32)
    lit: Pixels = np.clip(cast + noise, 0, 255).astype(np.uint8)
    return lit


LIGHTS = {
    "dark": dark,
    "faded": faded,
    "low contrast": low_contrast,
    "overexposed": overexposed,
    "backlit": backlit,
    "colour cast and noise": tungsten,
}


def crowd(
    sources: Sequence[Source], side: int, *, cell: int, columns: int, rows: int, seed: int
) -> tuple[Image.Image, tuple[Box, ...]]:
    """Return a photo of ``columns`` x ``rows`` faces, one in each cell, and their boxes.

    Faces are drawn with hair and neck from an ellipse that fades out, up to 15 degrees to either
    side, every other one mirrored by chance, a fifth brighter or darker at most, on a ground of
    soft colours with a little noise.

    Args:
        sources: faces to draw from.
        side: longer side of each face's box, in pixels.
        cell: side of a cell, at least 1.5 times ``side``.
        columns: cells across.
        rows: cells down.
        seed: the same seed gives the same bytes.
    """
    chance = np.random.default_rng(seed)
    width, height = columns * cell, rows * cell
    soft = chance.integers(30, 220, (9, 13, 3), dtype=np.uint8)
    ground = np.asarray(Image.fromarray(soft).resize((width, height), Image.Resampling.BICUBIC))
    noise = chance.integers(-6, 7, ground.shape, dtype=np.int16)
    photo = Image.fromarray(np.clip(ground + noise, 0, 255).astype(np.uint8))
    patch = 2 * side
    mask = _ellipse(patch, 0.68 * side, 0.8 * side)
    boxes = []
    for place in range(columns * rows):
        source = sources[int(chance.integers(len(sources)))]
        face, box = portrait(
            source,
            side,
            canvas=patch,
            degrees=float(chance.integers(-15, 16)),
            mirrored=bool(chance.integers(2)),
        )
        light = int(chance.integers(80, 121))
        lit = face.point([min(255, level * light // 100) for level in range(256)] * 3)
        room = (cell - 1.5 * side) / 2
        left, top = (
            round((index + 0.5) * cell - side + room * (int(chance.integers(-100, 101)) / 100))
            for index in (place % columns, place // columns)
        )
        photo.paste(lit, (left, top), mask)
        boxes.append(Box(box.x + left, box.y + top, box.w, box.h))
    return photo, tuple(boxes)


def tiles(picture: Image.Image, *, count: int, seed: int, side: int = 480) -> list[Image.Image]:
    """Return square parts of a quarter to all of the shorter side, each resized to ``side``."""
    chance = np.random.default_rng(seed)
    shorter = min(picture.size)
    parts = []
    for _ in range(count):
        of = int(chance.integers(shorter // 4, shorter + 1))
        left = int(chance.integers(picture.width - of + 1))
        top = int(chance.integers(picture.height - of + 1))
        part = picture.crop((left, top, left + of, top + of))
        parts.append(part.resize((side, side), Image.Resampling.LANCZOS))
    return parts


def pixels(image: Image.Image) -> Pixels:
    """Return uint8 ``[H, W, 3]``."""
    return np.array(image, dtype=np.uint8)


def _levels(rgb: Pixels, low: int, high: int) -> Pixels:
    return (low + rgb.astype(np.uint32) * (high - low) // 255).astype(np.uint8)


def _ellipse(side: int, across: float, down: float) -> Image.Image:
    """A mask: 255 inside, fading to 0 over the outer 30 % of the radius."""
    y, x = np.ogrid[:side, :side]
    middle = (side - 1) / 2
    radius = np.sqrt(((x - middle) / across) ** 2 + ((y - middle) / down) ** 2)
    return Image.fromarray(np.clip((1 - radius) / 0.3 * 255, 0, 255).astype(np.uint8))


def _centre(box: Box) -> tuple[float, float]:
    return box.x + box.w / 2, box.y + box.h / 2


@lru_cache(maxsize=128)
def _mean_colour(source: Source) -> tuple[int, int, int]:
    small = np.asarray(source.photo.reduce(8))
    red, green, blue = small.reshape(-1, 3).mean(axis=0).astype(int).tolist()
    return red, green, blue
