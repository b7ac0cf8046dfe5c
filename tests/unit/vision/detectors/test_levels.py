import numpy as np
import pytest

from services.vision.detectors.levels import spread, spread_crops
from services.vision.transforms import Pixels
from tests.fixtures.photos import noise


@pytest.mark.parametrize(("low", "high"), [(0, 20), (115, 140), (190, 255)])
def test_few_levels_become_all(low: int, high: int) -> None:
    photo = low + noise(60, 80) % (high - low)
    large, small = spread([photo, photo[::2, ::2]])
    assert np.percentile(small, [1, 99]).tolist() == pytest.approx([0, 255], abs=15)
    np.testing.assert_array_equal(large[::2, ::2], small)


def test_a_photo_of_many_levels_stays_as_it_is() -> None:
    photo = noise(60, 80)
    (same,) = spread([photo])
    assert same is photo


def test_a_photo_of_one_colour_is_no_trouble() -> None:
    wall: Pixels = np.full((40, 40, 3), 77, np.uint8)
    (spread_wall,) = spread([wall])
    assert len(np.unique(spread_wall)) == 1


def test_a_crop_of_little_contrast_gets_more_and_its_neighbour_does_not() -> None:
    crop = noise(48, 48).astype(np.float32)
    dull = 60 + crop / 25
    one, other = spread_crops(np.stack([crop, dull]))
    np.testing.assert_array_equal(one, crop)
    assert other.std() == pytest.approx(32, rel=0.02)
    assert other.mean() == pytest.approx(127.5, abs=1)


def test_no_crops_are_no_trouble() -> None:
    assert spread_crops(np.empty((0, 48, 48, 3), np.float32)).shape == (0, 48, 48, 3)
