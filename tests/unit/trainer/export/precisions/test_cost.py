import numpy as np
import pytest

from services.common.domain.errors import BundleError
from services.trainer.export.precisions import cost as module
from services.trainer.export.precisions.cost import cost, evaluate_precisions
from services.vision.bundle import Bundle, BundleCard, Golden, load_golden
from services.vision.classifiers.port import Precision


def rows(*first: int, top: float = 0.9) -> np.ndarray:
    found = np.full((len(first), 7), (1 - top) / 6)
    found[np.arange(len(first)), first] = top
    return found


class TestCost:
    def test_compares_with_fp32_and_with_the_truth(self) -> None:
        labels = np.array([0, 1, 2, 3])
        found = cost(rows(0, 1, 2, 4), rows(0, 1, 3, 4), labels)
        assert found["n"] == 4
        assert found["accuracy"] == 0.75
        assert found["top1_agreement"] == 0.75
        assert found["max_dp"] == pytest.approx(0.8833, abs=1e-4)

    def test_a_tie_catches_all_changed_answers_but_four_in_1000(self) -> None:
        count = 800
        exact, found = np.zeros((count, 7)), np.zeros((count, 7))
        exact[:, 0], exact[:, 1] = 0.6, 0.4
        found[:, 0], found[:, 1] = 0.6, 0.4
        found[:5, 0], found[:5, 1] = [0.49, 0.485, 0.48, 0.4, 0.3], [0.51, 0.515, 0.52, 0.6, 0.7]
        told = cost(found, exact, np.zeros(count, np.int64))
        # Five change, the three furthest may: what is left are leads of 0.02 and 0.03.
        assert told["tie"] == pytest.approx(0.035)
        assert told["tied"] == round(2 / count, 4)

    def test_without_changed_answers_nothing_is_a_tie(self) -> None:
        told = cost(rows(0, 1), rows(0, 1), np.array([0, 1]))
        assert (told["tie"], told["tied"]) == (0.0, 0.0)

    def test_fp32_costs_nothing(self) -> None:
        found = cost(rows(0, 1), rows(0, 1), np.array([0, 1]))
        assert (found["top1_agreement"], found["max_dp"], found["mean_dp"]) == (1.0, 0.0, 0.0)


class TestEvaluatePrecisions:
    def evaluate(self, bundle: Bundle, golden: Golden) -> dict[str, dict[str, object]]:
        manifest = {name: value for name, value in dict(bundle.manifest).items() if name != "files"}
        return evaluate_precisions(
            BundleCard(**manifest),
            model=bundle.model_path().read_bytes(),
            golden=golden,
            extras={},
            crops=golden.crops,
            labels=np.zeros(len(golden.crops), np.int64),
        )

    def test_evaluates_what_the_bundle_has(self, tiny_bundle: Bundle) -> None:
        found = self.evaluate(tiny_bundle, load_golden(tiny_bundle))
        assert found["fp32"]["top1_agreement"] == 1.0
        assert found.keys() <= {"fp32", "bf16"}

    def test_bf16_that_fails_its_golden_answers_is_told_and_not_measured(
        self, tiny_bundle: Bundle, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def precisions(_bundle: Bundle) -> list[Precision]:
            return [Precision.FP32, Precision.BF16]

        def check(_bundle: Bundle, classifier: module.OpenVinoClassifier) -> None:
            if classifier.precision is Precision.BF16:
                raise BundleError("too far off")

        monkeypatch.setattr(module, "_precisions", precisions)
        monkeypatch.setattr(module, "check_golden", check)
        found = self.evaluate(tiny_bundle, load_golden(tiny_bundle))
        assert found["bf16"] == {"refused": "too far off"}

    def test_refuses_fp32_that_fails_its_golden_answers(self, tiny_bundle: Bundle) -> None:
        golden = load_golden(tiny_bundle)
        wrong = Golden(golden.crops, golden.probabilities[:, ::-1].copy())
        with pytest.raises(BundleError, match="golden answers"):
            self.evaluate(tiny_bundle, wrong)
