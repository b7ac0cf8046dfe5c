import pytest

from services.trainer.data.imbalance import imbalance


class TestImbalance:
    def test_compares_the_largest_class_with_the_smallest(self) -> None:
        found = imbalance({"happiness": 7000, "fear": 3500, "disgust": 400})
        assert found.ratio == 17.5
        # (1 - .999^n) / .001: 999.1 and 329.8.
        assert found.effective["happiness"] == pytest.approx(999.1, abs=0.05)
        assert found.effective["disgust"] == pytest.approx(329.8, abs=0.05)
        assert found.effective_ratio == pytest.approx(3.03, abs=0.01)

    def test_has_no_ratio_where_a_class_is_empty(self) -> None:
        found = imbalance({"happiness": 7, "disgust": 0})
        assert (found.ratio, found.effective_ratio) == (None, None)
        assert found.effective["disgust"] == 0
