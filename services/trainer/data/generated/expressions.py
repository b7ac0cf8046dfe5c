"""What brows, eyes and mouth of a drawn face do in each expression."""

from collections.abc import Mapping
from dataclasses import astuple, dataclass

import numpy as np

from services.common.domain.emotions import Emotion

# Standard deviation of a feature around its expression's value: faces of one class differ, and
# the classes stay apart (a mouth of anger and one of sadness differ by 0.09).
_SPREAD = 0.02


@dataclass(frozen=True, slots=True)
class Features:
    """Lengths in halves of the face's height, positive is upwards or open.

    Attributes:
        brow_raise: of the whole brow.
        brow_inner: of its inner end, the outer one goes the other way by half as much.
        eye_open: half of an eye's height.
        mouth_corners: against its middle.
        mouth_open: half of its height.
        mouth_width: half of it.
        nose_wrinkle: length of the wrinkles on the nose.
    """

    brow_raise: float
    brow_inner: float
    eye_open: float
    mouth_corners: float
    mouth_open: float
    mouth_width: float
    nose_wrinkle: float

    def varied(self, rng: np.random.Generator) -> "Features":
        """Return features a little off; nothing opens less than shut."""
        brow_raise, brow_inner, eye, corners, mouth, width, wrinkle = (
            value + rng.normal(0, _SPREAD) for value in astuple(self)
        )
        return Features(
            brow_raise, brow_inner, max(0.02, eye), corners, max(0, mouth), width, max(0, wrinkle)
        )


FEATURES: Mapping[Emotion, Features] = {
    Emotion.SURPRISE: Features(0.14, 0.02, 0.15, 0.0, 0.17, 0.14, 0.0),
    Emotion.FEAR: Features(0.12, 0.10, 0.15, -0.05, 0.07, 0.27, 0.0),
    Emotion.DISGUST: Features(-0.06, -0.04, 0.05, -0.13, 0.04, 0.20, 0.10),
    Emotion.HAPPINESS: Features(0.03, 0.0, 0.08, 0.16, 0.06, 0.32, 0.0),
    Emotion.ANGER: Features(-0.06, -0.14, 0.09, -0.03, 0.0, 0.22, 0.0),
    Emotion.SADNESS: Features(0.02, 0.12, 0.06, -0.12, 0.0, 0.20, 0.0),
    Emotion.NEUTRAL: Features(0.0, 0.0, 0.09, 0.0, 0.0, 0.22, 0.0),
}
