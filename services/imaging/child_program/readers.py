"""The readers of a child: those of every process, and those that only children have.

libheif and libde265 had over 30 memory-safety advisories in 2026. They lie inside the wheel of
pillow-heif, where audits of dependencies do not see them: so their versions are looked at here,
and a version that is too old closes the format.
"""

from collections.abc import Mapping

from PIL import AvifImagePlugin, GifImagePlugin, Jpeg2KImagePlugin

from services.imaging.decode import READERS
from services.imaging.source import Readers, plain

# The oldest that are read with. Advisories known to us end at libheif 1.23.5 (2026-09-21) and
# libde265 1.1.2 (2026-09-04); what the pinned wheel holds is newer. ADR 0021 names them.
LIBHEIF_FLOOR = (1, 23, 6)
LIBDE265_FLOOR = (1, 1, 3)


def open_readers() -> tuple[Readers, Mapping[str, str]]:
    """Return the readers by format, and why others are closed, by format."""
    readers = {
        **READERS,
        "GIF": plain(GifImagePlugin.GifImageFile),
        "JP2": plain(Jpeg2KImagePlugin.Jpeg2KImageFile),
    }
    closed: dict[str, str] = {}
    # One thread in each library: others would take of the limited address space and save no CPU.
    AvifImagePlugin.DEFAULT_MAX_THREADS = 1
    if AvifImagePlugin.SUPPORTED:
        readers["AVIF"] = plain(AvifImagePlugin.AvifImageFile)
    else:
        closed["AVIF"] = "Pillow is built without libavif"
    try:
        import pillow_heif
    except ImportError:
        closed["HEIC"] = "pillow-heif is not installed"
        return readers, closed
    info = pillow_heif.libheif_info()
    why = too_old(info["libheif"], info["decoders"].get("libde265", ""))
    if why:
        closed["HEIC"] = why
        return readers, closed
    pillow_heif.options.DECODE_THREADS = 1
    pillow_heif.options.THUMBNAILS = False
    pillow_heif.options.DEPTH_IMAGES = False
    pillow_heif.options.AUX_IMAGES = False
    readers["HEIC"] = plain(pillow_heif.HeifImageFile)
    return readers, closed


def too_old(libheif: str, libde265: str) -> str | None:
    """Tell which library is older than the floor; None when both are new enough.

    Args:
        libheif: its version, "1.23.6".
        libde265: what libheif says of its decoder, "libde265 HEVC decoder, version 1.1.3".
    """
    for name, said, floor in (
        ("libheif", libheif, LIBHEIF_FLOOR),
        ("libde265", libde265.rpartition(" ")[2], LIBDE265_FLOOR),
    ):
        if _numbers(said) < floor:
            wanted = ".".join(str(number) for number in floor)
            return f"{name} {said or 'unknown'} is older than {wanted}"
    return None


def _numbers(version: str) -> tuple[int, ...]:
    parts = version.split(".")
    return tuple(int(part) for part in parts) if all(part.isdigit() for part in parts) else ()
