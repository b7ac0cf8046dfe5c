import io

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, TiffImagePlugin

from services.common.domain.errors import ItemError, ItemErrorCode
from services.common.domain.faces import PhotoWarning
from services.common.domain.limits import PhotoLimits
from services.imaging.decode import DecodedPhoto, decode_photo
from tests.fixtures.photos import encode, noise, quadrants
from tests.fixtures.tiffs import TiffPage, tiff

LIMITS = PhotoLimits()
SCENE = noise(60, 40)
GRAY = SCENE[..., 0]
RGB, WHITE_IS_ZERO, BLACK_IS_ZERO, YCBCR, CFA = 2, 0, 1, 6, 32803
REDUCED = {254: 1}


def decoded(*pages: TiffPage, order: str = "<") -> DecodedPhoto:
    return decode_photo(tiff(*pages, order=order), limits=LIMITS)


def refusal(data: bytes) -> ItemError:
    with pytest.raises(ItemError) as caught:
        decode_photo(data, limits=LIMITS)
    return caught.value


def deep(pixels: NDArray[np.uint8]) -> NDArray[np.uint16]:
    return pixels.astype(np.uint16) * 257


def as_gray(photo: DecodedPhoto) -> NDArray[np.uint8]:
    assert (photo.rgb == photo.rgb[..., :1]).all()
    return photo.rgb[..., 0]


@pytest.mark.parametrize("order", ["<", ">"])
class TestLayouts:
    @pytest.mark.parametrize("make", [np.asarray, deep])
    @pytest.mark.parametrize("planes", [False, True])
    def test_planes_and_pixels_of_any_depth_are_one_picture(
        self, order: str, make: type[np.ndarray], planes: bool
    ) -> None:
        page = TiffPage(pixels=make(SCENE), photometric=RGB, planes=planes)
        assert np.array_equal(decoded(page, order=order).rgb, SCENE)

    @pytest.mark.parametrize("make", [np.asarray, deep])
    def test_a_plane_without_meaning_beside_the_colours_is_left_out(
        self, order: str, make: type[np.ndarray]
    ) -> None:
        pixels = make(np.dstack([SCENE, GRAY]))
        page = TiffPage(pixels=pixels, photometric=RGB, planes=True, tags={338: 0})
        assert np.array_equal(decoded(page, order=order).rgb, SCENE)

    @pytest.mark.parametrize("make", [np.asarray, deep])
    def test_gray_may_be_white_at_zero(self, order: str, make: type[np.ndarray]) -> None:
        page = TiffPage(pixels=make(~GRAY), photometric=WHITE_IS_ZERO)
        assert np.array_equal(as_gray(decoded(page, order=order)), GRAY)

    def test_float_gray_may_be_white_at_zero(self, order: str) -> None:
        ramp = np.linspace(0, 1, 40 * 60, dtype=np.float32).reshape(40, 60)
        black = decoded(TiffPage(pixels=ramp, photometric=BLACK_IS_ZERO), order=order)
        white = decoded(TiffPage(pixels=ramp, photometric=WHITE_IS_ZERO), order=order)
        assert np.array_equal(white.rgb, ~black.rgb)
        assert black.rgb[0, 0, 0] == 0


