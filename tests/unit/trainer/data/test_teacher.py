from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from services.trainer.config import DistillConfig
from services.trainer.data.teacher import BundleTeacher, load_teacher
from services.trainer.errors import RunError
from services.vision.bundle import Bundle, load_golden
from services.vision.classifiers.port import Precision
from services.vision.transforms import Pixels


class Fixed:
    precision = Precision.FP32

    def __init__(self) -> None:
        self.seen: list[Pixels] = []

    def classify(self, crops: Pixels) -> NDArray[np.float64]:
        self.seen.append(crops)
        return np.tile([0.64, 0.36, 0, 0, 0, 0, 0], (len(crops), 1))


class TestBundleTeacher:
    def test_softens_by_the_temperature(self) -> None:
        teacher = BundleTeacher(Fixed(), identity="fixed", temperature=2)
        found = teacher.answers(np.zeros((3, 16, 16, 1), np.float32))
        assert found.dtype == np.float32
        np.testing.assert_allclose(found[2], [0.8 / 1.4, 0.6 / 1.4, 0, 0, 0, 0, 0], rtol=1e-6)

    def test_hands_over_bytes(self) -> None:
        classifier = Fixed()
        crops = np.array([-3.0, 0.4, 0.6, 254.6, 300.0], np.float32).reshape(5, 1, 1, 1)
        BundleTeacher(classifier, identity="fixed", temperature=1).answers(crops)
        assert classifier.seen[0].dtype == np.uint8
        assert classifier.seen[0].ravel().tolist() == [0, 0, 1, 255, 255]


class TestLoadTeacher:
    def test_a_recipe_without_one_has_none(self) -> None:
        assert load_teacher(DistillConfig(), shape=(16, 16, 1), threads=1) is None

    def test_answers_as_the_bundle_does(self, tiny_bundle: Bundle) -> None:
        config = DistillConfig(bundle=str(tiny_bundle.directory), temperature=1)
        teacher = load_teacher(config, shape=(16, 16, 1), threads=1)
        assert teacher is not None
        assert teacher.identity == tiny_bundle.version
        golden = load_golden(tiny_bundle)
        found = teacher.answers(golden.crops.astype(np.float32))
        np.testing.assert_allclose(found, golden.probabilities, atol=1e-3)

    def test_refuses_one_that_takes_other_crops(self, tiny_bundle: Bundle) -> None:
        config = DistillConfig(bundle=str(tiny_bundle.directory))
        with pytest.raises(RunError, match=r"takes crops of \(16, 16, 1\).*set data\.size"):
            load_teacher(config, shape=(48, 48, 1), threads=1)

    def test_names_a_folder_that_is_no_bundle(self, tmp_path: Path) -> None:
        config = DistillConfig(bundle=str(tmp_path))
        with pytest.raises(RunError, match=r"loss\.distill\.bundle=.*is this a model bundle"):
            load_teacher(config, shape=(48, 48, 1), threads=1)
