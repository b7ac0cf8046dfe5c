"""Four images, worked out by hand as scikit-learn 1.5's classification_report prints them."""

import numpy as np
import pytest

from services.trainer.evaluation.classification_report import argmax_report, threshold_report

SURPRISE, FEAR = 0, 1
LABELS = np.array([SURPRISE, SURPRISE, FEAR, FEAR])
# Right and sure, right and unsure, wrong and sure, right and sure.
TOPS = [(SURPRISE, 0.7), (SURPRISE, 0.4), (SURPRISE, 0.8), (FEAR, 0.9)]
PROBABILITIES = np.array([[p if k == top else (1 - p) / 6 for k in range(7)] for top, p in TOPS])


def row(precision: float, recall: float, f1: float, support: int) -> dict[str, float]:
    return {"precision": precision, "recall": recall, "f1": f1, "support": support}


class TestThresholdReport:
    def test_counts_an_unsure_image_as_no_answer(self) -> None:
        report = threshold_report(PROBABILITIES, LABELS)
        assert report["no_answer"] == 1
        # Answered surprise twice (one right of two), fear once (one right of two).
        assert report["rows"]["surprise"] == row(0.5, 0.5, 0.5, 2)
        assert report["rows"]["fear"] == row(1.0, 0.5, 0.6667, 2)
        assert report["rows"]["disgust"] == row(0, 0, 0, 0)

    @pytest.mark.parametrize(
        ("name", "expected"),
        [
            ("micro avg", row(0.6667, 0.5, 0.5714, 4)),  # 2 of 3 answers, 2 of 4 labels
            ("macro avg", row(0.2143, 0.1429, 0.1667, 4)),  # over seven columns
            ("weighted avg", row(0.75, 0.5, 0.5833, 4)),
            ("samples avg", row(0.5, 0.5, 0.5, 4)),
        ],
    )
    def test_averages(self, name: str, expected: dict[str, float]) -> None:
        assert threshold_report(PROBABILITIES, LABELS)["rows"][name] == expected

    def test_exactly_one_half_is_no_answer(self) -> None:
        half = np.array([[0.5, 0.5, 0, 0, 0, 0, 0]])
        assert threshold_report(half, np.array([0]))["no_answer"] == 1


class TestArgmaxReport:
    def test_answers_every_image(self) -> None:
        report = argmax_report(PROBABILITIES, LABELS)
        assert report["no_answer"] == 0
        assert report["rows"]["surprise"] == row(0.6667, 1.0, 0.8, 2)
        assert report["rows"]["fear"] == row(1.0, 0.5, 0.6667, 2)

    def test_micro_average_is_the_accuracy(self) -> None:
        assert argmax_report(PROBABILITIES, LABELS)["rows"]["micro avg"] == row(0.75, 0.75, 0.75, 4)
