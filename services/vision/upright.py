"""Turned squares of a picture set upright, for the crops of classifiers and detectors."""

import math

import cv2
import numpy as np
from numpy.typing import NDArray


def span(side: float, roll: float) -> float:
    """Side of the smallest square along the pixels that holds a turned one of the same centre.

    Args:
        side: of the turned square, in any unit; the answer is in the same.
        roll: how far it is turned, in degrees.

    Returns:
        ``side`` to ``side * sqrt(2)``.
    """
    turn = math.radians(roll)
    return side * (abs(math.cos(turn)) + abs(math.sin(turn)))


def set_upright(
    picture: NDArray[np.uint8],
    centre: tuple[float, float],
    *,
    step: float,
    roll: float,
    size: int,
    mirrored: bool = False,
) -> NDArray[np.uint8]:
    """Read a turned square out of a picture so that it stands upright.

    Each pixel of the crop is interpolated between four of the picture's, wherever the next one
    is: with a ``step`` above 1 pixels are left out, so that callers reduce the picture before.

    Args:
        picture: uint8 ``[H, W, 3]``, no side 0.
        centre: ``x, y`` of the square's centre in pixels of ``picture``; 0 is the outer edge of
            its first pixel, whose middle is at 0.5.
        step: from one pixel of the crop to the next in pixels of ``picture``, above 0; the
            square's side is ``size`` of them.
        roll: how far the square is turned, in degrees, clockwise positive.
        size: side of the crop in its own pixels, from 1.
        mirrored: outside the picture is its mirror image, else its border repeated.

    Returns:
        uint8 ``[size, size, 3]``.
    """
    cos, sin = step * math.cos(math.radians(roll)), step * math.sin(math.radians(roll))
    # Middles of pixels lie at halves: pixel i of the crop is at (i + 1/2 - size/2) steps.
    first = (size - 1) / 2
    x, y = centre[0] - 0.5, centre[1] - 0.5
    matrix = np.array([[cos, -sin, x - first * (cos - sin)], [sin, cos, y - first * (cos + sin)]])
    crop = cv2.warpAffine(
        picture,
        matrix,
        (size, size),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REFLECT if mirrored else cv2.BORDER_REPLICATE,
    )
    return np.asarray(crop, dtype=np.uint8)