class TestRange:
    @pytest.mark.parametrize("bits", [10, 12, 14])
    def test_a_highest_value_of_all_ones_is_white(self, bits: int) -> None:
        values = GRAY.astype(np.uint16) << bits - 8
        photo = decoded(
            TiffPage(pixels=values, photometric=BLACK_IS_ZERO, tags={281: (1 << bits) - 1})
        )
        assert np.array_equal(as_gray(photo), GRAY)
        assert photo.warnings == ()

    def test_a_highest_value_that_counts_the_pixels_is_not(self) -> None:
        values = deep(GRAY // 2)
        page = TiffPage(pixels=values, photometric=BLACK_IS_ZERO, tags={281: int(values.max())})
        assert np.array_equal(as_gray(decoded(page)), GRAY // 2)

    def test_a_highest_value_below_the_samples_is_wrong(self) -> None:
        page = TiffPage(pixels=deep(GRAY), photometric=BLACK_IS_ZERO, tags={281: 255})
        assert np.array_equal(as_gray(decoded(page)), GRAY)

    def test_12_bits_at_the_bottom_of_16_are_guessed_with_a_warning(self) -> None:
        page = TiffPage(pixels=GRAY.astype(np.uint16) << 4, photometric=BLACK_IS_ZERO)
        photo = decoded(page)
        assert np.array_equal(as_gray(photo), GRAY)
        assert photo.warnings == (PhotoWarning.SAMPLE_RANGE_GUESSED,)

    def test_8_bits_at_the_bottom_of_16_are_guessed_where_white_is_zero(self) -> None:
        page = TiffPage(pixels=(~GRAY).astype(np.uint16), photometric=WHITE_IS_ZERO)
        assert np.array_equal(as_gray(decoded(page)), GRAY)

    def test_12_packed_bits_are_12(self) -> None:
        # Two samples of 12 bits in three bytes: AA A B BB.
        first, second = GRAY[:, ::2], GRAY[:, 1::2]
        packed = np.stack([first, second >> 4, second << 4], axis=-1).reshape(40, -1)
        page = TiffPage(pixels=packed, photometric=BLACK_IS_ZERO, tags={256: 60, 258: 12})
        assert np.array_equal(as_gray(decoded(page)), GRAY)


class TestAlpha:
    @pytest.mark.parametrize("kind", [1, 2])
    @pytest.mark.parametrize("photometric", [RGB, BLACK_IS_ZERO])
    def test_zero_everywhere_is_unused(self, kind: int, photometric: int) -> None:
        colours = SCENE if photometric == RGB else GRAY
        pixels = np.dstack([colours, np.zeros_like(GRAY)])
        photo = decoded(TiffPage(pixels=pixels, photometric=photometric, tags={338: kind}))
        assert np.array_equal(photo.rgb, np.broadcast_to(colours.reshape(40, 60, -1), (40, 60, 3)))
        assert photo.warnings == (PhotoWarning.EMPTY_ALPHA_IGNORED,)

    def test_colours_that_alpha_is_multiplied_into_are_put_on_white(self) -> None:
        alpha = np.full_like(GRAY, 128)
        alpha[0] = 0
        pixels = np.dstack([SCENE // 2, alpha])
        photo = decoded(TiffPage(pixels=pixels, photometric=RGB, tags={338: 1}))
        assert np.array_equal(photo.rgb[1:], SCENE[1:] // 2 + 127)
        assert photo.warnings == ()


class TestPages:
    SMALL = TiffPage(pixels=SCENE[::2, ::2], photometric=RGB, tags=REDUCED)
    FULL = TiffPage(pixels=SCENE, photometric=RGB)

    def test_a_thumbnail_before_the_photo_is_passed_over(self) -> None:
        assert np.array_equal(decoded(self.SMALL, self.FULL).rgb, SCENE)

    def test_a_photo_below_its_thumbnail_is_found(self) -> None:
        first = TiffPage(
            pixels=SCENE[::2, ::2], photometric=RGB, tags=REDUCED, below=[self.SMALL, self.FULL]
        )
        assert np.array_equal(decoded(first).rgb, SCENE)

    def test_a_photo_lies_as_the_first_page_says(self) -> None:
        first = TiffPage(
            pixels=SCENE[::2, ::2], photometric=RGB, tags={**REDUCED, 274: 6}, below=[self.FULL]
        )
        photo = decoded(first)
        assert photo.exif_orientation == 6
        assert np.array_equal(photo.rgb, np.rot90(SCENE, -1))

    def test_of_smaller_copies_alone_the_largest_is_read(self) -> None:
        copy = TiffPage(pixels=SCENE, photometric=RGB, tags=REDUCED)
        assert np.array_equal(decoded(self.SMALL, copy).rgb, SCENE)

    def test_a_file_that_ends_behind_the_thumbnail_is_truncated(self) -> None:
        data = tiff(self.SMALL, self.FULL)
        assert refusal(data[:-60]).code is ItemErrorCode.TRUNCATED

    def test_thousands_of_pages_cost_no_more_than_one(self) -> None:
        pages = [TiffPage(pixels=GRAY[:20, :20], photometric=BLACK_IS_ZERO)] * 2_000
        assert decoded(*pages).width == 20

    def test_pages_in_a_circle_end(self) -> None:
        data = bytearray(tiff(self.SMALL))
        data[-4:] = data[4:8]
        assert decode_photo(bytes(data), limits=LIMITS).width == 30


class TestRefusals:
    @pytest.mark.parametrize(
        ("tags", "said"),
        [
            ({50706: (1, 4, 0, 0)}, "camera raw (DNG)"),
            ({262: CFA, 271: "NIKON CORPORATION"}, "camera raw (NEF)"),
            ({262: CFA, 271: "SONY"}, "camera raw (ARW)"),
            ({259: 65535, 271: "PENTAX Corporation"}, "camera raw (PEF)"),
            ({262: CFA}, "camera raw, "),
            ({259: 34712}, "compressed as JPEG 2000"),
            ({259: 12345}, "compressed as kind 12345"),
        ],
    )
    def test_camera_raw_and_rare_codings_are_named(
        self, tags: dict[int, int | str | tuple[int, ...]], said: str
    ) -> None:
        error = refusal(tiff(TiffPage(pixels=GRAY, photometric=BLACK_IS_ZERO, tags=tags)))
        assert error.code is ItemErrorCode.UNSUPPORTED_FORMAT
        assert said in error.detail

    def test_camera_raw_below_a_thumbnail_is_named(self) -> None:
        raw = TiffPage(pixels=deep(GRAY), photometric=CFA)
        first = TiffPage(pixels=SCENE, photometric=RGB, tags={**REDUCED, 271: "Canon"}, below=[raw])
        assert "camera raw (CR2)" in refusal(tiff(first)).detail

    @pytest.mark.parametrize("kind", [np.float16, np.float32, np.float64])
    def test_float_colour_is_named(self, kind: type[np.floating]) -> None:
        page = TiffPage(pixels=(SCENE / 255).astype(kind), photometric=RGB)
        error = refusal(tiff(page))
        assert error.code is ItemErrorCode.UNSUPPORTED_FORMAT
        assert "float colour TIFF" in error.detail

    def test_samples_that_are_not_read_are_described_not_called_damaged(self) -> None:
        page = TiffPage(pixels=SCENE.astype(np.uint32), photometric=RGB)
        error = refusal(tiff(page))
        assert error.code is ItemErrorCode.UNSUPPORTED_FORMAT
        assert "3 integer samples of 32 bits" in error.detail

    def test_a_strip_behind_the_end_is_told_from_damage(self) -> None:
        data = encode(SCENE, "TIFF", compression="tiff_lzw")
        (start,) = TiffImagePlugin.TiffImageFile(io.BytesIO(data)).tag_v2[273]
        moved = data.replace(start.to_bytes(4, "little"), (len(data) - 9).to_bytes(4, "little"))
        assert refusal(moved).code is ItemErrorCode.TRUNCATED

    def test_millions_of_strips_are_refused_with_their_number(self) -> None:
        page = TiffPage(pixels=GRAY, photometric=BLACK_IS_ZERO, tags={273: (8,) * 200_001})
        error = refusal(tiff(page))
        assert "200001 strips (the limit is 200000)" in error.detail

    def test_subsampled_colour_that_is_not_compressed_is_read_by_libtiff(self) -> None:
        flat = np.full((40, 60, 3), (90, 160, 120), np.uint8)
        right = encode(Image.fromarray(flat).convert("YCbCr"), "TIFF")
        # One chroma pair for two by two pixels: Y Y Y Y Cb Cr.
        y, cb, cr = Image.fromarray(flat).convert("YCbCr").getpixel((0, 0))
        block = bytes((y, y, y, y, cb, cr))
        pixels = np.frombuffer(block * (20 * 30), np.uint8).reshape(20, 30 * 6)
        tags = {256: 60, 257: 40, 258: (8, 8, 8), 277: 3, 278: 40, 339: (1, 1, 1), 530: (2, 2)}
        photo = decoded(TiffPage(pixels=pixels, photometric=YCBCR, tags=tags))
        full = decode_photo(right, limits=LIMITS)
        assert np.abs(photo.rgb.astype(int) - full.rgb).max() <= 2

    def test_pillow_is_left_as_it_was(self) -> None:
        decoded(TiffPage(pixels=deep(quadrants()), photometric=RGB, planes=True))
        assert TiffImagePlugin.READ_LIBTIFF is False
