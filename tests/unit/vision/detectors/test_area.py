import math

import numpy as np
import pytest

from services.vision.detectors.area import area_crops, area_level
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


class TestAreaLevel:
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
    def test_is_adaptive_average_pooling_with_channels_first(
        self, size: tuple[int, int], target: tuple[int, int]
    ) -> None:
        rgb = noise(size[1], size[0])
        level = area_level(rgb, *target)
        assert level.dtype == np.float32
        expected = by_definition(rgb, *target).transpose(2, 0, 1)
        assert np.abs(level - expected).max() < 1e-4

    @pytest.mark.parametrize(("first", "end"), [(0, 10), (5, 130), (100, 150), (149, 150)])
    def test_band_is_a_part_of_the_whole(self, first: int, end: int) -> None:
        rgb = noise(60, 333)
        whole = area_level(rgb, 150, 37)
        band = area_level(rgb, 150, 37, first_row=first, end_row=end)
        assert np.array_equal(band, whole[:, first:end])

    def test_takes_read_only_pixels(self) -> None:
        rgb = noise(30, 20)
        expected = area_level(rgb, 12, 12)
        rgb.flags.writeable = False
        assert np.array_equal(area_level(rgb, 12, 12), expected)

    def test_white_stays_white_however_large_the_window(self) -> None:
        white = np.full((3_000, 3_000, 3), 255, np.uint8)
        assert np.abs(area_level(white, 1, 1) - 255).max() < 1e-3


class TestAreaCrops:
    def test_are_the_averages_of_each_window(self) -> None:
        rgb = noise(90, 70)
        corners = np.array([[0, 0, 90, 70], [3, 5, 4, 6], [10, 20, 34, 44], [60, 1, 90, 66]])
        crops = area_crops(rgb, corners, 24)
        assert crops.dtype == np.float32
        for crop, (x1, y1, x2, y2) in zip(crops, corners, strict=True):
            assert np.abs(crop - by_definition(rgb[y1:y2, x1:x2], 24, 24)).max() < 1e-4

    def test_of_no_window_are_none(self) -> None:
        assert area_crops(noise(30, 30), np.empty((0, 4), np.int64), 24).shape == (0, 24, 24, 3)
