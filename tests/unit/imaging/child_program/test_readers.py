"""Which libraries a child reads with: audits of dependencies do not see them inside a wheel."""

import pillow_heif
import pytest

from services.imaging.child_program.readers import open_readers, too_old
from services.imaging.open_formats import closed_formats


def test_the_installed_wheel_is_new_enough_for_heic() -> None:
    info = pillow_heif.libheif_info()
    assert too_old(info["libheif"], info["decoders"]["libde265"]) is None


def test_a_child_reads_every_format() -> None:
    readers, closed = open_readers()
    expected = {"JPEG", "PNG", "WEBP", "BMP", "TIFF", "HEIC", "AVIF", "JP2", "GIF"}
    assert set(readers) == expected
    assert not closed
    assert not closed_formats()


@pytest.mark.parametrize(
    ("libheif", "libde265", "at_fault"),
    [
        ("1.23.5", "libde265 HEVC decoder, version 1.1.3", "libheif 1.23.5"),
        ("1.23.6", "libde265 HEVC decoder, version 1.1.2", "libde265 1.1.2"),
        ("1.9.10", "libde265 HEVC decoder, version 1.1.3", "libheif 1.9.10"),
        ("1.24.0", "", "libde265 unknown"),
        ("a.b", "libde265 HEVC decoder, version 1.1.3", "libheif a.b"),
    ],
)
def test_a_library_below_the_floor_closes_heic(libheif: str, libde265: str, at_fault: str) -> None:
    why = too_old(libheif, libde265)
    assert why is not None
    assert why.startswith(at_fault)
