import math
import shutil
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest

from benchmarks.turned_faces import turned
from services.common.domain.errors import BundleError
from services.common.domain.faces import Box, DetectedFace
from services.common.domain.limits import PhotoLimits
from services.imaging.decode import decode_photo
from services.vision.detectors.retinaface import RetinaFaceDetector
from services.vision.detectors.retinaface_onnxruntime import load_retinaface_onnxruntime
from services.vision.detectors.retinaface_openvino import load_retinaface_openvino
from services.vision.transforms import Pixels
from tests.fixtures.photos import noise

REPOSITORY = Path(__file__).parents[4]
RETINAFACE, MTCNN = REPOSITORY / "models" / "retinaface", REPOSITORY / "models" / "mtcnn"


def sample(name: str) -> Pixels:
    data = (REPOSITORY / "samples" / name).read_bytes()
    return decode_photo(data, limits=PhotoLimits()).rgb


@pytest.fixture(scope="module")
def detector() -> RetinaFaceDetector:
    return load_retinaface_openvino(RETINAFACE, MTCNN)


def levels(photo: Pixels, low: int, high: int) -> Pixels:
    return (low + photo * ((high - low) / 255)).astype(np.uint8)


def assert_same_faces(ours: Sequence[DetectedFace], theirs: Sequence[DetectedFace]) -> None:
    """Far apart enough for a CPU with bfloat16, where RetinaFace proposes in it."""
    assert len(ours) == len(theirs)
    for one in ours:
        other = max(theirs, key=lambda face: face.box.iou(one.box))
        assert one.box.iou(other.box) >= 0.85
        assert one.confidence == pytest.approx(other.confidence, abs=0.05)
        assert one.roll is not None
        assert other.roll is not None
        assert abs((one.roll - other.roll + 180) % 360 - 180) <= 4


class TestFindsFaces:
    @pytest.mark.parametrize("quarters", [0, 1, 2, 3])
    @pytest.mark.parametrize("name", ["collins.jpg", "hopper.jpg", "turned.jpg"])
    def test_any_way_up(self, detector: RetinaFaceDetector, name: str, quarters: int) -> None:
        photo = np.ascontiguousarray(np.rot90(sample(name), -quarters))
        (face,) = detector.detect([photo])[0]
        assert face.roll is not None
        assert (face.roll - 90 * quarters + 180) % 360 == pytest.approx(180, abs=8)
        eye, mouth = face.landmarks[0], face.landmarks[3]
        down = (mouth[0] - eye[0], mouth[1] - eye[1])
        assert (math.degrees(math.atan2(-down[0], down[1])) - face.roll + 180) % 360 == (
            pytest.approx(180, abs=15)
        )

    @pytest.mark.parametrize("quarters", [1, 2, 3])
    @pytest.mark.parametrize("name", ["collins.jpg", "hopper.jpg", "turned.jpg"])
    def test_of_a_turned_photo_in_the_same_place(
        self, detector: RetinaFaceDetector, name: str, quarters: int
    ) -> None:
        photo = sample(name)
        (upright,) = detector.detect([photo])[0]
        (turned,) = detector.detect([np.ascontiguousarray(np.rot90(photo, -quarters))])[0]
        height, width = photo.shape[:2]
        x1, y1, x2, y2 = turned.box.corners
        places = {
            1: (y1, height - x2, y2, height - x1),
            2: (width - x2, height - y2, width - x1, height - y1),
            3: (width - y2, x1, width - y1, x2),
        }
        assert Box.from_corners(*places[quarters]).iou(upright.box) >= 0.93

    def test_that_are_tilted_and_small(self, detector: RetinaFaceDetector) -> None:
        small = cv2.resize(sample("turned.jpg"), (66, 60), interpolation=cv2.INTER_AREA)
        photo = cv2.copyMakeBorder(small, 40, 40, 40, 40, cv2.BORDER_REPLICATE)
        (face,) = detector.detect([turned(np.asarray(photo, np.uint8), -45)])[0]
        assert face.roll == pytest.approx(-45, abs=10)

    @pytest.mark.parametrize(("low", "high"), [(190, 255), (115, 140), (0, 20)])
    def test_in_faded_and_dark_photos(
        self, detector: RetinaFaceDetector, low: int, high: int
    ) -> None:
        assert len(detector.detect([levels(sample("collins.jpg"), low, high)])[0]) == 1

    @pytest.mark.parametrize("edge", ["left", "right"])
    def test_that_the_edge_cuts_in_half(self, detector: RetinaFaceDetector, edge: str) -> None:
        photo = sample("collins.jpg")
        half = photo[:, 224:] if edge == "left" else photo[:, :224]
        (face,) = detector.detect([np.ascontiguousarray(half)])[0]
        assert face.box.iou(Box(0 if edge == "left" else 180, 59, 44, 117)) > 0.6

    def test_of_a_collage_and_none_in_noise(self, detector: RetinaFaceDetector) -> None:
        found = detector.detect([sample("collage.jpg"), noise(300, 200)])
        assert [len(faces) for faces in found] == [8, 0]

    def test_of_a_photo_smaller_than_a_cell(self, detector: RetinaFaceDetector) -> None:
        assert detector.detect([np.zeros((1, 3, 3), np.uint8)]) == [[]]

    def test_as_many_as_the_threshold_lets_pass(self, detector: RetinaFaceDetector) -> None:
        photo = [sample("collage.jpg")]
        confidences = [face.confidence for face in detector.detect(photo, threshold=0.5)[0]]
        for threshold in (0.5, 0.9, 0.999):
            found = detector.detect(photo, threshold=threshold)[0]
            assert len(found) == sum(value >= threshold for value in confidences)


class TestEngines:
    @pytest.mark.parametrize("name", ["collage.jpg", "hopper.jpg", "turned.jpg"])
    def test_find_the_same_faces(self, detector: RetinaFaceDetector, name: str) -> None:
        photo = sample(name)
        other = load_retinaface_onnxruntime(RETINAFACE, MTCNN)
        for lying in (photo, np.ascontiguousarray(photo[::-1, ::-1])):
            assert_same_faces(detector.detect([lying])[0], other.detect([lying])[0])

    @pytest.mark.parametrize("load", [load_retinaface_openvino, load_retinaface_onnxruntime])
    def test_refuse_an_altered_network(self, tmp_path: Path, load: object) -> None:
        copy = shutil.copytree(RETINAFACE, tmp_path / "retinaface")
        (copy / "retinaface.onnx").write_bytes(b"")
        with pytest.raises(BundleError, match=r"retinaface\.onnx .* restore models/retinaface"):
            load(copy, MTCNN)  # type: ignore[operator]
