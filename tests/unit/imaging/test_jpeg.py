import numpy as np
import pytest
from PIL import Image

from services.common.domain.errors import ItemError, ItemErrorCode
from services.common.domain.faces import PhotoWarning
from services.common.domain.limits import PhotoLimits
from services.imaging.decode import DecodedPhoto, decode_photo
from tests.fixtures.photos import encode, noise

LIMITS = PhotoLimits()
SCENE = noise(160, 240)
KINDS = {
    "baseline": {"quality": 85},
    "full colour": {"quality": 85, "subsampling": 0},
    "progressive": {"quality": 85, "progressive": True},
    "restarts": {"quality": 85, "restart_marker_rows": 2},
}
END, START_OF_SCAN = b"\xff\xd9", b"\xff\xda"
MENDED = (PhotoWarning.END_MISSING,)


def jpeg(kind: str) -> bytes:
    return encode(SCENE, "JPEG", **KINDS[kind])


def decoded(data: bytes) -> DecodedPhoto:
    return decode_photo(data, limits=LIMITS)


def refusal(data: bytes) -> ItemError:
    with pytest.raises(ItemError) as caught:
        decode_photo(data, limits=LIMITS)
    return caught.value


@pytest.mark.parametrize("kind", KINDS)
class TestEnds:
    @pytest.mark.parametrize("tail", [b"", b"\xff", b"\xff" * 64], ids=len)
    def test_without_its_end_marker_every_pixel_is_there(self, kind: str, tail: bytes) -> None:
        data = jpeg(kind)
        photo = decoded(data.removesuffix(END) + tail)
        assert np.array_equal(photo.rgb, decoded(data).rgb)
        assert photo.warnings == MENDED

    def test_filled_up_with_zeros_every_pixel_is_there(self, kind: str) -> None:
        data = jpeg(kind)
        padded = decoded(data.removesuffix(END) + bytes(64))
        assert np.array_equal(padded.rgb, decoded(data).rgb)

    def test_of_a_whole_file_nothing_is_mended(self, kind: str) -> None:
        assert decoded(jpeg(kind) + b"a phone's trailer").warnings == ()

    def test_without_its_last_bytes_all_but_the_last_rows_are_there(self, kind: str) -> None:
        data = jpeg(kind)
        photo = decoded(data[:-40])
        assert np.array_equal(photo.rgb[:-17], decoded(data).rgb[:-17])
        assert photo.warnings == MENDED

    def test_without_a_scan_it_is_truncated(self, kind: str) -> None:
        data = jpeg(kind)
        assert refusal(data[: data.find(START_OF_SCAN)]).code is ItemErrorCode.TRUNCATED


@pytest.mark.parametrize("kind", ["baseline", "full colour", "restarts"])
@pytest.mark.parametrize("tail", [b"", END, b"\xff" * 64], ids=len)
@pytest.mark.parametrize("share", [0.5, 0.8])
def test_without_many_rows_it_is_truncated_whatever_ends_it(
    kind: str, tail: bytes, share: float
) -> None:
    data = jpeg(kind)
    assert refusal(data[: int(share * len(data))] + tail).code is ItemErrorCode.TRUNCATED


def test_of_a_low_picture_a_row_of_blocks_is_too_much_to_lack() -> None:
    data = encode(SCENE[:40], "JPEG", quality=85)
    assert refusal(data[:-300]).code is ItemErrorCode.TRUNCATED


class TestProgressive:
    DATA = jpeg("progressive")

    def test_the_last_scan_only_refines(self) -> None:
        smooth = Image.fromarray(noise(20, 30)).resize((160, 240), Image.Resampling.BICUBIC)
        data = encode(smooth, "JPEG", progressive=True)
        photo = decoded(data[: data.rfind(START_OF_SCAN)])
        assert photo.warnings == MENDED
        assert np.abs(photo.rgb - decoded(data).rgb.astype(int)).mean() < 8

    def test_a_table_cut_before_the_last_scan_goes_with_it(self) -> None:
        table = self.DATA.rfind(b"\xff\xc4")
        assert decoded(self.DATA[: table + 9]).warnings == MENDED

    def test_without_the_fine_detail_it_is_truncated(self) -> None:
        scans = [at for at in range(len(self.DATA)) if self.DATA[at : at + 2] == START_OF_SCAN]
        # The fifth of libjpeg's ten scans brings the higher coefficients of the luma.
        assert refusal(self.DATA[: scans[4]]).code is ItemErrorCode.TRUNCATED

    def test_a_hundred_scans_are_the_limit(self) -> None:
        again = self.DATA[self.DATA.rfind(START_OF_SCAN) : -2]
        error = refusal(self.DATA[:-2] + 100 * again + END)
        assert error.code is ItemErrorCode.UNSUPPORTED_FORMAT
        assert "110 scans (the limit is 100)" in error.detail

    def test_a_video_behind_a_moving_photo_has_no_scans(self) -> None:
        assert decoded(self.DATA + 200 * START_OF_SCAN).warnings == ()


def test_a_photo_that_ends_in_middle_gray_is_whole() -> None:
    gray = Image.new("RGB", (64, 64), (128, 128, 128))
    photo = decoded(encode(gray, "JPEG"))
    assert photo.warnings == ()
    assert photo.rgb[0, 0].tolist() == [128, 128, 128]


@pytest.mark.parametrize(
    ("marker", "name"), [(0xC3, "lossless"), (0xC5, "hierarchical"), (0xF7, "JPEG-LS")]
)
def test_an_uncommon_coding_is_named_not_called_damaged(marker: int, name: str) -> None:
    data = jpeg("baseline").replace(b"\xff\xc0", bytes((0xFF, marker)), 1)
    error = refusal(data)
    assert error.code is ItemErrorCode.UNSUPPORTED_FORMAT
    assert name in error.detail


def test_twelve_bits_are_not_called_damaged() -> None:
    data = bytearray(jpeg("baseline"))
    data[data.find(b"\xff\xc0") + 4] = 12
    assert refusal(bytes(data)).code is ItemErrorCode.UNSUPPORTED_FORMAT
