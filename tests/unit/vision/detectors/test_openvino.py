import shutil
from pathlib import Path

import numpy as np
import pytest

from services.common.domain.errors import BundleError
from services.common.domain.limits import PhotoLimits
from services.imaging.decode import decode_photo
from services.vision.detectors import openvino as openvino_engine
from services.vision.detectors.mtcnn import MtcnnDetector
from services.vision.detectors.networks import read_networks
from services.vision.detectors.openvino import load_openvino_detector
from services.vision.transforms import Pixels
from tests.fixtures.photos import noise

REPOSITORY = Path(__file__).parents[4]
MTCNN = REPOSITORY / "models" / "mtcnn"


def sample(name: str) -> Pixels:
    data = (REPOSITORY / "samples" / name).read_bytes()
    return decode_photo(data, limits=PhotoLimits()).rgb


@pytest.fixture(scope="module")
def detector() -> MtcnnDetector:
    return load_openvino_detector(MTCNN)


class TestReadNetworks:
    @pytest.fixture
    def copy(self, tmp_path: Path) -> Path:
        return shutil.copytree(MTCNN, tmp_path / "mtcnn")

    def test_reads_all_three(self) -> None:
        assert read_networks(MTCNN, "pnet", "rnet", "onet").keys() == {"pnet", "rnet", "onet"}

    @pytest.mark.parametrize("name", ["pnet.onnx", "rnet.onnx", "onet.onnx"])
    def test_refuses_one_changed_byte(self, copy: Path, name: str) -> None:
        data = bytearray((copy / name).read_bytes())
        data[-1] ^= 1
        (copy / name).write_bytes(data)
        with pytest.raises(BundleError, match=f"{name} is not what its SHA-256 says"):
            read_networks(copy, "pnet", "rnet", "onet")

    @pytest.mark.parametrize("name", ["manifest.json", "rnet.onnx"])
    def test_refuses_incomplete_folder(self, copy: Path, name: str) -> None:
        (copy / name).unlink()
        with pytest.raises(BundleError, match="incomplete"):
            read_networks(copy, "pnet", "rnet", "onet")

    @pytest.mark.parametrize("text", ["{", "[]", "{}", '{"files": {}}'])
    def test_refuses_broken_manifest(self, copy: Path, text: str) -> None:
        (copy / "manifest.json").write_text(text)
        with pytest.raises(BundleError, match="incomplete"):
            read_networks(copy, "pnet", "rnet", "onet")


class TestScreen:
    """Bfloat16 before float32: on a CPU without, OpenVINO imitates it."""

    @pytest.fixture
    def screened(self, monkeypatch: pytest.MonkeyPatch) -> MtcnnDetector:
        monkeypatch.setattr(openvino_engine, "cpu_capabilities", lambda: ["FP32", "BF16"])
        return load_openvino_detector(MTCNN)

    @pytest.fixture
    def plain(self, monkeypatch: pytest.MonkeyPatch) -> MtcnnDetector:
        monkeypatch.setattr(openvino_engine, "cpu_capabilities", lambda: ["FP32"])
        return load_openvino_detector(MTCNN)

    @pytest.mark.parametrize("name", ["collage.jpg", "hopper.jpg"])
    def test_changes_no_face(
        self, screened: MtcnnDetector, plain: MtcnnDetector, name: str
    ) -> None:
        photo = sample(name)
        ours = screened.detect([photo], threshold=0.7)
        theirs = plain.detect([photo], threshold=0.7)
        assert ours == theirs
        assert ours[0]

    def test_finds_nothing_on_a_wall(self, screened: MtcnnDetector) -> None:
        wall = np.full((600, 800, 3), 180, np.uint8)
        assert screened.detect([wall]) == [[]]


class TestDetector:
    def test_finds_the_face_of_a_portrait(self, detector: MtcnnDetector) -> None:
        ((face,),) = detector.detect([sample("collins.jpg")])
        left_eye, right_eye, nose, mouth_left, mouth_right = face.landmarks
        assert face.confidence > 0.99
        assert left_eye[0] < nose[0] < right_eye[0]
        assert left_eye[1] < nose[1] < mouth_left[1]
        assert mouth_left[0] < mouth_right[0]
        assert 80 < face.box.side < 130

    def test_finds_every_face_of_the_collage(self, detector: MtcnnDetector) -> None:
        (faces,) = detector.detect([sample("collage.jpg")])
        assert len(faces) == 8

    def test_finds_none_in_noise(self, detector: MtcnnDetector) -> None:
        assert detector.detect([noise(320, 240)]) == [[]]

    def test_moves_with_the_photo(self, detector: MtcnnDetector) -> None:
        photo = sample("collins.jpg")
        ((face,),) = detector.detect([photo])
        shifted = np.pad(photo, ((40, 0), (60, 0), (0, 0)), mode="edge")
        ((moved,),) = detector.detect([shifted])
        assert moved.box.x - face.box.x == pytest.approx(60, abs=5)
        assert moved.box.y - face.box.y == pytest.approx(40, abs=5)

    def test_neighbours_in_a_chunk_change_nothing(self, detector: MtcnnDetector) -> None:
        photos = [sample("collins.jpg"), noise(200, 100), sample("hopper.jpg")]
        alone = [detector.detect([photo])[0] for photo in photos]
        assert detector.detect(photos) == alone

    def test_leaves_small_faces_out_when_told(self, detector: MtcnnDetector) -> None:
        (faces,) = detector.detect([sample("collage.jpg")], min_face_px=60)
        assert 0 < len(faces) < 8
        assert all(face.box.side >= 60 for face in faces)

    @pytest.mark.parametrize("size", [(20, 20), (20, 500), (500, 21), (33, 47)])
    def test_takes_photos_of_any_size(self, detector: MtcnnDetector, size: tuple[int, int]) -> None:
        assert detector.detect([noise(*size)]) == [[]]
