from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from services.common.domain.faces import Box, DetectedFace
from services.trainer.data.framing import measure_framing, on_canvas
from services.vision.transforms import InputSpec, crop_face
from tests.fixtures.training import striped

Pixels = NDArray[np.uint8]
IMAGES = np.stack([striped(1, seed=index, side=48) for index in range(4)])


class FixedDetector:
    """Sees the same boxes in every photo, most confident last."""

    def __init__(self, *boxes: Box) -> None:
        self._boxes = boxes

    def detect(
        self, photos: Sequence[Pixels], *, threshold: float = 0.9, min_face_px: int = 20
    ) -> list[list[DetectedFace]]:
        del threshold, min_face_px
        faces = [DetectedFace(box, (), 0.9 + i / 100) for i, box in enumerate(self._boxes)]
        return [faces for _ in photos]


class TestMeasureFraming:
    def test_its_result_cuts_the_original_frame_out_again(self) -> None:
        box = Box(110, 84, 128, 160)  # on a canvas whose frame is 96..288
        found = measure_framing(IMAGES, detector=FixedDetector(Box(0, 0, 30, 30), box))
        assert found.crop_margin == pytest.approx(0.2)
        spec = InputSpec(
            size=48,
            channels=1,
            crop_margin=found.crop_margin,
            centre_dx=found.centre_dx,
            centre_dy=found.centre_dy,
            mean=(0.0,),
            std=(1.0,),
        )
        crop = crop_face(on_canvas(IMAGES[0]), box, spec)
        correlation = np.corrcoef(crop.ravel(), IMAGES[0].ravel())[0, 1]
        assert correlation > 0.95

    def test_tells_how_many_faces_it_rests_on(self) -> None:
        found = measure_framing(IMAGES, detector=FixedDetector(Box(96, 96, 192, 192)))
        assert (found.found, found.crop_margin, found.spread) == (1.0, 0.0, 0.0)

    def test_refuses_images_without_faces(self) -> None:
        with pytest.raises(ValueError, match="no face"):
            measure_framing(IMAGES, detector=FixedDetector())
