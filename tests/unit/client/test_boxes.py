"""Pairing boxes by their overlap."""

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hfer._boxes import iou, pair_boxes
from hfer.models import Box

BOXES = st.builds(Box, *[st.integers(0, 8)] * 2, *[st.integers(0, 8)] * 2)


class TestIou:
    @pytest.mark.parametrize(
        ("other", "expected"),
        [
            (Box(0, 0, 10, 10), 1.0),
            (Box(5, 0, 10, 10), 1 / 3),
            (Box(2, 2, 5, 5), 0.25),
            (Box(10, 0, 10, 10), 0.0),
            (Box(0, 0, 0, 10), 0.0),
        ],
    )
    def test_is_shared_over_covered_area(self, other: Box, expected: float) -> None:
        assert iou(Box(0, 0, 10, 10), other) == pytest.approx(expected)
        assert iou(other, Box(0, 0, 10, 10)) == pytest.approx(expected)


class TestPairBoxes:
    @given(st.lists(BOXES, max_size=6), st.lists(BOXES, max_size=6), st.sampled_from([0.0, 0.3, 1]))
    def test_pairs_are_one_to_one_above_the_threshold_and_none_is_left(
        self, ours: list[Box], theirs: list[Box], threshold: float
    ) -> None:
        pairs = pair_boxes(ours, theirs, threshold=threshold)
        for (one, other, _), (second, their_second, _) in combinations(pairs, 2):
            assert one < second
            assert other != their_second
        for one, other, overlap in pairs:
            assert overlap == iou(ours[one], theirs[other]) >= threshold
        mine, their = {p[0] for p in pairs}, {p[1] for p in pairs}
        for one, box in enumerate(ours):
            for other, their_box in enumerate(theirs):
                if one not in mine and other not in their:
                    overlap = iou(box, their_box)
                    assert overlap == 0 or overlap < threshold
