import struct

import numpy as np
import pytest
from PIL import Image

from services.common.domain.faces import PhotoWarning
from services.common.domain.limits import PhotoLimits
from services.imaging.decode import decode_photo
from services.imaging.samples import as_rgb
from services.imaging.source import Samples
from tests.fixtures.photos import Rgb, encode, noise

LIMITS = PhotoLimits()
SCENE = noise(60, 40)
IGNORED = (PhotoWarning.EMPTY_ALPHA_IGNORED,)


def bmp_v5(pixels: Rgb, alpha: int) -> bytes:
    """32 bits with an alpha mask and sRGB, as Windows and Photoshop write it."""
    height, width, _ = pixels.shape
    rows = np.dstack([pixels[::-1, :, ::-1], np.full((height, width), alpha, np.uint8)])
    masks = (0xFF0000, 0xFF00, 0xFF, 0xFF000000)
    head = struct.pack("<IiiHHIIiiII", 124, width, height, 1, 32, 3, rows.size, 0, 0, 0, 0)
    head += struct.pack("<IIII", *masks) + b"BGRs" + bytes(64)
    return b"BM" + struct.pack("<IHHI", 138 + rows.size, 0, 0, 138) + head + rows.tobytes()


class TestAlpha:
    def test_zero_everywhere_in_a_bmp_is_unused(self) -> None:
        photo = decode_photo(bmp_v5(SCENE, 0), limits=LIMITS)
        assert np.array_equal(photo.rgb, SCENE)
        assert photo.warnings == IGNORED

    def test_opaque_everywhere_is_no_news(self) -> None:
        photo = decode_photo(bmp_v5(SCENE, 255), limits=LIMITS)
        assert np.array_equal(photo.rgb, SCENE)
        assert photo.warnings == ()

    @pytest.mark.parametrize("form", ["PNG", "TIFF", "WEBP"])
    def test_zero_everywhere_is_unused_in_every_format(self, form: str) -> None:
        rgba = np.dstack([SCENE, np.zeros((40, 60), np.uint8)])
        options = {"lossless": True, "exact": True} if form == "WEBP" else {}
        photo = decode_photo(encode(rgba, form, **options), limits=LIMITS)
        assert np.array_equal(photo.rgb, SCENE)
        assert photo.warnings == IGNORED

    def test_zero_in_places_is_white_there(self) -> None:
        alpha = np.zeros((40, 60), np.uint8)
        alpha[0, 0] = 255
        photo = decode_photo(encode(np.dstack([SCENE, alpha])), limits=LIMITS)
        assert (photo.rgb[1:] == 255).all()
        assert photo.warnings == ()


class TestRange:
    def test_a_png_of_12_bits_in_16_is_guessed_with_a_warning(self) -> None:
        values = SCENE[..., 0].astype(np.uint16) << 4
        photo = decode_photo(encode(values), limits=LIMITS)
        assert np.array_equal(photo.rgb[..., 0], SCENE[..., 0])
        assert photo.warnings == (PhotoWarning.SAMPLE_RANGE_GUESSED,)

    @pytest.mark.parametrize("value", [0, 4096, 65535])
    def test_nothing_is_guessed_of(self, value: int) -> None:
        photo = decode_photo(encode(np.full((32, 32), value, np.uint16)), limits=LIMITS)
        assert (photo.rgb == value >> 8).all()
        assert photo.warnings == ()

    def test_white_is_where_the_tag_says(self) -> None:
        gray = Image.fromarray(np.array([[0, 511, 1023]], np.uint16))
        rgb, warnings = as_rgb(gray, Samples(white=1023, white_is_zero=True))
        assert rgb[0, :, 0].tolist() == [255, 128, 0]
        assert not warnings
