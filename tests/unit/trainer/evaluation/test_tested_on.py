from pathlib import Path

import numpy as np
import pytest

from services.trainer.data.dataset import load_prepared
from services.trainer.data.layouts import Split
from services.trainer.data.prepare import prepare
from services.trainer.evaluation.bundle import evaluate_bundle
from services.trainer.evaluation.evaluate import evaluate_logits
from services.trainer.evaluation.tested_on import describe_test
from services.vision.bundle import Bundle
from tests.fixtures.training import DATA, write_image_folder

HASHES = ["a" * 64, "b" * 64, "b" * 64]
LABELS = np.array([0, 3, 3])


def sha256(hashes: list[str], labels: np.ndarray) -> str:
    return str(describe_test(hashes, labels, judged=False)["test_sha256"])


class TestTestedOn:
    def test_names_truth_and_number_of_images(self) -> None:
        assert describe_test(HASHES, LABELS, judged=True) == {
            "truth": "judges",
            "test_sha256": sha256(HASHES, LABELS),
            "n": 3,
        }
        assert describe_test(HASHES, LABELS, judged=False)["truth"] == "data set"

    def test_is_the_same_in_any_order(self) -> None:
        assert sha256(HASHES[::-1], LABELS[::-1]) == sha256(HASHES, LABELS)

    @pytest.mark.parametrize(
        ("hashes", "labels"),
        [
            (HASHES, np.array([0, 3, 4])),
            (HASHES[:2], LABELS[:2]),
            (["a" * 64, "b" * 64, "c" * 64], LABELS),
        ],
        ids=["another label", "an image less", "another image"],
    )
    def test_is_another_where_images_or_labels_are(
        self, hashes: list[str], labels: np.ndarray
    ) -> None:
        assert sha256(hashes, labels) != sha256(HASHES, LABELS)

    def test_a_run_and_a_bundle_know_one_test_by_one_hash(
        self, tiny_bundle: Bundle, tmp_path: Path
    ) -> None:
        data = write_image_folder(tmp_path / "data", train=2, test=2)
        prepare(data, out=tmp_path / "cache", config=DATA)
        test = load_prepared(tmp_path / "cache").test
        of_run = evaluate_logits(np.eye(7, dtype=np.float32)[test.labels], test, split=Split.TEST)
        of_bundle = evaluate_bundle(tiny_bundle.directory, data).as_json()
        for name in ("truth", "test_sha256", "n"):
            assert of_run[name] == of_bundle[name]
        assert of_run["truth"] == "data set"
