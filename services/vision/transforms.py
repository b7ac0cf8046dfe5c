"""The one preprocessing that trainer and worker share: a face box becomes a square crop.

Normalisation is not here: it is part of the ONNX graph, so that no two programs can differ
in it (a BGR/RGB mix-up alone costs 1.4 to 2.9 points, facenet-pytorch#123, EmotiEffLib#33).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal, Self

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, model_validator

from services.common.domain.faces import Box, DetectedFace, Point
from services.vision.upright import set_upright, span

Pixels = NDArray[np.uint8]

_Positive = Annotated[float, Field(gt=0)]
_Place = tuple[Annotated[float, Field(ge=-1, le=2)], Annotated[float, Field(ge=-1, le=2)]]

# Times the model's size at which a large face is turned.
_FINE = 2
# Heads that are turned by less are cropped as they stand, pixel by pixel as ever. Of 619 faces
# turned by 5 degrees 407 are answered rightly as they stand and 408 turned upright, by 7 degrees
# 403 and 408, by 10 degrees 394 and 411; below 5 the roll is lost in the landmarks' own errors.
UPRIGHT_DEGREES = 5.0


class InputSpec(BaseModel):
    """What a classifier wants to see, kept in its bundle.

    Attributes:
        size: side of the square crop, in pixels.
        channels: 1 for gray (BT.601 luma), 3 for RGB.
        crop_margin: the crop's side is the longer side of the box times ``1 + crop_margin``.
        centre_dx: shift of the crop's centre to the right, as a share of the box's longer side.
        centre_dy: the same, downwards.
        mean: per channel, in 0..255, subtracted inside the ONNX graph; kept for the record.
        std: per channel, divided by inside the ONNX graph; kept for the record.
        landmarks: where the five landmarks lie in the crop, in shares of its side, in the order of
            ``LANDMARKS``: faces are framed by them, and by margin and shift only where a face has
            none. None: by the box alone, as every bundle of format version 1.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    size: int = Field(ge=8, le=1024)
    channels: Literal[1, 3]
    crop_margin: float = Field(gt=-1, le=4)
    centre_dx: float = Field(default=0.0, ge=-1, le=1)
    centre_dy: float = Field(default=0.0, ge=-1, le=1)
    mean: tuple[float, ...]
    std: tuple[_Positive, ...]
    # Left out of a manifest that has none: readers of version 1 know no such field.
    landmarks: tuple[_Place, _Place, _Place, _Place, _Place] | None = Field(
        default=None, exclude_if=lambda value: value is None
    )

    @model_validator(mode="after")
    def _one_value_per_channel(self) -> Self:
        if not len(self.mean) == len(self.std) == self.channels:
            raise ValueError(f"mean and std need {self.channels} values each")
        return self

    @property
    def shape(self) -> tuple[int, int, int]:
        """Height, width and channels of one crop."""
        return self.size, self.size, self.channels

    @property
    def whole(self) -> "InputSpec":
        """The same input for pictures that are frames already: no margin, no shift, no turn."""
        framing = {"crop_margin": 0.0, "centre_dx": 0.0, "centre_dy": 0.0, "landmarks": None}
        return self.model_copy(update=framing)


@dataclass(frozen=True, slots=True)
class Square:
    """What a crop shows: centre and side in pixels of the photo, ``roll`` in degrees.

    ``roll`` is that of its upright direction, clockwise positive; whole quarters are cut along
    the pixels.
    """

    x: float
    y: float
    side: float
    roll: float = 0.0


def crop_detected(rgb: Pixels, face: DetectedFace, spec: InputSpec) -> Pixels:
    """Cut a detected face out of an upright photo as its classifier wants to see it.

    See `crop_face`, which it is for a bundle that frames by the box. One that frames by
    landmarks gets the square in which they lie nearest to where its ``landmarks`` are.

    Args:
        rgb: uint8 ``[H, W, 3]``, upright.
        face: found in ``rgb``.
        spec: the classifier's input.

    Returns:
        uint8 ``[size, size, channels]``.

    Raises:
        ValueError: if the square lies wholly outside the photo.
    """
    if spec.landmarks and face.landmarks:
        return _cut(rgb, _square_of_landmarks(face.landmarks, spec.landmarks), spec)
    return crop_face(rgb, face.upright or face.box, spec, roll=face.roll)


def crop_face(rgb: Pixels, box: Box, spec: InputSpec, *, roll: float | None = None) -> Pixels:
    """Cut the square around ``box`` out of an upright photo and scale it to the model's size.

    Pixels outside the photo repeat its border, as a black frame would look like hair or shade.
    Scaling is anti-aliased: area averages when shrinking, bilinear when enlarging.

    Args:
        rgb: uint8 ``[H, W, 3]``, upright.
        box: the face, in pixels of ``rgb``; it must overlap the photo. Its centre is the face's
            and its longer side the face's own, whichever way the face is turned.
        spec: the classifier's input.
        roll: how far the face is turned, in degrees, clockwise positive; the crop is turned
            upright about the box's centre, by ``turn_of`` of it. None: not turned.

    Returns:
        uint8 ``[size, size, channels]``.

    Raises:
        ValueError: if the square lies wholly outside the photo.
    """
    turn = 0.0 if roll is None else turn_of(roll)
    return _cut(rgb, _square_of_box(box, spec, roll=turn), spec)


