import math

import cv2
import numpy as np
import pytest
from pydantic import ValidationError

from services.common.domain.faces import Box, DetectedFace
from services.vision.transforms import (
    UPRIGHT_DEGREES,
    InputSpec,
    Pixels,
    crop_detected,
    crop_face,
)
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


def smooth(width: int, height: int) -> Pixels:
    """A photo without fine detail, so that resampling changes little."""
    small = noise(width // 20, height // 20)
    return np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC))


def turned(photo: Pixels, degrees: float) -> Pixels:
    """Turn a square photo clockwise about its centre."""
    centre = (photo.shape[1] - 1) / 2, (photo.shape[0] - 1) / 2
    matrix = cv2.getRotationMatrix2D(centre, -degrees, 1.0)
    return np.asarray(cv2.warpAffine(photo, matrix, photo.shape[1::-1], flags=cv2.INTER_CUBIC))


def unlike(one: Pixels, other: Pixels) -> float:
    return float(np.abs(one.astype(int) - other.astype(int)).mean())


class TestTurnedFaces:
    @pytest.mark.parametrize("side", [24, 60, 160])
    @pytest.mark.parametrize("quarter", [1, 2, 3])
    def test_a_photo_turned_by_quarters_gives_the_crop_of_the_upright_one(
        self, quarter: int, side: int
    ) -> None:
        photo = noise(200, 200)
        box = Box(20, 20, side, side)
        upright = crop_face(photo, box, spec())
        x, y = 20.0, 20.0
        for _ in range(quarter):
            x, y = 200 - y - side, x
        lying = np.ascontiguousarray(np.rot90(photo, -quarter))
        roll = {1: 90.0, 2: 180.0, 3: -90.0}[quarter]
        # A face is as hardly turned in a photo on its side as it would be in the upright one.
        for off in (0.0, UPRIGHT_DEGREES - 0.1, 0.1 - UPRIGHT_DEGREES):
            crop = crop_face(lying, Box(x, y, side, side), spec(), roll=roll + off)
            assert np.array_equal(crop, upright)

    @pytest.mark.parametrize("degrees", [-150, -45, 20, 33.3, 120])
    def test_a_head_turned_clockwise_is_turned_back(self, degrees: float) -> None:
        photo, box = smooth(200, 200), Box(60, 52, 80, 96)
        crop = crop_face(turned(photo, degrees), box, spec(), roll=degrees)
        upright = crop_face(photo, box, spec())
        assert unlike(crop, upright) < 3
        assert unlike(crop_face(turned(photo, degrees), box, spec()), upright) > 10

    def test_a_head_that_is_hardly_turned_is_cropped_as_it_stands(self) -> None:
        photo, box = noise(100, 80), Box(10, 20, 40, 44)
        upright = crop_face(photo, box, spec())
        for roll in (None, 0.0, UPRIGHT_DEGREES - 0.1, 0.1 - UPRIGHT_DEGREES):
            assert np.array_equal(crop_face(photo, box, spec(), roll=roll), upright)
        assert not np.array_equal(crop_face(photo, box, spec(), roll=UPRIGHT_DEGREES), upright)

    def test_the_shift_of_the_centre_is_the_faces_own(self) -> None:
        photo = smooth(200, 200)
        shifted = spec(centre_dx=0.2, centre_dy=-0.3, crop_margin=0.5)
        upright = crop_face(photo, Box(70, 70, 60, 60), shifted)
        lying = np.ascontiguousarray(np.rot90(photo, -1))
        assert unlike(crop_face(lying, Box(70, 70, 60, 60), shifted, roll=90.0), upright) < 1.5

    def test_averages_areas_when_shrinking(self) -> None:
        board = (np.indices((400, 400)).sum(axis=0) % 2 * 255).astype(np.uint8)
        crop = crop_face(np.dstack([board] * 3), Box(50, 50, 300, 300), spec(), roll=45.0)
        assert np.abs(crop.astype(int) - 127).max() <= 12

    def test_repeats_the_border_outside_the_photo(self) -> None:
        photo = np.full((64, 64, 3), 90, np.uint8)
        crop = crop_face(photo, Box(-16, -16, 40, 40), spec(), roll=-30.0)
        assert (crop == 90).all()

    def test_the_upright_box_gives_the_side_where_there_is_one(self) -> None:
        photo, own = noise(200, 200), Box(60, 50, 80, 100)
        face = DetectedFace(Box(35, 35, 130, 130), (), 0.9, roll=45.0, upright=own)
        crop = crop_detected(photo, face, spec())
        assert np.array_equal(crop, crop_face(photo, own, spec(), roll=45.0))


PLACES = ((0.3, 0.4), (0.7, 0.4), (0.5, 0.6), (0.35, 0.8), (0.65, 0.8))


class TestFramingByLandmarks:
    def test_puts_the_landmarks_where_the_bundle_wants_them(self) -> None:
        photo = smooth(200, 200)
        by_landmarks = spec(landmarks=PLACES)
        roll, side, centre = 35.0, 90.0, 100.0
        cos, sin = math.cos(math.radians(roll)), math.sin(math.radians(roll))
        shifts = [(side * (x - 0.5), side * (y - 0.5)) for x, y in PLACES]
        points = tuple((centre + x * cos - y * sin, centre + x * sin + y * cos) for x, y in shifts)
        face = DetectedFace(Box(0, 0, 10, 10), points, 0.9)
        wanted = crop_face(photo, Box(55, 55, side, side), spec(), roll=roll)
        assert unlike(crop_detected(photo, face, by_landmarks), wanted) < 0.5

    def test_falls_back_to_the_box_where_a_face_has_none(self) -> None:
        photo, box = noise(100, 80), Box(10, 20, 40, 44)
        crop = crop_detected(photo, DetectedFace(box, (), 1.0), spec(landmarks=PLACES))
        assert np.array_equal(crop, crop_face(photo, box, spec()))


class TestInputSpec:
    def test_of_whole_pictures_has_no_framing(self) -> None:
        framed = spec(crop_margin=0.3, centre_dx=0.1, centre_dy=0.2, landmarks=PLACES)
        assert framed.whole == spec()

    def test_without_landmarks_is_written_as_before_there_were_any(self) -> None:
        assert "landmarks" not in spec().model_dump(mode="json")
        assert spec(landmarks=PLACES).model_dump(mode="json")["landmarks"]

    def test_wants_one_mean_and_std_per_channel(self) -> None:
        with pytest.raises(ValidationError, match="need 1 values"):
            spec(channels=1)

    @pytest.mark.parametrize(
        "change", [{"channels": 4}, {"size": 4}, {"std": (0, 1, 1)}, {"colour": "RGB"}]
    )
    def test_refuses_nonsense(self, change: dict[str, object]) -> None:
        with pytest.raises(ValidationError):
            spec(**change)
