from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from services.common.domain.faces import Box, DetectedFace
from services.trainer.data.framing import (
    cut_as_served,
    find_faces,
    measure_framing,
    on_canvas,
)
from services.vision.transforms import InputSpec, crop_detected, crop_face
from tests.fixtures.training import striped

Pixels = NDArray[np.uint8]
IMAGES = np.stack([striped(1, seed=index, side=48) for index in range(4)])


class FixedDetector:
    """Sees the same boxes in every photo, least confident last."""

    def __init__(self, *boxes: Box) -> None:
        self._boxes = boxes

    def detect(
        self, photos: Sequence[Pixels], *, threshold: float = 0.9, min_face_px: int = 20
    ) -> list[list[DetectedFace]]:
        del threshold, min_face_px
        faces = [DetectedFace(box, (), 0.99 - i / 100) for i, box in enumerate(self._boxes)]
        return [faces for _ in photos]


class ShadeDetector:
    """Sees a face as far to the right as the photo is bright."""

    def detect(
        self, photos: Sequence[NDArray[np.uint8]], *, threshold: float = 0.9, min_face_px: int = 20
    ) -> list[list[DetectedFace]]:
        del threshold, min_face_px
        return [[DetectedFace(Box(int(photo[0, 0, 0]), 0, 9, 9), (), 0.99)] for photo in photos]


SPEC = InputSpec(size=48, channels=1, crop_margin=0.0, mean=(0.0,), std=(1.0,))
# The frame of a 48 px image is 64..192 on its canvas.
FRAME = Box(64, 64, 128, 128)


def face(box: Box, **known: Any) -> DetectedFace:
    return DetectedFace(box, (), 0.99, **known)


class TestFindFaces:
    def test_takes_the_largest_as_serving_lists_it_first(self) -> None:
        detector = FixedDetector(Box(0, 0, 30, 30), FRAME)
        assert find_faces(IMAGES, detectors=[detector]) == [DetectedFace(FRAME, (), 0.98)] * 4

    def test_says_where_there_is_none(self) -> None:
        assert find_faces(IMAGES, detectors=[FixedDetector()]) == [None] * 4

    def test_of_several_detectors_in_the_order_of_the_images(self) -> None:
        shades = np.arange(100, dtype=np.uint8)
        images = np.broadcast_to(shades[:, None, None, None], (100, 8, 8, 1))
        found = find_faces(images, detectors=[ShadeDetector(), ShadeDetector()])
        assert [one.box.x for one in found if one] == shades.tolist()

    def test_tells_its_progress(self) -> None:
        seen: list[tuple[int, int]] = []
        find_faces(
            IMAGES,
            detectors=[FixedDetector()],
            progress=lambda done, total: seen.append((done, total)),
        )
        assert seen == [(4, 4)]


class TestOnCanvas:
    def test_leaves_large_images_at_their_size(self) -> None:
        image = striped(1, seed=0, side=200)
        canvas = on_canvas(image)
        assert canvas.shape == (400, 400, 3)
        assert (canvas[100:300, 100:300, 0] == image[..., 0]).all()


class TestMeasureFraming:
    def test_its_result_cuts_the_original_frame_out_again(self) -> None:
        box = Box(74, 56, 85, 107)
        found = measure_framing([face(box)] * 4, side=48)
        assert found.crop_margin == pytest.approx(128 / 107 - 1, abs=1e-3)
        spec = SPEC.model_copy(
            update={
                "crop_margin": found.crop_margin,
                "centre_dx": found.centre_dx,
                "centre_dy": found.centre_dy,
            }
        )
        crop = crop_face(on_canvas(IMAGES[0]), box, spec)
        correlation = np.corrcoef(crop.ravel(), IMAGES[0].ravel())[0, 1]
        assert correlation > 0.95

    def test_tells_how_many_faces_it_rests_on(self) -> None:
        found = measure_framing([face(FRAME), None], side=48)
        assert (found.found, found.crop_margin, found.spread) == (0.5, 0.0, 0.0)

    def test_refuses_images_without_faces(self) -> None:
        with pytest.raises(ValueError, match="no face"):
            measure_framing([None], side=48)


class TestCutAsServed:
    def test_cuts_what_serving_cuts_from_the_same_photo(self) -> None:
        box = Box(70, 60, 90, 110)
        spec = SPEC.model_copy(update={"crop_margin": 0.1})
        served = cut_as_served(IMAGES, [face(box)] * 4, spec)
        assert (served[2] == crop_face(on_canvas(IMAGES[2]), box, spec)).all()
        assert not (served[2] == IMAGES[2]).all()

    def test_turns_a_face_upright_as_serving_does(self) -> None:
        turned = face(Box(60, 60, 136, 136), roll=40.0, upright=Box(78, 73, 100, 110))
        served = cut_as_served(IMAGES, [turned] * 4, SPEC)
        assert (served[1] == crop_detected(on_canvas(IMAGES[1]), turned, SPEC)).all()

    def test_leaves_an_image_without_a_face_as_it_is(self) -> None:
        served = cut_as_served(IMAGES, [None, face(FRAME), None, None], SPEC)
        assert (served[[0, 2, 3]] == IMAGES[[0, 2, 3]]).all()
