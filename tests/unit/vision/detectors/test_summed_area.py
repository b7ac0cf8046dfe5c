import numpy as np
import pytest

from services.vision.detectors.area import PixelAverages
from services.vision.detectors.summed_area import LARGEST_PHOTO, SummedArea
from tests.fixtures.photos import noise


def loaded(rgb: np.ndarray) -> SummedArea:
    table = SummedArea()
    table.load(rgb)
    return table


class TestLevel:
    @pytest.mark.parametrize("target", [(31, 25), (50, 40), (20, 20), (97, 61), (1, 1)])
    def test_is_the_average_of_the_pixels(self, target: tuple[int, int]) -> None:
        rgb = noise(40, 50)
        ours = loaded(rgb).level(*target, first_row=0, end_row=target[0])
        expected = PixelAverages(rgb).level(*target, first_row=0, end_row=target[0])
        assert ours.dtype == np.float32
        assert ours.shape == (3, *target)
        assert np.abs(ours - expected).max() < 1e-4

    @pytest.mark.parametrize(("first", "end"), [(0, 10), (5, 130), (100, 150), (149, 150)])
    def test_band_is_a_part_of_the_whole(self, first: int, end: int) -> None:
        table = loaded(noise(60, 333))
        whole = table.level(150, 37, first_row=0, end_row=150)
        assert np.array_equal(
            table.level(150, 37, first_row=first, end_row=end), whole[:, first:end]
        )

    def test_cuts_wide_photos_into_strips(self) -> None:
        rgb = noise(30_000, 5)
        ours = loaded(rgb).level(3, 18_000, first_row=0, end_row=3)
        expected = PixelAverages(rgb).level(3, 18_000, first_row=0, end_row=3)
        assert np.abs(ours - expected).max() < 1e-4


class TestCrops:
    def test_are_the_averages_of_each_window(self) -> None:
        rgb = noise(90, 70)
        corners = np.array([[0, 0, 90, 70], [3, 5, 4, 6], [10, 20, 34, 44], [60, 1, 90, 66]])
        ours = loaded(rgb).crops(corners, 24)
        expected = PixelAverages(rgb).crops(corners, 24)
        assert ours.dtype == np.float32
        assert np.abs(ours - expected).max() < 1e-4

    def test_of_no_window_are_none(self) -> None:
        crops = loaded(noise(30, 30)).crops(np.empty((0, 4), np.intp), 24)
        assert crops.shape == (0, 24, 24, 3)


class TestLoad:
    def test_takes_smaller_and_larger_photos_after_another(self) -> None:
        table = SummedArea()
        for size in [(40, 30), (90, 80), (20, 70), (41, 31)]:
            rgb = noise(*size)
            table.load(rgb)
            ours = table.level(12, 12, first_row=0, end_row=12)
            expected = PixelAverages(rgb).level(12, 12, first_row=0, end_row=12)
            assert np.abs(ours - expected).max() < 1e-4

    def test_holds_the_sums_of_the_largest_white_photo(self) -> None:
        side = int(LARGEST_PHOTO**0.5)
        table = loaded(np.full((side, side, 3), 255, np.uint8))
        assert table.level(2, 2, first_row=0, end_row=2).min() == 255
        assert table.crops(np.array([[0, 0, side, side]]), 24).max() == 255
