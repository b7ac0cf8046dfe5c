import math

import numpy as np
import pytest

from services.vision.detectors.area import PixelAverages, area_resize
from tests.fixtures.photos import noise


def by_definition(rgb: np.ndarray, height: int, width: int) -> np.ndarray:
    """Adaptive average pooling, one window at a time."""
    rows, columns = rgb.shape[:2]
    result = np.empty((height, width, 3))
    for i in range(height):
        top, bottom = i * rows // height, math.ceil((i + 1) * rows / height)
        for j in range(width):
            left, right = j * columns // width, math.ceil((j + 1) * columns / width)
            result[i, j] = rgb[top:bottom, left:right].mean(axis=(0, 1))
    return result


class TestAreaResize:
    @pytest.mark.parametrize(
        ("size", "target"),
        [
            ((50, 40), (31, 25)),
            ((50, 40), (50, 40)),
            ((60, 40), (20, 20)),
            ((13, 17), (24, 24)),
            ((1, 1), (24, 24)),
            ((200, 150), (7, 91)),
        ],
    )
    def test_is_adaptive_average_pooling(
        self, size: tuple[int, int], target: tuple[int, int]
    ) -> None:
        rgb = noise(size[1], size[0])
        difference = area_resize(rgb, *target) - by_definition(rgb, *target)
        assert np.abs(difference).max() < 1e-4

    @pytest.mark.parametrize(("first", "end"), [(0, 10), (5, 130), (100, 150), (149, 150)])
    def test_band_is_a_part_of_the_whole(self, first: int, end: int) -> None:
        rgb = noise(60, 333)
        whole = area_resize(rgb, 150, 37)
        band = area_resize(rgb, 150, 37, first_row=first, end_row=end)
        assert np.array_equal(band, whole[first:end])

    def test_reads_a_view_into_a_photo(self) -> None:
        view = noise(60, 60)[10:40, 20:50]
        expected = area_resize(view.copy(), 24, 24)
        assert np.array_equal(area_resize(view, 24, 24), expected)


class TestPixelAverages:
    def test_level_is_the_resized_photo_with_channels_first(self) -> None:
        rgb = noise(60, 90)
        level = PixelAverages(rgb).level(31, 25, first_row=4, end_row=20)
        assert level.flags.c_contiguous
        assert np.array_equal(level, area_resize(rgb, 31, 25)[4:20].transpose(2, 0, 1))

    def test_crops_are_resized_windows(self) -> None:
        rgb = noise(60, 90)
        crops = PixelAverages(rgb).crops(np.array([[1, 2, 31, 42], [0, 0, 60, 90]]), 24)
        assert np.array_equal(crops[0], area_resize(rgb[2:42, 1:31], 24, 24))
        assert np.array_equal(crops[1], area_resize(rgb, 24, 24))
