import numpy as np
import pytest
from pydantic import ValidationError

from services.common.domain.faces import Box
from services.vision.transforms import InputSpec, crop_face
from tests.fixtures.photos import noise


def spec(**changes: object) -> InputSpec:
    defaults = {"size": 32, "channels": 3, "crop_margin": 0.0, "mean": (0,) * 3, "std": (1,) * 3}
    return InputSpec.model_validate({**defaults, **changes})


class TestCropFace:
    def test_returns_square_window_untouched_when_it_has_the_models_size(self) -> None:
        photo = noise(100, 80)
        crop = crop_face(photo, Box(10, 20, 32, 32), spec())
        assert np.array_equal(crop, photo[20:52, 10:42])

    def test_squares_a_tall_box_around_its_centre(self) -> None:
        photo = noise(100, 80)
        crop = crop_face(photo, Box(20, 20, 12, 32), spec())
        assert np.array_equal(crop, photo[20:52, 10:42])

    def test_margin_widens_the_window(self) -> None:
        photo = noise(100, 80)
        crop = crop_face(photo, Box(34, 24, 16, 16), spec(crop_margin=1.0))
        assert np.array_equal(crop, photo[16:48, 26:58])

    def test_centre_offsets_move_the_window_by_shares_of_the_box(self) -> None:
        photo = noise(100, 80)
        crop = crop_face(photo, Box(20, 20, 32, 32), spec(centre_dx=0.25, centre_dy=-0.5))
        assert np.array_equal(crop, photo[4:36, 28:60])

    def test_repeats_the_border_outside_the_photo(self) -> None:
        photo = noise(64, 64)
        crop = crop_face(photo, Box(-16, -16, 32, 32), spec())
        assert np.array_equal(crop[16:, 16:], photo[:16, :16])
        assert (crop[:16, :16] == photo[0, 0]).all()
        assert np.array_equal(crop[0, 16:], photo[0, :16])

    def test_repeats_the_border_on_the_far_sides(self) -> None:
        photo = noise(64, 48)
        crop = crop_face(photo, Box(48, 32, 32, 32), spec())
        assert np.array_equal(crop[:16, :16], photo[32:, 48:])
        assert (crop[16:, 16:] == photo[-1, -1]).all()

    def test_averages_areas_when_shrinking(self) -> None:
        # A checkerboard of single pixels is gray to an area average; point sampling sees one
        # of its two colours only.
        board = (np.indices((128, 128)).sum(axis=0) % 2 * 255).astype(np.uint8)
        crop = crop_face(np.dstack([board] * 3), Box(0, 0, 128, 128), spec())
        assert np.abs(crop.astype(int) - 127).max() <= 1

    def test_enlarges_small_faces_smoothly(self) -> None:
        photo = np.zeros((40, 40, 3), np.uint8)
        photo[:, 20:] = 200
        crop = crop_face(photo, Box(16, 16, 8, 8), spec())
        row = crop[16, :, 0].astype(int)
        assert row[0] == 0
        assert row[-1] == 200
        assert np.diff(row).max() < 100

    def test_makes_gray_by_fixed_luma_weights(self) -> None:
        gray = spec(channels=1, mean=(0,), std=(1,))
        photo = np.zeros((32, 32, 3), np.uint8)
        photo[:] = (200, 100, 50)
        crop = crop_face(photo, Box(0, 0, 32, 32), gray)
        assert crop.shape == (32, 32, 1)
        assert np.abs(crop.astype(float) - (0.299 * 200 + 0.587 * 100 + 0.114 * 50)).max() <= 0.5

    def test_keeps_the_order_of_colours(self) -> None:
        photo = np.zeros((64, 64, 3), np.uint8)
        photo[:] = (10, 20, 30)
        assert crop_face(photo, Box(0, 0, 64, 64), spec())[0, 0].tolist() == [10, 20, 30]

    def test_leaves_the_photo_alone(self) -> None:
        photo = noise(64, 64)
        before = photo.copy()
        crop_face(photo, Box(-5, -5, 40, 40), spec())[:] = 0
        crop_face(photo, Box(0, 0, 40, 40), spec())[:] = 0
        assert np.array_equal(photo, before)

    def test_refuses_a_box_outside_the_photo(self) -> None:
        with pytest.raises(ValueError, match="outside the 64x48 photo"):
            crop_face(noise(64, 48), Box(100, 10, 20, 20), spec())


class TestInputSpec:
    def test_wants_one_mean_and_std_per_channel(self) -> None:
        with pytest.raises(ValidationError, match="need 1 values"):
            spec(channels=1)

    @pytest.mark.parametrize(
        "change", [{"channels": 4}, {"size": 4}, {"std": (0, 1, 1)}, {"colour": "RGB"}]
    )
    def test_refuses_nonsense(self, change: dict[str, object]) -> None:
        with pytest.raises(ValidationError):
            spec(**change)
