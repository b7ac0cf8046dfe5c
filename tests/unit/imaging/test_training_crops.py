"""Faces as a training set keeps them."""

import io

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageEnhance

from services.common.domain.errors import ItemError
from services.common.domain.limits import PhotoLimits
from services.imaging.training_crops import (
    LONGEST_SIDE,
    MARGIN,
    cut_faces,
    difference_hash,
    square_around,
)

LIMITS = PhotoLimits()


def pattern(seed: int, side: int = 300) -> NDArray[np.uint8]:
    """Blotches of many sizes, no one's face."""
    rng = np.random.default_rng(seed)
    coarse = Image.fromarray(rng.integers(0, 256, (9, 9, 3), np.uint8))
    return np.asarray(coarse.resize((side, side), Image.Resampling.BICUBIC))


def jpeg(rgb: NDArray[np.uint8], quality: int = 95) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(rgb).save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()


def differing(a: bytes, b: bytes) -> int:
    return (int.from_bytes(a) ^ int.from_bytes(b)).bit_count()


class TestSquare:
    def test_has_room_around_the_longer_side(self) -> None:
        rgb = pattern(1)
        square = square_around(rgb, (100, 120, 50, 80))
        side = round(80 * (1 + MARGIN))
        assert square.shape == (side, side, 3)
        top, left = 120 + 40 - side // 2, 100 + 25 - side // 2
        assert np.array_equal(square, rgb[top : top + side, left : left + side])

    def test_repeats_the_border_of_the_photo(self) -> None:
        rgb = pattern(2)
        square = square_around(rgb, (0, 0, 40, 40))
        assert np.array_equal(square[0, 0], rgb[0, 0])
        assert np.array_equal(square[:12, :12], np.broadcast_to(rgb[0, 0], (12, 12, 3)))


class TestCut:
    def test_decodes_once_and_cuts_each(self) -> None:
        boxes = [(20.0, 20.0, 40.0, 40.0), (100.0, 50.0, 190.0, 200.0)]
        small, large = cut_faces(jpeg(pattern(3)), boxes, limits=LIMITS)
        assert Image.open(io.BytesIO(small[0])).size == (64, 64)
        assert Image.open(io.BytesIO(large[0])).size == (LONGEST_SIDE, LONGEST_SIDE)

    def test_is_the_same_every_time(self) -> None:
        photo = jpeg(pattern(4))
        boxes = [(20.0, 20.0, 40.0, 40.0)]
        assert cut_faces(photo, boxes, limits=LIMITS) == cut_faces(photo, boxes, limits=LIMITS)

    def test_carries_no_metadata(self) -> None:
        [(crop, _)] = cut_faces(jpeg(pattern(5)), [(20.0, 20.0, 40.0, 40.0)], limits=LIMITS)
        assert not Image.open(io.BytesIO(crop)).getexif()

    def test_a_damaged_photo_is_told(self) -> None:
        with pytest.raises(ItemError):
            cut_faces(b"\xff\xd8\xff no photo", [(0.0, 0.0, 9.0, 9.0)], limits=LIMITS)


class TestHash:
    @pytest.mark.parametrize("seed", range(5))
    def test_survives_what_near_copies_went_through(self, seed: int) -> None:
        rgb = pattern(seed)
        image = Image.fromarray(rgb)
        changed = [
            np.asarray(image.resize((120, 120), Image.Resampling.LANCZOS)),
            np.asarray(ImageEnhance.Brightness(image).enhance(0.8)),
            np.asarray(Image.open(io.BytesIO(jpeg(rgb, quality=40)))),
        ]
        before = difference_hash(rgb)
        assert max(differing(before, difference_hash(each)) for each in changed) <= 24

    def test_others_differ(self) -> None:
        found = [difference_hash(pattern(seed)) for seed in range(30)]
        apart = [differing(a, b) for i, a in enumerate(found) for b in found[:i]]
        assert min(apart) > 60
