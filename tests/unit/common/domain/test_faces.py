import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from services.common.domain.faces import LANDMARKS, Box

coordinates = st.floats(min_value=-500, max_value=1500)
sizes = st.floats(min_value=0, max_value=1500)
boxes = st.builds(Box, x=coordinates, y=coordinates, w=sizes, h=sizes)
# So thin that its far edge rounds to a place of its own.
THIN = Box(0.0, 128.0, 1.0, 4.4217065110895617e-13)


class TestBox:
    def test_corners_and_back(self) -> None:
        box = Box.from_corners(10, 20, 40, 80)
        assert box == Box(10, 20, 30, 60)
        assert box.corners == (10, 20, 40, 80)
        assert box.side == 60

    @given(boxes)
    def test_clipping_keeps_it_inside_the_photo(self, box: Box) -> None:
        x1, y1, x2, y2 = box.clipped(640, 480).corners
        assert 0 <= x1 <= x2 <= 640 + 1e-9
        assert 0 <= y1 <= y2 <= 480 + 1e-9

    @given(boxes)
    def test_clipping_leaves_the_inside_alone(self, box: Box) -> None:
        clipped = box.clipped(640, 480)
        assert clipped.clipped(640, 480).corners == pytest.approx(clipped.corners)

    @given(boxes, boxes)
    @example(THIN, THIN)
    def test_iou_is_symmetric_and_bounded(self, first: Box, second: Box) -> None:
        assert first.iou(second) == pytest.approx(second.iou(first))
        assert 0 <= first.iou(second) <= 1

    def test_iou_of_halves(self) -> None:
        assert Box(0, 0, 2, 1).iou(Box(0, 0, 1, 1)) == pytest.approx(0.5)
        assert Box(0, 0, 1, 1).iou(Box(5, 5, 1, 1)) == 0
        assert Box(0, 0, 0, 0).iou(Box(0, 0, 0, 0)) == 0


def test_landmarks_keep_mtcnns_order() -> None:
    assert [str(name) for name in LANDMARKS] == [
        "left_eye",
        "right_eye",
        "nose",
        "mouth_left",
        "mouth_right",
    ]
