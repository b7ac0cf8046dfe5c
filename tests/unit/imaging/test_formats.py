import io
import tarfile
import zipfile

import pytest

from services.common.domain.errors import ItemError, ItemErrorCode
from services.imaging.formats import HEAD_BYTES, name_other, require_format, sniff_format
from tests.fixtures.photos import encode, quadrants

OPEN = ("JPEG", "PNG", "WEBP", "BMP", "TIFF")


def box(major: bytes, *brands: bytes) -> bytes:
    """The first box of an ISO base media file."""
    content = b"ftyp" + major + bytes(4) + b"".join(brands)
    return (len(content) + 4).to_bytes(4) + content + b"\x00\x00\x00\x10meta" + bytes(100)


def refusal(head: bytes) -> str:
    with pytest.raises(ItemError) as caught:
        require_format(head, OPEN)
    assert caught.value.code == ItemErrorCode.UNSUPPORTED_FORMAT
    return caught.value.detail


class TestSniffing:
    @pytest.mark.parametrize("form", [*OPEN, "GIF"])
    def test_knows_the_format_by_twelve_bytes(self, form: str) -> None:
        assert sniff_format(encode(quadrants(), form)[:12]) == form

    @pytest.mark.parametrize("head", [b"II+\0\x08\0\0\0", b"MM\0*\0\0\0\x08", b"MM\0+\0\x08\0\0"])
    def test_knows_every_kind_of_tiff(self, head: bytes) -> None:
        assert sniff_format(head) == "TIFF"

    @pytest.mark.parametrize(
        ("head", "form"),
        [
            (box(b"heic", b"mif1", b"heic"), "HEIC"),
            (box(b"heix"), "HEIC"),
            (box(b"mif1", b"heic", b"miaf"), "HEIC"),
            (box(b"mif1", b"mif1", b"avif"), "AVIF"),
            (box(b"avif", b"mif1"), "AVIF"),
            (b"\x00\x00\x00\x0cjP  \r\n\x87\n", "JP2"),
            (b"\xff\x4f\xff\x51\x00\x2f", "JP2"),
        ],
    )
    def test_knows_what_phones_and_archives_write(self, head: bytes, form: str) -> None:
        assert sniff_format(head) == form

    @pytest.mark.parametrize("head", [b"", b"%PDF-1.7\n....", box(b"isom", b"mp41"), b"ftyp"])
    def test_knows_nothing_of_other_files(self, head: bytes) -> None:
        assert sniff_format(head) is None

    @pytest.mark.parametrize("size", [0, 1, 8, 11])
    def test_takes_a_box_of_any_size(self, size: int) -> None:
        assert sniff_format(size.to_bytes(4) + b"ftyp") is None


def packed(kind: str) -> bytes:
    buffer = io.BytesIO()
    if kind == "zip":
        with zipfile.ZipFile(buffer, "w") as archive:
            archive.writestr("a.jpg", b"x")
    else:
        with tarfile.open(fileobj=buffer, mode="w") as archive:
            archive.addfile(tarfile.TarInfo("a.jpg"))
    return buffer.getvalue()[:HEAD_BYTES]


@pytest.mark.parametrize(
    ("head", "name"),
    [
        (b"II*\0\x10\0\0\0CR\x02\0", "camera raw (CR2)"),
        (box(b"crx ", b"isom"), "camera raw (CR3)"),
        (b"IIRO\x08\0\0\0", "camera raw (ORF)"),
        (b"IIU\0\x18\0\0\0", "camera raw (RW2)"),
        (b"FUJIFILMCCD-RAW 0201", "camera raw (RAF)"),
        (box(b"qt  "), "video"),
        (box(b"mp42", b"isom"), "video"),
        (b"\x1aE\xdf\xa3\x01", "video"),
        (b"RIFF\0\0\0\0AVI LIST", "video"),
        (b"%PDF-1.7\n", "PDF"),
        (b"8BPS\0\x01", "Photoshop (PSD)"),
        (b'\xef\xbb\xbf<?xml version="1.0"?>\n<!-- a -->\n<svg xmlns="">', "SVG"),
        (b"\n<!DOCTYPE html>\n<html>", "web page (HTML)"),
        (b"\xff\x0a\xfa", "JPEG XL"),
        (packed("zip"), "archive or office document (zip)"),
        (packed("tar"), "archive (tar)"),
        (b"P6\n64 40\n255\n", "PNM"),
        (bytes(128) + b"DICM", "DICOM"),
        (b"\x00\x05\x16\x07\x00\x02", "macOS file information (AppleDouble)"),
        (b"this is a text", None),
        (b"<gpx></gpx>", None),
        (b"", None),
    ],
)
def test_names_what_is_no_photo(head: bytes, name: str | None) -> None:
    assert name_other(head) == name


class TestRequired:
    @pytest.mark.parametrize("form", OPEN)
    def test_gives_the_name_of_an_open_format(self, form: str) -> None:
        assert require_format(encode(quadrants(), form)[:HEAD_BYTES], OPEN) == form

    def test_says_what_was_found_and_what_to_send(self) -> None:
        assert refusal(b"%PDF-1.7") == (
            "The file is PDF, which is not read; send JPEG, PNG, WebP, BMP, TIFF."
        )

    def test_names_a_picture_format_that_is_closed(self) -> None:
        assert "is HEIC, which" in refusal(box(b"heic"))
        assert "is JPEG 2000, which" in refusal(b"\xff\x4f\xff\x51")

    def test_a_camera_raw_is_no_tiff(self) -> None:
        assert "camera raw (CR2)" in refusal(b"II*\0\x10\0\0\0CR\x02\0")

    def test_says_so_where_nothing_is_known(self) -> None:
        assert refusal(b"text").startswith("The file is not a photo that can be read; send JPEG")

    def test_speaks_of_what_the_caller_has(self) -> None:
        with pytest.raises(ItemError, match=r"^The file at the URL is PDF"):
            require_format(b"%PDF-1.7", OPEN, subject="The file at the URL")
