import numpy as np
import pytest
from PIL import ExifTags, Image, PngImagePlugin, TiffImagePlugin

from services.common.domain.limits import PhotoLimits
from services.imaging.decode import decode_photo
from services.imaging.exif import Exif, iso_time, read_exif
from tests.fixtures.photos import encode, quadrants

LIMITS = PhotoLimits()
FORMATS = ("JPEG", "PNG", "WEBP", "TIFF")
XMP = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF><rdf:Description'
    b' xmlns:tiff="http://ns.adobe.com/tiff/1.0/" tiff:Orientation="6"/></rdf:RDF></x:xmpmeta>'
)


def shot(form: str) -> bytes:
    """A picture with the time of its exposure, and a place."""
    times = {
        ExifTags.Base.DateTimeOriginal: "2026:05:06 07:08:09",
        ExifTags.Base.SubsecTimeOriginal: "78",
        ExifTags.Base.OffsetTimeOriginal: "+02:00",
    }
    if form == "TIFF":
        tags = TiffImagePlugin.ImageFileDirectory_v2()
        tags[ExifTags.IFD.Exif] = {int(tag): text for tag, text in times.items()}
        return encode(quadrants(), form, tiffinfo=tags)
    exif = Image.Exif()
    exif[ExifTags.Base.Make] = "a camera"
    exif.get_ifd(ExifTags.IFD.Exif).update(times)
    exif.get_ifd(ExifTags.IFD.GPSInfo)[1] = "N"
    return encode(quadrants(), form, exif=exif)


@pytest.mark.parametrize("form", FORMATS)
def test_the_time_of_the_exposure_is_told(form: str) -> None:
    photo = decode_photo(shot(form), limits=LIMITS)
    assert photo.captured_at == "2026-05-06T07:08:09.78+02:00"


@pytest.mark.parametrize("form", FORMATS)
def test_a_picture_without_exif_has_no_time(form: str) -> None:
    assert decode_photo(encode(quadrants(), form), limits=LIMITS).captured_at is None


@pytest.mark.parametrize("form", FORMATS)
def test_an_orientation_in_xmp_alone_is_ignored(form: str) -> None:
    notes = PngImagePlugin.PngInfo()
    notes.add_itxt("XML:com.adobe.xmp", XMP.decode())
    options = {"PNG": {"pnginfo": notes}, "TIFF": {"tiffinfo": {700: XMP}}}
    photo = decode_photo(
        encode(quadrants(), form, **options.get(form, {"xmp": XMP})), limits=LIMITS
    )
    assert photo.exif_orientation == 1
    assert photo.rgb.shape == (40, 64, 3)
    assert np.abs(photo.rgb[5, 5].astype(int) - (255, 0, 0)).max() < 20


@pytest.mark.parametrize(
    ("parts", "written"),
    [
        ({"original": "2026:05:06 07:08:09"}, "2026-05-06T07:08:09"),
        ({"original": "2026:05:06 07:08:09\0"}, "2026-05-06T07:08:09"),
        ({"original": b"2026:05:06 07:08:09"}, "2026-05-06T07:08:09"),
        (
            {"original": "2026:05:06 07:08:09", "sub_seconds": "007", "offset": "-03:30"},
            "2026-05-06T07:08:09.007-03:30",
        ),
        (
            {"original": "2026:05:06 07:08:09", "sub_seconds": "x", "offset": "+25:00"},
            "2026-05-06T07:08:09",
        ),
        ({"original": "2026:05:06 07:08:09", "sub_seconds": 7, "offset": 2}, "2026-05-06T07:08:09"),
        ({"original": "0000:00:00 00:00:00"}, None),
        ({"original": "    :  :     :  :  "}, None),
        ({"original": "2026:02:30 07:08:09"}, None),
        ({"original": "2026:05:06 07:08:61"}, None),
        ({"original": "1601:01:01 00:00:00"}, None),
        ({"original": "yesterday"}, None),
        ({"original": "２０２６:05:06 07:08:09"}, None),
        ({"original": 20260506}, None),
        ({"original": None}, None),
    ],
)
def test_nonsense_is_no_time(parts: dict[str, object], written: str | None) -> None:
    assert iso_time(parts.pop("original"), **parts) == written


@pytest.mark.parametrize(
    "block", [b"", b"Exif\0\0", b"II*\0\xff\xff\xff\xff", b"MM\0*" + bytes(40)]
)
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_a_broken_block_counts_as_absent(block: bytes) -> None:
    assert read_exif(block) == Exif()


def shrunk_from(size: str, *, width: int = 64, height: int = 40) -> tuple[int, int] | None:
    exif = Image.Exif()
    exif[ExifTags.Base.ProcessingSoftware] = f"hfer-shrink {size}"
    return decode_photo(encode(quadrants(width, height), "JPEG", exif=exif), limits=LIMITS).original


@pytest.mark.parametrize(
    ("size", "original"),
    [
        ("640x400", (640, 400)),
        ("65x40", (65, 40)),
        ("64x40", (64, 40)),
        ("1000x999", None),
        ("32x20", None),
        ("0x0", None),
        ("9999999x9999999", None),
        ("640x400 and more", None),
    ],
)
def test_a_size_is_believed_that_the_photo_can_come_of(
    size: str, original: tuple[int, int] | None
) -> None:
    assert shrunk_from(size) == original


def test_other_software_has_shrunk_nothing() -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.ProcessingSoftware] = "Digital Camera 1.0"
    photo = decode_photo(encode(quadrants(), "JPEG", exif=exif), limits=LIMITS)
    assert photo.original is None
