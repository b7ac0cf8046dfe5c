from collections.abc import Mapping

import numpy as np
import pytest

from services.vision.detectors.boxes import Floats
from services.vision.detectors.priors import STRIDES
from services.vision.detectors.tilted import propose_tilted
from services.vision.transforms import Pixels


class Spotter:
    """Takes every light pixel for a face of 16 px at its cell of 8."""

    def cells(self, pixels: Pixels) -> Mapping[int, Floats]:
        height, width = (side - 1 for side in pixels.shape[:2])
        grids = {
            stride: np.full((30, height // stride, width // stride), -9, np.float32)
            for stride in STRIDES
        }
        for y, x in np.argwhere((pixels > 240).all(axis=2)):
            grids[8][:, (y - 1) // 8, (x - 1) // 8] = 0
            grids[8][1, (y - 1) // 8, (x - 1) // 8] = -9
        return grids


@pytest.mark.parametrize("degrees", [-45, 30, 45])
def test_what_is_found_in_a_tilted_photo_is_in_its_place(degrees: float) -> None:
    photo = np.full((96, 160, 3), 128, np.uint8)
    photo[58:64, 98:104] = 255
    boxes, logits, points = propose_tilted(
        Spotter(), photo, size=(320, 192), lowest_logit=-1, degrees=degrees
    )
    assert len(logits) >= 1
    # Within half of the network's cell of 8, in a photo of twice the picture's size.
    middles = (boxes[:, :2] + boxes[:, 2:]) / 2
    assert np.abs(middles - [202, 122]).max() <= 24
    np.testing.assert_allclose(boxes[:, 2:] - boxes[:, :2], 32, rtol=1e-4)
    np.testing.assert_allclose(points, np.repeat(middles[:, np.newaxis], 5, axis=1), atol=1e-3)
