"""The one preprocessing that trainer and worker share: a face box becomes a square crop.

Normalisation is not here: it is part of the ONNX graph, so that no two programs can differ
in it (a BGR/RGB mix-up alone costs 1.4 to 2.9 points, facenet-pytorch#123, EmotiEffLib#33).
"""

from typing import Annotated, Literal, Self

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, model_validator

from services.common.domain.faces import Box

Pixels = NDArray[np.uint8]

_Positive = Annotated[float, Field(gt=0)]


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
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    size: int = Field(ge=8, le=1024)
    channels: Literal[1, 3]
    crop_margin: float = Field(gt=-1, le=4)
    centre_dx: float = Field(default=0.0, ge=-1, le=1)
    centre_dy: float = Field(default=0.0, ge=-1, le=1)
    mean: tuple[float, ...]
    std: tuple[_Positive, ...]

    @model_validator(mode="after")
    def _one_value_per_channel(self) -> Self:
        if not len(self.mean) == len(self.std) == self.channels:
            raise ValueError(f"mean and std need {self.channels} values each")
        return self

    @property
    def shape(self) -> tuple[int, int, int]:
        """Height, width and channels of one crop."""
        return self.size, self.size, self.channels


def crop_face(rgb: Pixels, box: Box, spec: InputSpec) -> Pixels:
    """Cut the square around ``box`` out of an upright photo and scale it to the model's size.

    Pixels outside the photo repeat its border, as a black frame would look like hair or shade.
    Scaling is anti-aliased: area averages when shrinking, bilinear when enlarging.

    Args:
        rgb: uint8 ``[H, W, 3]``, upright.
        box: the face, in pixels of ``rgb``; it must overlap the photo.
        spec: the classifier's input.

    Returns:
        uint8 ``[size, size, channels]``.

    Raises:
        ValueError: if the square lies wholly outside the photo.
    """
    square = _square_window(rgb, *_square(box, spec))
    shrinks = square.shape[0] > spec.size
    method = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    scaled = cv2.resize(square, (spec.size, spec.size), interpolation=method)
    if spec.channels == 1:
        scaled = cv2.cvtColor(scaled, cv2.COLOR_RGB2GRAY)[..., np.newaxis]
    return np.asarray(scaled, dtype=np.uint8)


def _square(box: Box, spec: InputSpec) -> tuple[int, int, int]:
    """Left, top and side of the crop in whole pixels (sub-pixel shifts are below the noise)."""
    side = max(1, round(box.side * (1 + spec.crop_margin)))
    centre_x = box.x + box.w / 2 + spec.centre_dx * box.side
    centre_y = box.y + box.h / 2 + spec.centre_dy * box.side
    return round(centre_x - side / 2), round(centre_y - side / 2), side


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
