import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from services.common.domain.errors import BundleError
from services.common.domain.faces import AnalysisOptions, PhotoAnalysis
from services.vision.build import build_pipeline
from services.vision.bundle import Bundle
from services.vision.detectors.mtcnn import MtcnnDetector
from services.vision.detectors.retinaface import RetinaFaceDetector
from services.vision.engines import (
    ClassifierKind,
    DetectorKind,
    cuda_available,
    detector_of,
    load_detector,
)
from tests.fixtures.bundles import write_tiny_bundle

REPOSITORY = Path(__file__).parents[3]
MTCNN = REPOSITORY / "models" / "mtcnn"

# Runs the whole CPU path in a process of its own and prints what it imported.
_CPU_PATH = """
import sys
from pathlib import Path
from services.common.domain.faces import AnalysisOptions
from services.vision.build import build_pipeline
bundle, mtcnn, photo = map(Path, sys.argv[1:])
build_pipeline(bundle, mtcnn).analyse([photo.read_bytes()], AnalysisOptions())
print(*sorted({name.partition(".")[0] for name in sys.modules}))
"""


class TestBuildPipeline:
    @pytest.mark.parametrize("classifier", [ClassifierKind.OPENVINO, ClassifierKind.ONNXRUNTIME])
    @pytest.mark.parametrize("detector", [DetectorKind.AUTO, DetectorKind.OPENVINO])
    def test_builds_a_pipeline_that_analyses(
        self, tiny_bundle: Bundle, detector: DetectorKind, classifier: ClassifierKind
    ) -> None:
        pipeline = build_pipeline(
            tiny_bundle.directory, MTCNN, detector=detector, classifier=classifier
        )
        assert pipeline.detector == detector_of(detector)
        photo = (REPOSITORY / "samples" / "collins.jpg").read_bytes()
        (result,) = pipeline.analyse([photo], AnalysisOptions())
        assert isinstance(result, PhotoAnalysis)
        assert len(result.faces) == 1
        assert sum(result.faces[0].probabilities) == pytest.approx(1, abs=1e-9)

    def test_refuses_altered_weights(self, tiny_bundle: Bundle) -> None:
        path = tiny_bundle.model_path()
        path.write_bytes(path.read_bytes() + b"\0")
        with pytest.raises(BundleError, match="SHA-256"):
            build_pipeline(tiny_bundle.directory, MTCNN, detector=DetectorKind.OPENVINO)

    def test_refuses_weights_that_miss_the_golden_answers(
        self, tiny_bundle: Bundle, tmp_path: Path
    ) -> None:
        # Another network under a manifest that names it truly: every hash fits.
        other = write_tiny_bundle(tmp_path / "other", seed=9)
        data = other.model_path().read_bytes()
        manifest = (tiny_bundle.directory / "bundle.json").read_text()
        was, becomes = tiny_bundle.manifest.files, other.manifest.files
        (tiny_bundle.directory / "bundle.json").write_text(
            manifest.replace(was["model.onnx"], becomes["model.onnx"])
        )
        tiny_bundle.model_path().write_bytes(data)
        with pytest.raises(BundleError, match="golden"):
            build_pipeline(tiny_bundle.directory, MTCNN, detector=DetectorKind.OPENVINO)

    def test_refuses_altered_detector(self, tiny_bundle: Bundle, tmp_path: Path) -> None:
        copy = shutil.copytree(MTCNN, tmp_path / "mtcnn")
        (copy / "onet.onnx").write_bytes(b"")
        with pytest.raises(BundleError, match="onet"):
            build_pipeline(tiny_bundle.directory, copy, detector=DetectorKind.OPENVINO)


class TestLoadDetector:
    @pytest.mark.parametrize("cuda", [False, True])
    def test_auto_is_retinaface_on_cpus_and_on_gpus(self, cuda: bool) -> None:
        detector = load_detector(DetectorKind.AUTO, MTCNN, cuda=cuda, threads=1)
        assert isinstance(detector, RetinaFaceDetector)

    def test_openvino_is_mtcnn_as_before(self) -> None:
        detector = load_detector(DetectorKind.OPENVINO, MTCNN, cuda=False, threads=1)
        assert isinstance(detector, MtcnnDetector)

    def test_mtcnn_without_numba_says_how_to_get_it(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
        with pytest.raises(BundleError, match="WORKER_MTCNN=yes"):
            load_detector(DetectorKind.OPENVINO, MTCNN, cuda=False, threads=1)


class TestCpuPath:
    def test_imports_neither_torch_nor_tensorflow(self, tiny_bundle: Bundle) -> None:
        photo = REPOSITORY / "samples" / "collins.jpg"
        argv = [sys.executable, "-c", _CPU_PATH, tiny_bundle.directory, MTCNN, photo]
        done = subprocess.run(argv, capture_output=True, text=True, check=True, cwd=REPOSITORY)
        imported = set(done.stdout.split())
        assert "openvino" in imported
        assert not imported & {
            "torch",
            "torchvision",
            "tensorflow",
            "keras",
            "facenet_pytorch",
            "onnx",
            "onnxruntime",
            "numba",
        }

    def test_finds_no_cuda_without_a_driver(self) -> None:
        assert cuda_available() is Path("/proc/driver/nvidia/version").exists()
