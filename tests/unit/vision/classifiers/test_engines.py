from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from services.common.domain.errors import BundleError
from services.vision.bundle import Bundle, check_golden, load_bundle, load_golden
from services.vision.classifiers.onnxruntime import OnnxRuntimeClassifier
from services.vision.classifiers.openvino import OpenVinoClassifier
from services.vision.classifiers.port import ExpressionClassifier, Precision

Load = Callable[[Bundle], ExpressionClassifier]
STARTER = Path(__file__).parents[4] / "models" / "starter"
ENGINES = [OpenVinoClassifier, OnnxRuntimeClassifier]


@pytest.mark.parametrize("load", ENGINES)
class TestEngines:
    def test_gives_the_golden_answers(self, tiny_bundle: Bundle, load: Load) -> None:
        assert check_golden(tiny_bundle, load(tiny_bundle)) < 1e-5

    @pytest.mark.parametrize("count", [1, 13, 29])
    def test_batches_do_not_change_answers(
        self, tiny_bundle: Bundle, load: Load, count: int
    ) -> None:
        golden = load_golden(tiny_bundle)
        turns = np.arange(count) % len(golden.crops)
        engine = load(tiny_bundle)
        answers = engine.classify(golden.crops[turns])
        alone = np.concatenate([engine.classify(golden.crops[[turn]]) for turn in turns])
        assert np.abs(answers - golden.probabilities[turns]).max() < 1e-5
        assert (answers == alone).all()

    def test_rows_sum_to_one(self, tiny_bundle: Bundle, load: Load) -> None:
        answers = load(tiny_bundle).classify(load_golden(tiny_bundle).crops)
        assert np.abs(answers.sum(axis=1) - 1).max() < 1e-9

    def test_takes_no_faces(self, tiny_bundle: Bundle, load: Load) -> None:
        crops = np.empty((0, *tiny_bundle.manifest.input.shape), np.uint8)
        assert load(tiny_bundle).classify(crops).shape == (0, 7)

    @pytest.mark.parametrize(
        "crops", [np.zeros((1, 16, 16, 3), np.uint8), np.zeros((1, 16, 16, 1), np.float32)]
    )
    def test_refuses_other_crops(self, tiny_bundle: Bundle, load: Load, crops: np.ndarray) -> None:
        with pytest.raises(ValueError, match="expected uint8 crops"):
            load(tiny_bundle).classify(crops)


class TestPrecisions:
    @pytest.mark.parametrize("precision", list(Precision))
    def test_a_face_has_one_answer_whatever_its_batch(self, precision: Precision) -> None:
        starter = load_bundle(STARTER)
        crops = load_golden(starter).crops[:13]
        classifier = OpenVinoClassifier(starter, precision=precision)
        alone = np.concatenate([classifier.classify(crop[np.newaxis]) for crop in crops])
        assert (classifier.classify(crops) == alone).all()

    def test_bf16_stays_within_its_golden_tolerance(self, tiny_bundle: Bundle) -> None:
        classifier = OpenVinoClassifier(tiny_bundle, precision=Precision.BF16)
        assert classifier.precision is Precision.BF16
        check_golden(tiny_bundle, classifier)

    def test_int8_needs_a_network_of_its_own(self, tiny_bundle: Bundle) -> None:
        with pytest.raises(BundleError, match="no int8 network"):
            OpenVinoClassifier(tiny_bundle, precision=Precision.INT8)
