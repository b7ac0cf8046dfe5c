"""HEIC, AVIF, JPEG 2000 and GIF: read in children, upright, in the right colours."""

import contextlib
import io
from typing import Any

import numpy as np
import pillow_heif
import pytest
from PIL import ExifTags, Image

from services.common.domain.errors import ItemError, ItemErrorCode
from services.common.domain.limits import PhotoLimits
from services.imaging.decode import decode_photo
from tests.fixtures.photos import ORIENTATIONS, encode, encode_rotated, noise, quadrants

LIMITS = PhotoLimits()
SCENE = quadrants()
FORMATS = {"HEIC": "HEIF", "AVIF": "AVIF", "JP2": "JPEG2000", "GIF": "GIF"}

pillow_heif.register_heif_opener()


def assert_shows(rgb: np.ndarray[Any, Any], scene: np.ndarray[Any, Any] = SCENE) -> None:
    """Check the middle of each quarter, away from seams where lossy formats bleed."""
    assert rgb.shape == scene.shape
    height, width = scene.shape[:2]
    rows, columns = np.ix_((height // 4, 3 * height // 4), (width // 4, 3 * width // 4))
    found, right = rgb[rows, columns].astype(int), scene[rows, columns].astype(int)
    assert np.abs(found - right).max() < 25


def heic_of_phone(orientation: int) -> bytes:
    """Encode the scene as phones do: turned pixels, a transform that undoes it, and EXIF too."""
    with Image.open(io.BytesIO(encode_rotated(SCENE, orientation))) as stored:
        # Without its EXIF, by which pillow-heif would turn it upright.
        heif = pillow_heif.from_pillow(Image.fromarray(np.asarray(stored)))
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    buffer = io.BytesIO()
    heif.save(buffer, exif=exif.tobytes())
    return buffer.getvalue()


def failure(data: bytes, limits: PhotoLimits = LIMITS) -> ItemErrorCode:
    with pytest.raises(ItemError) as caught:
        decode_photo(data, limits=limits)
    return ItemErrorCode(caught.value.code)


@pytest.mark.parametrize("name", FORMATS)
class TestEach:
    def test_is_read_by_content(self, name: str) -> None:
        photo = decode_photo(encode(SCENE, FORMATS[name]), limits=LIMITS)
        assert photo.format == name
        assert photo.rgb.flags.c_contiguous
        assert_shows(photo.rgb)

    def test_is_refused_where_a_setting_closes_it(self, name: str) -> None:
        open_ones = tuple(form for form in LIMITS.formats if form != name)
        data = encode(SCENE, FORMATS[name])
        assert failure(data, PhotoLimits(formats=open_ones)) == ItemErrorCode.UNSUPPORTED_FORMAT

    def test_is_held_to_the_limits_by_its_header(self, name: str) -> None:
        data = encode(SCENE, FORMATS[name])
        assert failure(data, PhotoLimits(photo_pixels=2_000)) == ItemErrorCode.TOO_MANY_PIXELS
        assert failure(data, PhotoLimits(photo_min_side_px=50)) == ItemErrorCode.TOO_SMALL

    def test_that_is_cut_or_damaged_is_a_typed_error_or_a_photo(self, name: str) -> None:
        data = encode(noise(48, 48), FORMATS[name])
        rng = np.random.default_rng(14)
        for at in rng.integers(12, len(data), 12):
            spoilt = bytearray(data)
            spoilt[at : at + 4] = rng.bytes(4)
            for hostile in (bytes(spoilt), data[:at]):
                with contextlib.suppress(ItemError):
                    assert decode_photo(hostile, limits=LIMITS).format == name


class TestOrientation:
    @pytest.mark.parametrize("orientation", ORIENTATIONS)
    def test_of_a_heic_is_applied_once(self, orientation: int) -> None:
        data = heic_of_phone(orientation)
        assert orientation == 1 or b"irot" in data or b"imir" in data
        assert pillow_heif.open_heif(data)[0].info["exif"]
        assert_shows(decode_photo(data, limits=LIMITS).rgb)

    @pytest.mark.parametrize("orientation", ORIENTATIONS)
    def test_of_an_avif_is_applied_once(self, orientation: int) -> None:
        data = encode_rotated(SCENE, orientation, "AVIF")
        assert_shows(decode_photo(data, limits=LIMITS).rgb)

    def test_of_exif_alone_is_none_of_a_heic(self) -> None:
        exif = Image.Exif()
        exif[ExifTags.Base.Orientation] = 6
        data = encode(SCENE, "HEIF", exif=exif)
        assert b"irot" not in data
        assert_shows(decode_photo(data, limits=LIMITS).rgb)


class TestHeic:
    def test_of_tiles_is_one_picture(self) -> None:
        scene = quadrants(300, 200)
        data = encode(scene, "HEIF", tile_size=128)
        assert_shows(decode_photo(data, limits=LIMITS).rgb, scene)

    def test_of_10_bits_keeps_its_brightness(self) -> None:
        samples = (SCENE.astype(np.uint16) << 8).tobytes()
        heif = pillow_heif.from_bytes("RGB;16", (SCENE.shape[1], SCENE.shape[0]), samples)
        buffer = io.BytesIO()
        heif.save(buffer)
        data = buffer.getvalue()
        assert pillow_heif.open_heif(data, convert_hdr_to_8bit=False).info["bit_depth"] == 10
        assert_shows(decode_photo(data, limits=LIMITS).rgb)


class TestHeicKinds:
    """What phones and editors write; 12 bits are scaled, alpha becomes white paper."""

    @pytest.mark.parametrize("bits", [10, 12])
    @pytest.mark.parametrize("mode", ["L;16", "RGB;16", "RGBA;16"])
    def test_of_more_bits_keeps_its_pixels(
        self, bits: int, mode: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(pillow_heif.options, "SAVE_HDR_TO_12_BIT", bits == 12)
        deep = smooth().astype(np.uint16) << 8
        samples = {"L;16": deep[..., 0], "RGB;16": deep, "RGBA;16": opaque(deep)}[mode]
        heif = pillow_heif.from_bytes(mode, (64, 40), np.ascontiguousarray(samples).tobytes())
        buffer = io.BytesIO()
        heif.save(buffer, quality=-1)
        found = pillow_heif.open_heif(buffer.getvalue(), convert_hdr_to_8bit=False)
        assert found.info["bit_depth"] == bits
        right = smooth() if mode != "L;16" else np.repeat(smooth()[..., :1], 3, axis=2)
        assert difference(buffer.getvalue(), right) < 3

    @pytest.mark.parametrize("form", ["HEIF", "AVIF"])
    @pytest.mark.parametrize("mode", ["L", "LA", "RGBA"])
    def test_of_gray_and_alpha_keeps_its_pixels(self, form: str, mode: str) -> None:
        image = Image.fromarray(smooth()).convert(mode)
        if mode != "L":
            image.putalpha(Image.new("L", image.size, 128))
        paper = Image.new("RGBA", image.size, "white")
        right = np.asarray(Image.alpha_composite(paper, image.convert("RGBA")).convert("RGB"))
        assert difference(encode(image, form, quality=95), right) < 3

    @pytest.mark.parametrize("primary", [0, 1, 2])
    def test_of_several_pictures_is_the_primary_one(self, primary: int) -> None:
        heif = pillow_heif.HeifFile()
        for shade in (40, 120, 220):
            heif.add_from_pillow(Image.new("RGB", (64, 40), (shade, shade, shade)))
        buffer = io.BytesIO()
        heif.save(buffer, primary_index=primary, quality=95)
        right = np.full((40, 64, 3), (40, 120, 220)[primary], np.uint8)
        assert difference(buffer.getvalue(), right) < 3


def smooth() -> np.ndarray[Any, Any]:
    across, down = np.meshgrid(np.linspace(0, 255, 64), np.linspace(0, 255, 40))
    return np.stack([across, down, (across + down) / 2], axis=2).astype(np.uint8)


def opaque(deep: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    return np.dstack([deep, np.full(deep.shape[:2], 0xFFFF, np.uint16)])


def difference(data: bytes, right: np.ndarray[Any, Any]) -> float:
    rgb = decode_photo(data, limits=LIMITS).rgb
    assert rgb.shape == right.shape
    return float(np.abs(rgb.astype(int) - right).mean())


class TestGif:
    def test_shows_its_first_frame(self) -> None:
        first, second = Image.fromarray(SCENE), Image.fromarray(noise(64, 40))
        data = encode(first, "GIF", save_all=True, append_images=[second] * 50)
        assert_shows(decode_photo(data, limits=LIMITS).rgb)
