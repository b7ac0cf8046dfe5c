"""Photos made smaller before they are sent, read as the service reads them."""

import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from PIL import ExifTags, Image, PngImagePlugin

from hfer import Client, MissingPackageError, ServiceError, SettingsError
from hfer._shrink import shrunk
from hfer._spool import MemoryPhoto
from services.common.domain.limits import PhotoLimits
from services.imaging.decode import decode_photo
from tests.fixtures.fake_service import FakeService

MakePhoto = Callable[..., Path]
LIMITS = PhotoLimits()
TAKEN = "2026:05:06 07:08:09"


def picture(mode: str = "RGB", size: tuple[int, int] = (900, 600)) -> Image.Image:
    """A photo whose corners differ, with some noise, so that it has a size in bytes."""
    width, height = size
    noise = np.random.default_rng(7).integers(0, 40, (height, width, 3), dtype=np.uint8)
    noise[: height // 2, : width // 2] += np.uint8(200)
    return Image.fromarray(noise).convert(mode)


def encoded(image: Image.Image, form: str = "JPEG", *, orientation: int = 1, **more: Any) -> bytes:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    exif[ExifTags.Base.Make] = "a camera"
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.DateTimeOriginal] = TAKEN
    exif.get_ifd(ExifTags.IFD.GPSInfo)[ExifTags.GPS.GPSLatitudeRef] = "N"
    buffer = io.BytesIO()
    image.save(buffer, form, exif=exif, **more)
    return buffer.getvalue()


def made_smaller(data: bytes, *, longest_side: int = 400) -> bytes:
    smaller = shrunk(MemoryPhoto("a.jpg", data), longest_side=longest_side)
    assert smaller is not None
    assert len(smaller) < len(data)
    return smaller


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
def test_the_service_learns_the_upright_size_and_the_turn(form: str, orientation: int) -> None:
    data = encoded(picture(), form, orientation=orientation)
    before = decode_photo(data, limits=LIMITS)
    after = decode_photo(made_smaller(data), limits=LIMITS)
    assert after.original == (before.width, before.height)
    assert after.exif_orientation == orientation
    assert max(after.rgb.shape) == 400
    assert after.captured_at == before.captured_at == "2026-05-06T07:08:09"
    small = Image.fromarray(before.rgb).resize((after.width, after.height))
    assert np.abs(np.asarray(small, np.float32) - after.rgb).mean() < 12


def test_a_turned_tiff_is_upright_in_pixels_of_the_upright_original() -> None:
    data = encoded(picture(), "TIFF", orientation=6)
    before = decode_photo(data, limits=LIMITS)
    after = decode_photo(made_smaller(data), limits=LIMITS)
    assert after.original == (before.width, before.height) == (600, 900)
    assert after.rgb.shape == (400, 267, 3)


def test_the_place_and_the_camera_stay_here() -> None:
    exif = Image.open(io.BytesIO(made_smaller(encoded(picture())))).getexif()
    assert ExifTags.IFD.GPSInfo not in exif
    assert ExifTags.Base.Make not in exif


@pytest.mark.parametrize("mode", ["L", "P", "RGBA", "LA"])
def test_other_modes_keep_what_shows(mode: str) -> None:
    data = encoded(picture(mode), "PNG")
    after = decode_photo(made_smaller(data), limits=LIMITS)
    assert after.original == (900, 600)
    assert after.rgb[20, 20].mean() > after.rgb[-20, -20].mean() + 100


def test_a_colour_profile_goes_along() -> None:
    data = encoded(picture(), icc_profile=b"a profile")
    assert Image.open(io.BytesIO(made_smaller(data))).info["icc_profile"] == b"a profile"


def test_an_orientation_of_xmp_turns_nothing() -> None:
    info = PngImagePlugin.PngInfo()
    info.add_itxt("XML:com.adobe.xmp", '<x tiff:Orientation="6"/>')
    buffer = io.BytesIO()
    picture().save(buffer, "PNG", pnginfo=info)
    assert decode_photo(made_smaller(buffer.getvalue()), limits=LIMITS).original == (900, 600)


@pytest.mark.parametrize(
    "data",
    [
        encoded(picture(size=(400, 300))),
        encoded(picture())[:2_000],
        b"PK\x03\x04 an archive",
        b"",
        encoded(picture("CMYK")),
        encoded(picture(), "WEBP", save_all=True, append_images=[picture("L").convert("RGB")]),
        encoded(picture(size=(2_000, 2))),
    ],
    ids=["small", "damaged", "archive", "empty", "cmyk", "animated", "a line"],
)
def test_what_is_small_or_strange_goes_as_it_is(data: bytes) -> None:
    assert shrunk(MemoryPhoto("a.jpg", data), longest_side=400) is None


class TestSubmit:
    def test_sends_the_smaller_file_under_the_same_name(
        self, client: Client, service: FakeService, make_photo: MakePhoto
    ) -> None:
        service.limits = {"shrunk_photos": True}
        told: list[int] = []
        photo = make_photo("a.png", encoded(picture(), "PNG"))
        client.submit(photo, b"small", shrink=400, on_shrink=told.append)
        assert told == [1]
        body = service.sent("POST", "/v1/jobs")[0].content
        assert b'filename="a.png"' in body
        assert b"hfer-shrink 900x600" in body
        assert b"small" in body
        assert b"shrink" not in body.split(b"\r\n\r\n")[1]

    def test_an_older_service_would_tell_wrong_coordinates(
        self, client: Client, service: FakeService
    ) -> None:
        with pytest.raises(SettingsError, match="older"):
            client.submit(encoded(picture()), shrink=400)
        assert not service.sent("POST")

    def test_photos_by_url_do_not_pass_here(self, client: Client) -> None:
        with pytest.raises(SettingsError, match="URL"):
            client.submit("https://photos.example.com/a.jpg", shrink=400)

    def test_a_side_that_shows_no_face_is_refused(self, client: Client) -> None:
        with pytest.raises(SettingsError, match="320"):
            client.submit(b"photo", shrink=32)

    def test_says_what_to_install(self, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
        with pytest.raises(MissingPackageError, match=r"hfer\[images\]"):
            client.submit(b"photo", shrink=400)

    def test_photos_of_a_large_archive_are_shrunk_too(
        self, client: Client, service: FakeService, tmp_path: Path
    ) -> None:
        service.limits = {"shrunk_photos": True, "request_files": 2, "declare_files": 9}
        with zipfile.ZipFile(tmp_path / "album.zip", "w") as archive:
            for number in range(3):
                image = picture(size=(900 + number, 600))
                archive.writestr(f"{number}.jpg", encoded(image))
        client.submit(tmp_path / "album.zip", shrink=400)
        sizes = {Image.open(io.BytesIO(data)).size for data in service.stored.values()}
        assert len(service.stored) == 3
        assert sizes <= {(400, 267), (400, 266)}

    def test_one_that_failed_goes_on_only_at_the_same_size(
        self, client: Client, service: FakeService, tmp_path: Path
    ) -> None:
        service.limits = {"shrunk_photos": True}
        limits = httpx.Response(200, json=service.limits)
        service.upsets.extend([limits, httpx.Response(500, json={})])
        data = encoded(picture())
        with pytest.raises(ServiceError):
            client.submit(("a.jpg", data), shrink=400, resume=tmp_path)
        for shrink in (500, 400):
            client.submit(("a.jpg", data), shrink=shrink, resume=tmp_path)
        first, other, again = (
            request.headers["Idempotency-Key"] for request in service.sent("POST", "/v1/jobs")
        )
        assert first == again != other
