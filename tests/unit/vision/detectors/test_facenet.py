from typing import Any

import numpy as np
import pytest

from services.vision.detectors.facenet import FacenetDetector
from tests.fixtures.photos import noise

FACE = (
    [[10, 20, 50, 70]],
    [0.97],
    [[[20, 30], [40, 30], [30, 45], [22, 55], [38, 55]]],
)
NONE = (None, [None], None)


class Scripted:
    """Answers a batch as ``MTCNN.detect`` does under numpy 2: arrays of objects, or None.

    A photo shows a face if its first pixel is 1.
    """

    def __init__(self) -> None:
        self.shapes: list[tuple[int, ...]] = []

    def detect(self, photos: np.ndarray, *, landmarks: bool) -> Any:
        assert landmarks
        assert photos.dtype == np.uint8
        self.shapes.append(photos.shape)
        answers = [FACE if photo[0, 0, 0] == 1 else NONE for photo in photos]
        return tuple(self._objects(part) for part in zip(*answers, strict=True))

    @staticmethod
    def _objects(values: tuple[Any, ...]) -> np.ndarray:
        array = np.empty(len(values), dtype=object)
        array[:] = [None if value is None else np.array(value, object) for value in values]
        return array


def photo(width: int = 80, height: int = 90, *, face: bool = True) -> np.ndarray:
    pixels = noise(width, height)
    pixels[0, 0] = int(face)
    return pixels


class TestFacenetDetector:
    def test_casts_arrays_of_objects(self) -> None:
        ((face,),) = FacenetDetector(Scripted()).detect([photo()])
        assert face.box.corners == (10, 20, 50, 70)
        assert face.landmarks[2] == (30, 45)
        assert face.confidence == pytest.approx(0.97)

    def test_photo_without_face_does_not_disturb_its_batch(self) -> None:
        photos = [photo(face=False), photo(), photo(face=False)]
        found = FacenetDetector(Scripted()).detect(photos)
        assert [len(faces) for faces in found] == [0, 1, 0]

    def test_batches_photos_of_one_size_and_keeps_their_order(self) -> None:
        mtcnn = Scripted()
        photos = [photo(), photo(90, 80, face=False), photo(), photo(90, 80)]
        found = FacenetDetector(mtcnn).detect(photos)
        assert mtcnn.shapes == [(2, 90, 80, 3), (2, 80, 90, 3)]
        assert [len(faces) for faces in found] == [1, 0, 1, 1]

    def test_bounds_the_pixels_of_a_batch(self) -> None:
        mtcnn = Scripted()
        FacenetDetector(mtcnn, batch_pixels=2 * 80 * 90).detect([photo()] * 5)
        assert [shape[0] for shape in mtcnn.shapes] == [2, 2, 1]

    def test_takes_a_photo_larger_than_a_batch_alone(self) -> None:
        mtcnn = Scripted()
        FacenetDetector(mtcnn, batch_pixels=10).detect([photo()] * 2)
        assert [shape[0] for shape in mtcnn.shapes] == [1, 1]

    def test_takes_no_photos(self) -> None:
        assert FacenetDetector(Scripted()).detect([]) == []

    def test_applies_threshold_and_size(self) -> None:
        assert FacenetDetector(Scripted()).detect([photo()], threshold=0.98) == [[]]
        assert FacenetDetector(Scripted()).detect([photo()], min_face_px=51) == [[]]
