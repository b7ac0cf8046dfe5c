import io

import numpy as np
import pytest
from PIL import Image

from services.common.domain.errors import ItemError, ItemErrorCode
from services.common.domain.limits import PhotoLimits
from services.imaging.decode import decode_photo
from services.imaging.webp import webp_size
from tests.fixtures.photos import encode, encode_rotated, noise

KINDS = {
    "lossy": encode(noise(70, 50), "WEBP"),
    "lossless": encode(noise(70, 50), "WEBP", lossless=True),
    "extended": encode_rotated(noise(70, 50), 1, "WEBP"),
    "animated": encode(
        Image.fromarray(noise(70, 50)),
        "WEBP",
        save_all=True,
        append_images=[Image.fromarray(noise(70, 50, seed=1))],
    ),
}


@pytest.mark.parametrize("kind", KINDS)
def test_the_size_is_in_the_header(kind: str) -> None:
    assert webp_size(KINDS[kind][:30]) == (70, 50)


@pytest.mark.parametrize("kind", KINDS)
def test_the_pixels_are_those_of_pillow(kind: str) -> None:
    with Image.open(io.BytesIO(KINDS[kind])) as image:
        right = np.asarray(image.convert("RGB"))
    assert np.array_equal(decode_photo(KINDS[kind], limits=PhotoLimits()).rgb, right)


@pytest.mark.parametrize("kind", KINDS)
def test_a_large_canvas_is_refused_with_its_size_before_libwebp_sees_it(kind: str) -> None:
    with pytest.raises(ItemError) as caught:
        decode_photo(KINDS[kind][:40], limits=PhotoLimits(photo_pixels=3_000))
    assert caught.value.code is ItemErrorCode.TOO_MANY_PIXELS
    assert "70x50 pixels; the limit is 3000" in caught.value.detail


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("size", [13, 29, 60])
def test_a_cut_file_is_truncated(kind: str, size: int) -> None:
    with pytest.raises(ItemError) as caught:
        decode_photo(KINDS[kind][:size], limits=PhotoLimits())
    assert caught.value.code is ItemErrorCode.TRUNCATED
