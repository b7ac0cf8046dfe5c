import zlib

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from services.common.domain.errors import ItemError, ItemErrorCode
from services.common.domain.faces import PhotoWarning
from services.common.domain.limits import PhotoLimits
from services.imaging.decode import DecodedPhoto, decode_photo
from tests.fixtures.photos import encode, noise, quadrants

LIMITS = PhotoLimits()
SCENE = noise(60, 40)
SKIPPED, ENDED = (PhotoWarning.SIDE_CHUNK_SKIPPED,), (PhotoWarning.END_MISSING,)
# Behind the signature and IHDR.
AT = 33


def chunk(kind: bytes, data: bytes, *, damage: int = 0) -> bytes:
    check = zlib.crc32(kind + data) ^ damage
    return len(data).to_bytes(4) + kind + data + check.to_bytes(4)


def with_chunks(*chunks: bytes, pixels: bytes = b"") -> bytes:
    data = pixels or encode(SCENE)
    return data[:AT] + b"".join(chunks) + data[AT:]


def decoded(data: bytes) -> DecodedPhoto:
    return decode_photo(data, limits=LIMITS)


def refusal(data: bytes) -> ItemError:
    with pytest.raises(ItemError) as caught:
        decode_photo(data, limits=LIMITS)
    return caught.value


class TestSideChunks:
    @pytest.mark.parametrize("kind", [b"iCCP", b"tEXt", b"eXIf", b"gAMA", b"tIME", b"prVt"])
    def test_a_damaged_one_is_skipped_with_a_warning(self, kind: bytes) -> None:
        photo = decoded(with_chunks(chunk(kind, b"name\0\0data", damage=1)))
        assert np.array_equal(photo.rgb, SCENE)
        assert photo.warnings == SKIPPED

    @pytest.mark.parametrize(
        "large",
        [
            chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(2_000_000))),
            chunk(b"iTXt", b"Comment\0\x01\0\0\0" + zlib.compress(bytes(2_000_000))),
            chunk(b"iCCP", b"profile\0\0" + zlib.compress(bytes(2_000_000))),
            chunk(b"tEXt", b"Comment\0" + b"x" * 1_100_000),
            chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(700_000))) * 2,
        ],
        ids=["zTXt", "iTXt", "iCCP", "tEXt", "two"],
    )
    def test_large_ones_are_skipped_with_a_warning(self, large: bytes) -> None:
        photo = decoded(with_chunks(large))
        assert np.array_equal(photo.rgb, SCENE)
        assert photo.warnings == SKIPPED

    def test_usual_ones_are_no_news(self) -> None:
        notes = PngImagePlugin.PngInfo()
        notes.add_text("Title", "a", zip=True)
        notes.add_itxt("Title", "a")
        data = encode(SCENE, pnginfo=notes, icc_profile=bytes(3_000), dpi=(300, 300))
        assert decoded(data).warnings == ()

    def test_a_text_that_cannot_be_unpacked_is_no_matter(self) -> None:
        assert decoded(with_chunks(chunk(b"zTXt", b"Comment\0\0no zlib"))).warnings == ()

    def test_a_bomb_of_texts_costs_one(self) -> None:
        bomb = chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(20_000_000)))
        assert decoded(with_chunks(bomb * 500)).warnings == SKIPPED

    def test_more_chunks_than_the_limit_are_refused(self) -> None:
        error = refusal(with_chunks(chunk(b"tEXt", b"") * 65_537))
        assert error.code is ItemErrorCode.UNSUPPORTED_FORMAT
        assert "the limit of 65536" in error.detail

    def test_a_damaged_palette_is_damage(self) -> None:
        palette = encode(Image.fromarray(quadrants()).quantize(4))
        at = palette.find(b"PLTE") + 4
        damaged = palette[:at] + bytes((palette[at] ^ 1,)) + palette[at + 1 :]
        assert refusal(damaged).code is ItemErrorCode.DECODE_FAILED


class TestEnd:
    @pytest.mark.parametrize("missing", [1, 4, 12])
    def test_a_missing_end_is_added(self, missing: int) -> None:
        photo = decoded(encode(SCENE)[:-missing])
        assert np.array_equal(photo.rgb, SCENE)
        assert photo.warnings == ENDED

    @pytest.mark.parametrize("missing", [40, 3_000])
    def test_missing_rows_are_not(self, missing: int) -> None:
        assert refusal(encode(SCENE)[:-missing]).code is ItemErrorCode.TRUNCATED

    def test_a_file_that_ends_between_the_chunks_of_pixels_is_truncated(self) -> None:
        data = encode(noise(300, 300))
        second = data.find(b"IDAT", data.find(b"IDAT") + 4)
        assert refusal(data[: second - 4]).code is ItemErrorCode.TRUNCATED


class TestExif:
    @pytest.mark.parametrize("packed", [False, True])
    def test_is_read_as_image_magick_writes_it(self, packed: bool) -> None:
        exif = Image.Exif()
        exif[274] = 6
        raw = exif.tobytes()
        text = f"\nexif\n{len(raw):8}\n{raw.hex()}\n".encode()
        content = b"\0" + zlib.compress(text) if packed else text
        data = with_chunks(
            chunk(b"zTXt" if packed else b"tEXt", b"Raw profile type exif\0" + content)
        )
        assert decoded(data).exif_orientation == 6

    def test_behind_the_pixels_is_read(self) -> None:
        exif = Image.Exif()
        exif[274] = 6
        data = encode(SCENE)
        late = data[:-12] + chunk(b"eXIf", exif.tobytes()[6:]) + data[-12:]
        assert decoded(late).exif_orientation == 6


def test_an_animation_is_its_still_picture() -> None:
    other = Image.fromarray(noise(60, 40, seed=1))
    data = encode(Image.fromarray(SCENE), save_all=True, append_images=[other])
    assert b"fdAT" in data
    assert np.array_equal(decoded(data).rgb, SCENE)
