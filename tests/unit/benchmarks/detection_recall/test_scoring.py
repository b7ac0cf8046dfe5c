import pytest

from benchmarks.detection_recall.scoring import found, wilson
from services.common.domain.faces import Box

FACE = Box(100.0, 100.0, 30.0, 40.0)


class TestFound:
    @pytest.mark.parametrize(
        ("box", "count"),
        [
            (Box(95.0, 105.0, 40.0, 30.0), 1),  # the box of another detector, turned
            (Box(112.0, 100.0, 30.0, 40.0), 1),
            (Box(117.0, 100.0, 30.0, 40.0), 0),  # more than 0.4 sides away
            (Box(105.0, 110.0, 19.0, 19.0), 0),  # less than half as large
            (Box(70.0, 78.0, 82.0, 82.0), 0),  # more than twice as large
        ],
    )
    def test_a_box_over_the_middle_and_about_as_large(self, box: Box, count: int) -> None:
        assert found([FACE], [box]) == count

    def test_each_face_and_each_box_counts_once(self) -> None:
        beside = Box(110.0, 100.0, 30.0, 40.0)
        assert found([FACE, beside], [FACE]) == 1
        assert found([FACE], [FACE, beside]) == 1
        assert found([FACE, beside], [beside, FACE]) == 2


class TestWilson:
    def test_is_the_textbooks(self) -> None:
        assert wilson(8, 10) == pytest.approx((0.4902, 0.9433), abs=1e-4)

    def test_ends_at_0_and_1(self) -> None:
        assert wilson(0, 5)[0] == 0.0
        assert wilson(5, 5)[1] == 1.0
        assert wilson(0, 0) == (0.0, 1.0)