def turn_of(roll: float) -> float:
    """Return by how many degrees the crop of a face turned by ``roll`` is turned.

    Whole quarters where the face is within ``UPRIGHT_DEGREES`` of one: a photo that lies on its
    side then gives, pixel by pixel, the crops that it gives upright.
    """
    quarter = 90.0 * round(roll / 90)
    return quarter if abs(roll - quarter) < UPRIGHT_DEGREES else roll


def _square_of_box(box: Box, spec: InputSpec, *, roll: float) -> Square:
    cos, sin = math.cos(math.radians(roll)), math.sin(math.radians(roll))
    dx, dy = spec.centre_dx * box.side, spec.centre_dy * box.side
    return Square(
        x=box.x + box.w / 2 + dx * cos - dy * sin,
        y=box.y + box.h / 2 + dx * sin + dy * cos,
        side=box.side * (1 + spec.crop_margin),
        roll=roll,
    )


def _square_of_landmarks(points: Sequence[Point], wanted: Sequence[Point]) -> Square:
    """Fit the square whose ``wanted`` places come nearest to ``points``, in squares.

    Shift, turn and scale without mirroring are one complex factor and one complex shift.
    """
    found, places = (np.array([complex(*point) for point in each]) for each in (points, wanted))
    shape = places - places.mean()
    factor = np.vdot(shape, found - found.mean()) / np.vdot(shape, shape)
    centre = found.mean() + factor * (complex(0.5, 0.5) - places.mean())
    return Square(
        float(centre.real),
        float(centre.imag),
        side=float(abs(factor)),
        roll=math.degrees(float(np.angle(factor))),
    )


def _cut(rgb: Pixels, square: Square, spec: InputSpec) -> Pixels:
    along = square.roll % 90 == 0
    scaled = _along_pixels(rgb, square, spec) if along else _turned(rgb, square, spec)
    if spec.channels == 1:
        scaled = cv2.cvtColor(scaled, cv2.COLOR_RGB2GRAY)[..., np.newaxis]
    return np.asarray(scaled, dtype=np.uint8)


def _along_pixels(rgb: Pixels, square: Square, spec: InputSpec) -> Pixels:
    """Cut in whole pixels (sub-pixel shifts are below the noise), turn by quarters and scale."""
    side = max(1, round(square.side))
    left, top = round(square.x - side / 2), round(square.y - side / 2)
    window = np.rot90(_square_window(rgb, left, top, side), int(square.roll // 90))
    return _scaled(np.ascontiguousarray(window), spec.size)


def _turned(rgb: Pixels, square: Square, spec: InputSpec) -> Pixels:
    """Cut the window that holds the turned square, shrink it, then turn it upright.

    Turning alone would skip pixels of a large face; shrinking alone to the model's size and then
    turning would blur twice. So it is shrunk to twice that size, and by area to it at last. Of a
    crop's sharpness (Laplacian's variance, 160 px to 32) that keeps 85 %; three times the size
    keeps 95 % and gave no more right answers (407 and 411 of 619 faces turned by 10 degrees).
    """
    window = math.ceil(span(square.side, square.roll)) + 2
    left, top = round(square.x - window / 2), round(square.y - window / 2)
    pixels = _square_window(rgb, left, top, window)
    fine = spec.size * (_FINE if square.side > spec.size else 1)
    if square.side > fine:
        pixels = _scaled(pixels, math.ceil(window * fine / square.side))
    shrunk = pixels.shape[0] / window
    centre = (square.x - left) * shrunk, (square.y - top) * shrunk
    step = square.side / fine * shrunk
    turned = set_upright(pixels, centre, step=step, roll=square.roll, size=fine)
    return _scaled(turned, spec.size)


def _scaled(square: Pixels, size: int) -> Pixels:
    method = cv2.INTER_AREA if square.shape[0] > size else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(square, (size, size), interpolation=method), dtype=np.uint8)


def _square_window(rgb: Pixels, left: int, top: int, side: int) -> Pixels:
    height, width = rgb.shape[:2]
    x1, y1, x2, y2 = (
        max(left, 0),
        max(top, 0),
        min(left + side, width),
        min(top + side, height),
    )
    if x1 >= x2 or y1 >= y2:
        raise ValueError(f"the crop at {left},{top} lies outside the {width}x{height} photo")
    inside = rgb[y1:y2, x1:x2]
    if inside.shape[:2] == (side, side):
        return inside
    borders = (y1 - top, top + side - y2, x1 - left, left + side - x2)
    padded = cv2.copyMakeBorder(inside, *borders, borderType=cv2.BORDER_REPLICATE)
    return np.asarray(padded, dtype=np.uint8)
