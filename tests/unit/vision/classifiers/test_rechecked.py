import numpy as np
import pytest

from services.vision.classifiers.port import Precision
from services.vision.classifiers.rechecked import RecheckedClassifier, leads


class Engine:
    """Answers with rows that a test wrote, chosen by the first pixel of each crop."""

    def __init__(self, precision: Precision, rows: np.ndarray) -> None:
        self.precision = precision
        self.rows = rows
        self.asked: list[int] = []

    def classify(self, crops: np.ndarray) -> np.ndarray:
        numbers = crops[:, 0, 0, 0]
        self.asked += numbers.tolist()
        return self.rows[numbers].copy()


def rows(*ahead: float) -> np.ndarray:
    """Probabilities whose first answer is ahead by so much."""
    found = np.zeros((len(ahead), 7))
    found[:, 2], found[:, 5] = (1 + np.array(ahead)) / 2, (1 - np.array(ahead)) / 2
    return found


CROPS = np.arange(4, dtype=np.uint8).reshape(4, 1, 1, 1)


class TestRecheckedClassifier:
    def test_asks_again_for_near_ties_alone(self) -> None:
        rough = Engine(Precision.BF16, rows(0.5, 0.04, 0.06, 0.01))
        exact = Engine(Precision.FP32, rows(-0.9, -0.03, -0.9, 0.02))
        answers = RecheckedClassifier(rough, exact, lead=0.05).classify(CROPS)
        assert exact.asked == [1, 3]
        assert leads(answers) == pytest.approx([0.5, 0.03, 0.06, 0.02])
        assert answers.argmax(axis=1).tolist() == [2, 5, 2, 2]

    def test_asks_nobody_again_without_ties(self) -> None:
        exact = Engine(Precision.FP32, rows())
        rough = Engine(Precision.BF16, rows(0.5, 0.4, 0.3, 0.9))
        assert len(RecheckedClassifier(rough, exact, lead=0.05).classify(CROPS)) == 4
        assert exact.asked == []

    def test_takes_no_crops(self) -> None:
        engines = Engine(Precision.BF16, rows()), Engine(Precision.FP32, rows())
        answers = RecheckedClassifier(*engines, lead=0.05).classify(CROPS[:0])
        assert answers.shape == (0, 7)

    def test_tells_the_narrow_precision(self) -> None:
        engines = Engine(Precision.INT8, rows()), Engine(Precision.FP32, rows())
        assert RecheckedClassifier(*engines, lead=0.05).precision is Precision.INT8
