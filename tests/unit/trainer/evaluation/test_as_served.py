import numpy as np
import pytest

from services.trainer.data.dataset import Subset
from services.trainer.evaluation.as_served import compare_as_served

LABELS = np.array([0, 1, 2, 3])
IMAGES = np.zeros((4, 8, 8, 1), np.uint8)
FOUND = np.array([True, True, True, False])


def data(found: np.ndarray | None = FOUND) -> Subset:
    return Subset(IMAGES, LABELS, np.zeros(4, dtype=bool), IMAGES, found)


def logits(*answers: int) -> np.ndarray:
    return np.eye(7, dtype=np.float32)[list(answers)]


class TestCompareAsServed:
    def test_compares_both_views_where_a_face_was_found(self) -> None:
        found = compare_as_served(logits(0, 1, 5, 3), logits(0, 4, 5, 6), data())
        assert found is not None
        assert (found["n"], found["faces_found"]) == (3, 0.75)
        assert found["in_own_frame"]["accuracy"] == pytest.approx(2 / 3, abs=1e-3)
        assert found["as_served"]["accuracy"] == pytest.approx(1 / 3, abs=1e-3)
        assert found["same_answer"] == pytest.approx(2 / 3, abs=1e-3)

    def test_has_nothing_to_say_without_the_second_view(self) -> None:
        answers = logits(0, 1, 2, 3)
        assert compare_as_served(answers, answers, data(None)) is None
        assert compare_as_served(answers, answers, data(np.zeros(4, dtype=bool))) is None
