"""A drawn face whose brows, eyes and mouth show its expression. No one's face.

Position, size, tilt, colours, hair, background, light and noise vary by seed, so that a network
must look at the features, and so that the audit does not take two faces for the same photo.
"""

from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from services.common.domain.emotions import EMOTIONS
from services.trainer.data.generated.expressions import FEATURES, Features

Pixels = NDArray[np.uint8]
Points = NDArray[np.float64]
Colour = tuple[float, float, float]

# Drawn at twice the size and averaged: smooth edges, also at 16 px.
_OVERSAMPLING = 2
# OpenCV takes sub-pixel positions as integers with so many fractional bits.
_FRACTION_BITS = 4
_WHITE, _BLACK = (245.0, 245.0, 245.0), (25.0, 20.0, 15.0)
_LIPS, _MOUTH = (130.0, 40.0, 40.0), (60.0, 10.0, 15.0)
_DARK_SKIN, _LIGHT_SKIN = np.array([130.0, 90.0, 65.0]), np.array([250.0, 220.0, 195.0])


def draw_face(
    label: int, *, seed: int | tuple[int, ...], size: int, channels: Literal[1, 3] = 3
) -> Pixels:
    """Draw one face, uint8 ``[size, size, channels]``, gray or RGB; a pure function.

    Args:
        label: index into ``EMOTIONS``.
        seed: of all that varies; the same seed with another label is not the same face.
        size: side, in pixels.
        channels: 1 or 3.
    """
    rng = np.random.default_rng((label, *(seed if isinstance(seed, tuple) else (seed,))))
    sketch = _Sketch(size * _OVERSAMPLING, rng)
    _head(sketch, rng)
    _features(sketch, FEATURES[EMOTIONS[label]].varied(rng), rng)
    pixels = cv2.resize(sketch.pixels, (size, size), interpolation=cv2.INTER_AREA)
    pixels = _lit(pixels, rng)
    pixels += rng.normal(0, rng.uniform(2, 10), pixels.shape)
    if channels == 1:
        pixels = cv2.cvtColor(pixels.astype(np.float32), cv2.COLOR_RGB2GRAY)[..., np.newaxis]
    return np.asarray(np.clip(pixels, 0, 255), dtype=np.uint8)


class _Sketch:
    """A canvas with a coordinate system on the face: origin between nose and eyes, y downwards.

    One unit is half of the face's height.
    """

    def __init__(self, side: int, rng: np.random.Generator) -> None:
        """Paint a blurred background and choose where the face lies."""
        cells = int(rng.integers(2, 6))
        coarse = rng.uniform(0, 255, (cells, cells, 3))
        self.pixels = cv2.resize(coarse, (side, side), interpolation=cv2.INTER_LINEAR)
        self._unit = side * rng.uniform(0.38, 0.48)
        tilt = rng.uniform(-0.2, 0.2)
        cos, sin = np.cos(tilt), np.sin(tilt)
        self._turn = np.array([[cos, -sin], [sin, cos]])
        self._centre = side / 2 + rng.uniform(-0.07, 0.07, 2) * side

    def fill(self, outline: Points, colour: Colour) -> None:
        """Fill a polygon ``[N, 2]``."""
        cv2.fillPoly(self.pixels, [self._fixed(outline)], colour, cv2.LINE_AA, _FRACTION_BITS)

    def stroke(self, line: Points, colour: Colour, *, width: float) -> None:
        """Draw an open line ``[N, 2]``."""
        thickness = max(1, round(width * self._unit))
        cv2.polylines(
            self.pixels, [self._fixed(line)], False, colour, thickness, cv2.LINE_AA, _FRACTION_BITS
        )

    def _fixed(self, points: Points) -> NDArray[np.int32]:
        placed = points @ self._turn.T * self._unit + self._centre
        return np.asarray(np.rint(placed * 2**_FRACTION_BITS), dtype=np.int32)


def _head(sketch: _Sketch, rng: np.random.Generator) -> None:
    width = rng.uniform(0.7, 0.85)
    hair = tuple(rng.uniform(0, 1) * np.array([200.0, 170.0, 130.0]))
    tone = rng.uniform(0, 1)
    skin = tuple(_DARK_SKIN * (1 - tone) + _LIGHT_SKIN * tone)
    sketch.fill(_ellipse((0, -0.15), width + rng.uniform(0.05, 0.3), rng.uniform(0.95, 1.15)), hair)
    sketch.fill(_ellipse((0, 0.05), width, 1.0), skin)
    shade: Colour = tuple(0.7 * np.array(skin))
    sketch.stroke(np.array([[0.0, -0.1], [-0.08, 0.2], [0.05, 0.22]]), shade, width=0.04)


def _features(sketch: _Sketch, features: Features, rng: np.random.Generator) -> None:
    gaze = rng.uniform(-0.04, 0.04)
    for side in (-1, 1):
        _eye(sketch, features, x=side * 0.33, gaze=gaze)
        inner = (side * 0.15, -0.36 - features.brow_raise - features.brow_inner)
        outer = (side * 0.52, -0.36 - features.brow_raise + features.brow_inner / 2)
        sketch.stroke(np.array([inner, outer]), _BLACK, width=0.07)
        for row in range(3):
            wrinkle = np.array([[0.04, 0.0], [0.04 + features.nose_wrinkle, 0.05]])
            if features.nose_wrinkle > 0.05:
                at = [0.0, 0.02 + 0.07 * row]
                sketch.stroke((wrinkle + at) * [side, 1], _BLACK, width=0.025)
    _mouth(sketch, features)


def _eye(sketch: _Sketch, features: Features, *, x: float, gaze: float) -> None:
    sketch.fill(_ellipse((x, -0.14), 0.14, features.eye_open), _WHITE)
    sketch.fill(_ellipse((x + gaze, -0.14), 0.065, min(0.065, features.eye_open)), _BLACK)


def _mouth(sketch: _Sketch, features: Features) -> None:
    """Draw two parabolas that meet at the corners; shut, they are one line."""
    across = np.linspace(-1, 1, 17)
    corners = 0.5 - features.mouth_corners * across**2 + features.mouth_corners / 2
    opening = features.mouth_open * (1 - across**2)
    x = across * features.mouth_width
    upper, lower = (np.stack([x, corners + sign * opening], axis=1) for sign in (-1, 1))
    sketch.fill(np.concatenate([upper, lower[::-1]]), _MOUTH)
    for lip in (upper, lower):
        sketch.stroke(lip, _LIPS, width=0.05)


def _ellipse(centre: tuple[float, float], width: float, height: float) -> Points:
    """Return an outline with half axes ``width`` and ``height``."""
    angles = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    return np.stack([np.cos(angles) * width, np.sin(angles) * height], axis=1) + centre


def _lit(pixels: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
    """Let the light fall from one side, over all between half and full strength."""
    angle, fall = rng.uniform(0, 2 * np.pi), rng.uniform(0, 0.3)
    y, x = np.mgrid[-1 : 1 : pixels.shape[0] * 1j, -1 : 1 : pixels.shape[1] * 1j]
    light = rng.uniform(0.55, 1.0) * (1 + fall * (x * np.cos(angle) + y * np.sin(angle)))
    return np.asarray(pixels * light[..., np.newaxis])
