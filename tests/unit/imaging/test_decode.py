import numpy as np
import pytest
from PIL import Image, ImageFile

from services.common.domain.errors import ItemError, ItemErrorCode
from services.common.domain.limits import PhotoLimits
from services.imaging.decode import decode_photo
from tests.fixtures.photos import ORIENTATIONS, encode, encode_rotated, noise, quadrants

LIMITS = PhotoLimits()
FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "TIFF")


def failure(data: bytes, limits: PhotoLimits = LIMITS) -> ItemErrorCode:
    with pytest.raises(ItemError) as caught:
        decode_photo(data, limits=limits)
    return ItemErrorCode(caught.value.code)


class TestFormats:
    @pytest.mark.parametrize("form", FORMATS)
    def test_reads_format_by_content(self, form: str) -> None:
        scene = quadrants()
        photo = decode_photo(encode(scene, form), limits=LIMITS)
        assert photo.format == form
        assert photo.exif_orientation == 1
        assert (photo.width, photo.height) == (64, 40)
        assert photo.rgb.flags.c_contiguous
        # Away from the quarters' seams, where lossy formats bleed.
        assert np.abs(photo.rgb[5, 5].astype(int) - scene[5, 5]).max() < 20

    def test_reads_first_frame_of_tiff(self) -> None:
        first, second = Image.fromarray(quadrants()), Image.fromarray(noise(64, 40))
        data = encode(first, "TIFF", save_all=True, append_images=[second])
        assert np.array_equal(decode_photo(data, limits=LIMITS).rgb, quadrants())

    def test_reads_multi_picture_phone_jpeg_as_jpeg(self) -> None:
        first, second = Image.fromarray(quadrants()), Image.fromarray(noise(64, 40))
        data = encode(first, "MPO", save_all=True, append_images=[second])
        assert decode_photo(data, limits=LIMITS).format == "JPEG"

    def test_refuses_format_left_out_of_limits(self) -> None:
        only_png = PhotoLimits(formats=("PNG",))
        assert failure(encode(quadrants(), "BMP"), only_png) == ItemErrorCode.UNSUPPORTED_FORMAT


class TestOrientation:
    @pytest.mark.parametrize("orientation", ORIENTATIONS)
    @pytest.mark.parametrize("form", ["PNG", "TIFF", "WEBP"])
    def test_turns_every_orientation_upright(self, form: str, orientation: int) -> None:
        options = {"lossless": True} if form == "WEBP" else {}
        data = encode_rotated(quadrants(), orientation, form, **options)
        photo = decode_photo(data, limits=LIMITS)
        assert photo.exif_orientation == orientation
        assert np.array_equal(photo.rgb, quadrants())

    @pytest.mark.parametrize("orientation", ORIENTATIONS)
    def test_turns_jpeg_upright(self, orientation: int) -> None:
        data = encode_rotated(quadrants(), orientation, "JPEG", quality=95, subsampling=0)
        photo = decode_photo(data, limits=LIMITS)
        assert photo.rgb.shape == (40, 64, 3)
        assert np.abs(photo.rgb.astype(int) - quadrants()).mean() < 8

    @pytest.mark.parametrize("value", [0, 9, 255])
    def test_takes_unknown_orientation_as_upright(self, value: int) -> None:
        exif = Image.Exif()
        exif[274] = value
        photo = decode_photo(encode(quadrants(), exif=exif), limits=LIMITS)
        assert photo.exif_orientation == 1
        assert np.array_equal(photo.rgb, quadrants())


