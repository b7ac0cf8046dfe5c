import io

import numpy as np
import pytest
from PIL import Image

from services.common.domain.errors import ItemError
from services.common.domain.limits import PhotoLimits
from services.imaging.preview import scale_photo
from tests.fixtures.photos import ORIENTATIONS, encode, encode_rotated, noise, quadrants

LIMITS = PhotoLimits()


def opened(data: bytes) -> Image.Image:
    picture = Image.open(io.BytesIO(data))
    picture.load()
    return picture


@pytest.mark.parametrize("orientation", ORIENTATIONS)
def test_is_upright_and_carries_no_metadata(orientation: int) -> None:
    photo = encode_rotated(quadrants(600, 300), orientation, "JPEG", quality=95)
    picture = opened(scale_photo(photo, longest_side=200, limits=LIMITS))
    assert picture.size == (200, 100)
    assert not picture.getexif()
    corner = np.asarray(picture)[10, 10]
    assert corner[0] > 200 > corner[1]


def test_a_small_photo_keeps_its_size() -> None:
    photo = encode(noise(64, 40))
    assert opened(scale_photo(photo, longest_side=480, limits=LIMITS)).size == (64, 40)


def test_an_unreadable_photo_is_an_item_error() -> None:
    with pytest.raises(ItemError):
        scale_photo(b"no photo", longest_side=480, limits=LIMITS)
