import numpy as np
import pytest

from benchmarks.classifier.figures import Measured, figures

FOUND = {
    ("keras predict", 1): Measured([0.1, 0.3, 0.2]),
    ("tensorflow", 32): Measured([0.04, 0.04, 0.06]),
    ("fp32", 1): Measured([0.05, 0.05, 0.05]),
    ("fp32", 32): Measured([0.02, 0.02, 0.02]),
}


def found(**answers: list[np.ndarray]) -> dict[str, object]:
    memory = {"keras predict": 900.0, "tensorflow": 900.0, "fp32": 300.0}
    return figures(FOUND, answers=answers, memory=memory)


class TestFigures:
    def test_ratios_are_medians_over_rounds_of_the_best_batch(self) -> None:
        ratios = found(fp32=[np.eye(7)])["ratios"]
        assert ratios == {"fp32": {"over_keras_predict": 10.0, "over_tensorflow": 2.0}}

    def test_a_row_for_each_engine_and_batch(self) -> None:
        rows = found(fp32=[np.eye(7)])["engines"]
        assert isinstance(rows, list)
        assert [(row["engine"], row["batch"], row["ms_per_face"]) for row in rows] == [
            ("keras predict", 1, 200.0),
            ("tensorflow", 32, 40.0),
            ("fp32", 1, 50.0),
            ("fp32", 32, 20.0),
        ]

    def test_agreement_is_over_all_parts(self) -> None:
        exact = np.eye(7)
        other = exact[[0, 1, 2, 3, 4, 6, 6]]
        measured = figures(
            {**FOUND, ("bf16", 32): Measured([0.01] * 3)},
            answers={"fp32": [exact[:3], exact[3:]], "bf16": [other[:3], other[3:]]},
            memory={"keras predict": 1, "tensorflow": 1, "fp32": 1, "bf16": 1},
        )
        assert measured["agreement"]["fp32"] == {"top1": 1.0, "max_dp": 0.0}
        assert measured["agreement"]["bf16"]["top1"] == pytest.approx(6 / 7, abs=1e-4)
        assert measured["agreement"]["bf16"]["max_dp"] == 1.0
