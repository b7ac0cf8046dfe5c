"""A photo's faces in the order, the boxes and the colours that hfer's clients get."""

import colorsys
import math
from collections.abc import Sequence
from dataclasses import dataclass

from services.common.domain.emotions import EMOTIONS
from services.common.domain.faces import AnalysedFace, PhotoAnalysis

Colour = tuple[int, int, int]

# Faces are read like text: ten lines from top to bottom, each from left to right.
_LINES = 10
_LIGHTNESS, _SATURATION = 0.4, 0.5


@dataclass(frozen=True, slots=True)
class Corners:
    """A face's box in whole pixels of the upright photo, right and bottom exclusive."""

    top: int
    right: int
    bottom: int
    left: int

    def scaled(self, factor: float) -> "Corners":
        """Return the box in a picture whose sides are ``factor`` times the photo's."""
        return Corners(
            *(round(side * factor) for side in (self.top, self.right, self.bottom, self.left))
        )


def in_reading_order(analysis: PhotoAnalysis) -> list[AnalysedFace]:
    """Return the faces by line, then by their left side."""
    line = analysis.height / _LINES
    return sorted(analysis.faces, key=lambda face: (face.box.y // line, face.box.x))


def corners_of(face: AnalysedFace, analysis: PhotoAnalysis) -> Corners:
    """Return the smallest box of whole pixels around a face; at least one pixel."""
    x1, y1, x2, y2 = face.box.clipped(analysis.width, analysis.height).corners
    left, top = min(int(x1), analysis.width - 1), min(int(y1), analysis.height - 1)
    return Corners(
        top=top,
        right=max(math.ceil(x2), left + 1),
        bottom=max(math.ceil(y2), top + 1),
        left=left,
    )


def colours(count: int) -> list[Colour]:
    """Return as many colours, evenly around the colour circle."""
    return [_colour(number / count) for number in range(count)]


def top_emotions(face: AnalysedFace, *, top_n: int, named: bool) -> dict[str, float]:
    """Return the most probable expressions, best first, by name or by place in `EMOTIONS`."""
    ranked: Sequence[int] = sorted(
        range(len(EMOTIONS)), key=face.probabilities.__getitem__, reverse=True
    )
    return {
        EMOTIONS[place].value if named else str(place): face.probabilities[place]
        for place in ranked[:top_n]
    }


def _colour(hue: float) -> Colour:
    red, green, blue = colorsys.hls_to_rgb(hue, _LIGHTNESS, _SATURATION)
    return round(red * 255), round(green * 255), round(blue * 255)
