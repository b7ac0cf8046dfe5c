import numpy as np

from services.common.domain.faces import DetectedFace
from services.vision.detectors.port import faces_from_arrays


def faces(
    corners: list[float], *, score: float = 0.95, threshold: float = 0.9, min_face_px: int = 20
) -> list[DetectedFace]:
    points = np.array([[[-3.0, 10], [50, 200], [30, 30], [20, 40], [40, 40]]], np.float32)
    return faces_from_arrays(
        np.array([corners], np.float32),
        np.array([score], np.float32),
        points,
        size=(64, 48),
        threshold=threshold,
        min_face_px=min_face_px,
    )


class TestFacesFromArrays:
    def test_clips_box_and_landmarks_to_the_photo(self) -> None:
        (face,) = faces([-10, -5, 70, 60])
        assert face.box.corners == (0, 0, 64, 48)
        assert face.landmarks[0] == (0, 10)
        assert face.landmarks[1] == (50, 48)

    def test_gives_python_floats(self) -> None:
        (face,) = faces([1, 2, 40, 40])
        values = [*face.box.corners, face.confidence, *(v for p in face.landmarks for v in p)]
        assert {type(value) for value in values} == {float}

    def test_keeps_confidence_within_one(self) -> None:
        (face,) = faces([1, 2, 40, 40], score=1.0000001)
        assert face.confidence == 1.0

    def test_drops_what_is_below_the_threshold(self) -> None:
        assert faces([1, 2, 40, 40], score=0.89) == []

    def test_measures_the_longer_side_after_clipping(self) -> None:
        assert faces([-30, 0, 19, 15], min_face_px=20) == []
        assert len(faces([0, 0, 20, 15], min_face_px=20)) == 1

    def test_drops_a_box_outside_the_photo(self) -> None:
        assert faces([70, 0, 90, 40]) == []
