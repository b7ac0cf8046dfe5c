from typing import Any

import numpy as np
import pytest

from services.vision.detectors.facenet import FacenetDetector
from tests.fixtures.photos import noise


class Scripted:
    """Answers as ``MTCNN.detect`` does under numpy 2: arrays of objects, or None."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)

    def detect(self, photo: np.ndarray, *, landmarks: bool) -> Any:
        assert landmarks
        assert photo.dtype == np.uint8
        return self.answers.pop(0)


def one_face() -> Any:
    return (
        np.array([[10, 20, 50, 70]], dtype=object),
        np.array([0.97], dtype=object),
        np.array([[[20, 30], [40, 30], [30, 45], [22, 55], [38, 55]]], dtype=object),
    )


class TestFacenetDetector:
    def test_casts_arrays_of_objects(self) -> None:
        ((face,),) = FacenetDetector(Scripted(one_face())).detect([noise(80, 90)])
        assert face.box.corners == (10, 20, 50, 70)
        assert face.landmarks[2] == (30, 45)
        assert face.confidence == pytest.approx(0.97)

    def test_photo_without_face_does_not_disturb_the_next(self) -> None:
        detector = FacenetDetector(Scripted((None, [None], None), one_face()))
        assert [len(faces) for faces in detector.detect([noise(80, 90)] * 2)] == [0, 1]

    def test_applies_threshold_and_size(self) -> None:
        photo = [noise(80, 90)]
        assert FacenetDetector(Scripted(one_face())).detect(photo, threshold=0.98) == [[]]
        assert FacenetDetector(Scripted(one_face())).detect(photo, min_face_px=51) == [[]]