class TestPixelModes:
    def test_puts_transparent_parts_on_white(self) -> None:
        rgba = np.zeros((32, 32, 4), np.uint8)
        rgba[16:] = (10, 20, 30, 255)
        photo = decode_photo(encode(rgba), limits=LIMITS)
        assert photo.rgb[0, 0].tolist() == [255, 255, 255]
        assert photo.rgb[31, 0].tolist() == [10, 20, 30]

    def test_puts_transparent_palette_entry_on_white(self) -> None:
        palette = Image.fromarray(quadrants()).quantize(4)
        corner = palette.getpixel((0, 0))
        photo = decode_photo(encode(palette, transparency=corner), limits=LIMITS)
        assert photo.rgb[0, 0].tolist() == [255, 255, 255]
        assert photo.rgb[0, 63].tolist() == [0, 255, 0]

    def test_scales_16_bit_gray_to_8_bit(self) -> None:
        gray = np.full((32, 32), 0x80FF, np.uint16)
        gray[0, 0] = 0xFFFF
        photo = decode_photo(encode(gray), limits=LIMITS)
        assert photo.rgb[5, 5].tolist() == [0x80, 0x80, 0x80]
        assert photo.rgb[0, 0].tolist() == [255, 255, 255]

    @pytest.mark.parametrize("kind", [np.int32, np.float32])
    def test_stretches_32_bit_samples(self, kind: type[np.generic]) -> None:
        ramp = np.linspace(-1000, 1000, 32 * 32).reshape(32, 32).astype(kind)
        photo = decode_photo(encode(ramp, "TIFF"), limits=LIMITS)
        assert photo.rgb[0, 0].tolist() == [0, 0, 0]
        assert photo.rgb[-1, -1].tolist() == [255, 255, 255]

    def test_reads_flat_32_bit_photo_as_black(self) -> None:
        flat = np.full((32, 32), 7.0, np.float32)
        assert not decode_photo(encode(flat, "TIFF"), limits=LIMITS).rgb.any()

    @pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "CMYK", "YCbCr"])
    def test_makes_rgb_of_mode(self, mode: str) -> None:
        white = Image.new("RGB", (32, 32), "white").convert(mode)
        form = "TIFF" if mode in {"CMYK", "YCbCr"} else "PNG"
        photo = decode_photo(encode(white, form), limits=LIMITS)
        assert photo.rgb.shape == (32, 32, 3)
        assert photo.rgb.dtype == np.uint8
        assert photo.rgb.min() >= 254


class TestBadInput:
    def test_rejects_empty_file(self) -> None:
        assert failure(b"") == ItemErrorCode.EMPTY

    def test_rejects_text(self) -> None:
        assert failure(b"this is not a photo at all") == ItemErrorCode.UNSUPPORTED_FORMAT

    @pytest.mark.parametrize("form", ["PPM", "ICO"])
    def test_rejects_other_picture_format(self, form: str) -> None:
        assert failure(encode(quadrants(), form)) == ItemErrorCode.UNSUPPORTED_FORMAT

    @pytest.mark.parametrize("form", FORMATS)
    def test_rejects_truncated_file(self, form: str) -> None:
        data = encode(noise(120, 90), form)
        assert failure(data[: len(data) * 2 // 3]) == ItemErrorCode.TRUNCATED

    def test_rejects_damaged_file(self) -> None:
        data = bytearray(encode(noise(120, 90)))
        data[20:24] = b"\xff\xff\xff\xff"  # the PNG header's check sum no longer fits
        assert failure(bytes(data)) == ItemErrorCode.DECODE_FAILED

    @pytest.mark.parametrize("size", [(19, 400), (400, 19), (1, 1)])
    def test_rejects_photo_too_small_for_a_face(self, size: tuple[int, int]) -> None:
        assert failure(encode(noise(*size))) == ItemErrorCode.TOO_SMALL

    def test_accepts_photo_at_each_limit(self) -> None:
        data = encode(noise(20, 30))
        limits = PhotoLimits(photo_bytes=len(data), photo_pixels=600)
        assert decode_photo(data, limits=limits).width == 20

    def test_rejects_one_byte_too_many(self) -> None:
        data = encode(quadrants())
        assert failure(data, PhotoLimits(photo_bytes=len(data) - 1)) == ItemErrorCode.TOO_LARGE

    def test_rejects_one_pixel_row_too_many(self) -> None:
        data = encode(noise(20, 30))
        assert failure(data, PhotoLimits(photo_pixels=599)) == ItemErrorCode.TOO_MANY_PIXELS


class TestBombs:
    @pytest.mark.parametrize("form", ["PNG", "TIFF", "BMP"])
    def test_refuses_bomb_before_decoding(self, form: str) -> None:
        bomb = Image.new("1", (10_000, 7_000))  # 70 Mpx in a few kB
        options = {"compression": "group4"} if form == "TIFF" else {}
        data = encode(bomb, form, **options)
        # The pixels are cut away: only a check on the header can still name the size.
        limits = PhotoLimits(photo_bytes=len(data))
        cut = data if form == "TIFF" else data[:200]
        assert failure(cut, limits) == ItemErrorCode.TOO_MANY_PIXELS

    def test_refuses_webp_whose_header_claims_a_giant_canvas(self) -> None:
        data = bytearray(encode_rotated(noise(64, 40), 6, "WEBP"))
        assert data[12:16] == b"VP8X"
        data[24:30] = b"\xff\xff\x00\xff\xff\x00"  # 65,536 x 65,536
        assert failure(bytes(data)) == ItemErrorCode.TOO_MANY_PIXELS

    def test_leaves_pillow_globals_alone(self) -> None:
        before = Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES
        decode_photo(encode(quadrants()), limits=LIMITS)
        assert before == (Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES)
