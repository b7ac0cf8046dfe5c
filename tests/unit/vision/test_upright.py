import math

import numpy as np
import pytest

from services.vision.upright import set_upright, span
from tests.fixtures.photos import noise


class TestSpan:
    @pytest.mark.parametrize("roll", [0, 90, -90, 180])
    def test_of_a_square_along_the_pixels_is_its_side(self, roll: float) -> None:
        assert span(40, roll) == pytest.approx(40)

    @pytest.mark.parametrize("roll", [45, -135])
    def test_of_a_square_on_its_corner_is_its_diagonal(self, roll: float) -> None:
        assert span(40, roll) == pytest.approx(40 * math.sqrt(2))


class TestSetUpright:
    def test_copies_the_pixels_of_a_square_that_stands_on_them(self) -> None:
        photo = noise(80, 60)
        crop = set_upright(photo, (36, 26), step=1, roll=0, size=32)
        assert np.array_equal(crop, photo[10:42, 20:52])

    @pytest.mark.parametrize("quarters", [1, 2, 3])
    def test_turns_back_what_was_turned_clockwise(self, quarters: int) -> None:
        photo = noise(60, 60)
        turned = np.rot90(photo, -quarters)
        crop = set_upright(turned, (30, 30), step=1, roll=90 * quarters, size=32)
        assert np.array_equal(crop, photo[14:46, 14:46])

    def test_a_step_below_one_reads_between_pixels(self) -> None:
        ramp = np.repeat(np.arange(0, 200, 10, dtype=np.uint8), 3).reshape(1, 20, 3)
        crop = set_upright(np.repeat(ramp, 20, axis=0), (10, 10), step=0.5, roll=0, size=8)
        # A crop pixel is half a photo pixel wide: its middle lies a quarter beside the middle.
        assert crop[0, :4, 0].tolist() == [78, 82, 88, 92]

    def test_a_step_above_one_leaves_pixels_out(self) -> None:
        photo = noise(90, 90)
        crop = set_upright(photo, (45, 45), step=3, roll=0, size=16)
        assert np.array_equal(crop, photo[22:70:3, 22:70:3])

    def test_repeats_the_border_outside_the_picture(self) -> None:
        photo = noise(40, 40)
        crop = set_upright(photo, (0, 20), step=1, roll=0, size=16)
        assert np.array_equal(crop[:, 8:], photo[12:28, :8])
        assert (crop[:, :8] == photo[12:28, :1]).all()

    def test_reads_a_window_of_a_larger_picture(self) -> None:
        photo = noise(80, 60)
        whole = set_upright(photo, (40.25, 30.5), step=0.7, roll=33, size=24)
        window = set_upright(photo[10:50, 20:60], (20.25, 20.5), step=0.7, roll=33, size=24)
        assert np.array_equal(whole, window)
