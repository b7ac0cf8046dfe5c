import json

import numpy as np
import pytest

from services.trainer.data.dataset import Subset
from services.trainer.data.layouts import Split
from services.trainer.evaluation.calibrate import Calibration
from services.trainer.evaluation.evaluate import evaluate_logits

LABELS = np.tile(np.arange(7), 10)
LEAKED = np.arange(70) < 21
DATA = Subset(np.zeros((70, 16, 16, 1), dtype=np.uint8), LABELS, LEAKED)


def logits() -> np.ndarray:
    """Right on every leaked image and on none of the clean ones."""
    answers = np.where(LEAKED, LABELS, (LABELS + 1) % 7)
    return (np.eye(7)[answers] * 4).astype(np.float32)


class TestEvaluateLogits:
    def test_tells_clean_and_leaked_images_apart(self) -> None:
        result = evaluate_logits(logits(), DATA, split=Split.TEST)
        assert result["accuracy"]["value"] == pytest.approx(0.3)
        assert result["subsets"]["clean"]["accuracy"]["value"] == 0
        assert result["subsets"]["leaked"]["accuracy"]["value"] == 1
        assert result["subsets"]["clean"]["n"] + result["subsets"]["leaked"]["n"] == result["n"]

    def test_is_plain_json_with_intervals_around_the_values(self) -> None:
        result = json.loads(json.dumps(evaluate_logits(logits(), DATA, split=Split.TEST)))
        for name in ("accuracy", "macro_recall", "macro_f1"):
            measure = result[name]
            assert measure["low"] <= measure["value"] <= measure["high"]
        assert "after_temperature" not in result

    def test_evaluates_the_exported_temperature_on_a_test_split(self) -> None:
        calibration = Calibration(temperature=10.0, abstention_threshold=0.0)
        result = evaluate_logits(logits(), DATA, split=Split.TEST, calibration=calibration)
        assert not result["after_temperature"]["cross_fitted"]
        assert result["after_temperature"]["nll"] < result["before_temperature"]["nll"]

    def test_cross_fits_where_the_temperature_was_fitted(self) -> None:
        calibration = Calibration(temperature=0.1, abstention_threshold=0.0)
        result = evaluate_logits(logits(), DATA, split=Split.VALIDATION, calibration=calibration)
        assert result["after_temperature"]["cross_fitted"]
        assert result["after_temperature"]["nll"] < result["before_temperature"]["nll"]

    def test_tells_how_uncertain_answers_fare(self) -> None:
        mixed = logits()
        mixed[~LEAKED] /= 8  # unsure where it is wrong
        calibration = Calibration(temperature=1.0, abstention_threshold=0.5)
        evaluated = evaluate_logits(mixed, DATA, split=Split.TEST, calibration=calibration)
        result = evaluated["uncertain"]
        assert result["share"] == pytest.approx(0.7)
        assert (result["accuracy_when_sure"], result["accuracy_when_uncertain"]) == (1, 0)
