"""The shipped model on the shipped samples, through the real engines."""

from pathlib import Path

import pytest

from services.common.domain.emotions import EMOTIONS, Emotion
from services.common.domain.faces import AnalysisOptions, PhotoAnalysis
from services.vision.build import build_pipeline
from services.vision.bundle import check_golden, load_bundle
from services.vision.classifiers.onnxruntime import OnnxRuntimeClassifier
from services.vision.classifiers.openvino import OpenVinoClassifier
from services.vision.classifiers.port import Precision
from services.vision.pipeline import Pipeline

REPOSITORY = Path(__file__).parents[3]
STARTER = REPOSITORY / "models" / "starter"


def photo(name: str) -> bytes:
    return (REPOSITORY / "samples" / name).read_bytes()


@pytest.fixture(scope="module")
def pipeline() -> Pipeline:
    return build_pipeline(STARTER, REPOSITORY / "models" / "mtcnn")


class TestStarter:
    def test_is_small_enough_for_the_repository(self) -> None:
        size = sum(path.stat().st_size for path in STARTER.iterdir())
        assert size < 16_000_000

    @pytest.mark.parametrize("precision", list(Precision))
    def test_gives_its_golden_answers_on_openvino(self, precision: Precision) -> None:
        bundle = load_bundle(STARTER)
        check_golden(bundle, OpenVinoClassifier(bundle, precision=precision))

    def test_gives_its_golden_answers_on_onnxruntime(self) -> None:
        bundle = load_bundle(STARTER)
        check_golden(bundle, OnnxRuntimeClassifier(bundle))

    def test_sees_happiness_in_a_broad_smile(self, pipeline: Pipeline) -> None:
        (result,) = pipeline.analyse([photo("collins.jpg")], AnalysisOptions())
        assert isinstance(result, PhotoAnalysis)
        (face,) = result.faces
        assert EMOTIONS[face.probabilities.index(max(face.probabilities))] is Emotion.HAPPINESS

    def test_analyses_the_collage_in_one_chunk_with_the_others(self, pipeline: Pipeline) -> None:
        names = ["collins.jpg", "collage.jpg", "turned.jpg"]
        results = pipeline.analyse([photo(name) for name in names], AnalysisOptions())
        analyses = [result for result in results if isinstance(result, PhotoAnalysis)]
        assert [len(analysis.faces) for analysis in analyses] == [1, 8, 1]
        assert [analysis.exif_orientation for analysis in analyses] == [1, 1, 6]
        for analysis in analyses:
            for face in analysis.faces:
                assert sum(face.probabilities) == pytest.approx(1, abs=1e-6)
                x1, y1, x2, y2 = face.box.corners
                assert 0 <= x1 < x2 <= analysis.width
                assert 0 <= y1 < y2 <= analysis.height

    def test_turned_photo_shows_an_upright_face(self, pipeline: Pipeline) -> None:
        (result,) = pipeline.analyse([photo("turned.jpg")], AnalysisOptions())
        assert isinstance(result, PhotoAnalysis)
        left_eye, right_eye, nose, mouth_left, _ = result.faces[0].landmarks
        assert left_eye[0] < right_eye[0]
        assert left_eye[1] < nose[1] < mouth_left[1]
