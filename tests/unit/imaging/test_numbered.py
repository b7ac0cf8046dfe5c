"""Frames and tabs of hfer's pictures."""

import numpy as np
import pytest

from services.imaging.numbered import draw_numbered, shrink
from tests.fixtures.photos import noise

RED, GREEN = (153, 51, 51), (51, 153, 51)


class TestShrink:
    def test_keeps_what_is_small_enough(self) -> None:
        rgb = noise(40, 30)
        assert shrink(rgb, pixels=1200) is rgb

    @pytest.mark.parametrize(("width", "height"), [(400, 300), (1000, 3), (3, 1000)])
    def test_comes_close_below_the_limit(self, width: int, height: int) -> None:
        small = shrink(noise(width, height), pixels=1000)
        assert 300 <= small.shape[0] * small.shape[1] <= 1000
        assert small.shape[2] == 3


class TestDrawNumbered:
    def test_draws_each_frame_in_its_colour_and_nothing_far_away(self) -> None:
        plain = np.full((200, 300, 3), 255, np.uint8)
        drawn = draw_numbered(plain, [(40, 60, 100, 140), (180, 60, 240, 140)], [RED, GREEN])
        assert tuple(drawn[139, 70]) == RED
        assert tuple(drawn[139, 210]) == GREEN
        assert np.array_equal(drawn[145:], plain[145:])
        assert np.array_equal(plain, np.full((200, 300, 3), 255, np.uint8))

    def test_puts_the_tab_inside_at_the_upper_edge(self) -> None:
        plain = np.full((100, 100, 3), 255, np.uint8)
        drawn = draw_numbered(plain, [(10, 0, 80, 80)], [RED])
        assert tuple(drawn[1, 12]) == RED

    def test_numbers_differ(self) -> None:
        plain = np.full((100, 100, 3), 255, np.uint8)
        box = (10, 40, 80, 80)
        one = draw_numbered(plain, [box], [RED])
        two = draw_numbered(plain, [(0, 99, 0, 99), box], [RED, RED])
        assert not np.array_equal(one[20:40], two[20:40])
