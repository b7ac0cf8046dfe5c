import numpy as np
import pytest

from services.vision.detectors.squares import Squares, upright_crops
from services.vision.transforms import Pixels


def squares(*rows: tuple[float, float, float, float]) -> Squares:
    """Squares of ``x, y, side, roll``."""
    values = np.array(rows, np.float32)
    return Squares(values[:, :2], values[:, 2], values[:, 3])


@pytest.fixture
def photo() -> Pixels:
    """A smooth picture in which every place looks different."""
    y, x = np.mgrid[:120, :160]
    return np.stack([x, y * 2, (x + y) // 2], axis=-1).astype(np.uint8)


def test_an_upright_crop_shows_the_pixels_of_its_square(photo: Pixels) -> None:
    (crop,) = upright_crops([photo], squares((80, 60, 48, 0)), 48)
    np.testing.assert_allclose(crop, photo[36:84, 56:104], atol=2)


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_a_turned_square_shows_what_the_photo_turned_back_would(
    photo: Pixels, quarters: int
) -> None:
    turned = np.ascontiguousarray(np.rot90(photo[:, 20:140], -quarters))
    (crop,) = upright_crops([turned], squares((60, 60, 48, 90 * quarters)), 48)
    np.testing.assert_allclose(crop, photo[36:84, 56:104], atol=2)


def test_a_large_square_is_read_from_a_reduced_picture(photo: Pixels) -> None:
    large = np.kron(photo, np.ones((8, 8, 1), np.uint8))
    white = np.full_like(large, 255)
    (crop,) = upright_crops([white, photo], squares((640, 480, 800, 0)), 48)
    assert crop.mean() < 200
    (crop,) = upright_crops([white, photo], squares((640, 480, 400, 0)), 48)
    assert crop.mean() == 255


def test_outside_the_photo_is_its_mirror_image(photo: Pixels) -> None:
    (crop,) = upright_crops([photo], squares((0, 60, 48, 0)), 48)
    np.testing.assert_allclose(crop[:, :24], crop[:, :23:-1], atol=1)


def test_points_turn_clockwise_with_their_square() -> None:
    right_of_centre = np.array([[[0.5, 0.0]]] * 2, np.float32)
    places = squares((10, 20, 8, 0), (10, 20, 8, 90)).to_photo(right_of_centre)
    np.testing.assert_allclose(places[:, 0], [[14, 20], [10, 24]], atol=1e-5)


def test_turning_on_stays_within_half_a_turn() -> None:
    turned = squares((0, 0, 1, 170), (0, 0, 1, -10)).turned(90)
    np.testing.assert_allclose(turned.roll, [-100, 80])
