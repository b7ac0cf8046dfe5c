"""TIFF: the page that is the photo, and its samples as the tags say.

What Pillow reads wrong without an error is kept from it: planes of 16 bits, gray that is white
at zero, a thumbnail before the photo. The file is handed over with the few bytes changed that
lead it right.
"""

import io
import struct
from threading import Lock

from PIL import Image, TiffImagePlugin

from services.imaging.source import EndsEarlyError, NotReadError, Samples, Source
from services.imaging.tiff_pages import Directories, Page, Tag

_FLOAT = 3
_PLANES = 2
_RGB = 2
_YCBCR = 6
_COLOUR = frozenset({_RGB, 5, _YCBCR, 8})
_GRAY = frozenset({0, 1})
_UNCOMPRESSED = 1
_ASSOCIATED, _UNASSOCIATED = 1, 2
# Color filter arrays (TIFF/EP) and linear raw (DNG), and the codings of Nikon, Pentax and Sony.
_RAW_PHOTOMETRICS = frozenset({32803, 34892})
_RAW_COMPRESSIONS = frozenset({32767, 34713, 65535})
_RAW_BY_MAKE = {
    "canon": "CR2",
    "epson": "ERF",
    "hasselblad": "3FR",
    "kodak": "DCR",
    "leaf": "MOS",
    "leica": "RWL",
    "mamiya": "MEF",
    "nikon": "NEF",
    "olympus": "ORF",
    "panasonic": "RW2",
    "pentax": "PEF",
    "phase": "IIQ",
    "ricoh": "PEF",
    "samsung": "SRW",
    "sony": "ARW",
}
_COMPRESSIONS = {
    33003: "JPEG 2000",
    33005: "JPEG 2000",
    34712: "JPEG 2000",
    34887: "LERC",
    34892: "lossy JPEG of DNG",
    34933: "PNG",
    34934: "JPEG XR",
    50001: "WebP",
    50002: "JPEG XL",
    52546: "JPEG XL",
}
# A strip a row of the tallest photo, in three planes. Pillow keeps 300 bytes for each.
_MOST_STRIPS = 200_000
# libtiff is chosen by a global of Pillow's; held while a file is opened by it.
_LIBTIFF = Lock()


def open_tiff(data: bytes) -> Source:
    """Open the first page that is neither a smaller copy nor a mask; a camera raw is refused.

    EXIF is that of the file's first directory, where cameras put it.

    Raises:
        NotReadError: it names the kind of camera raw, samples or compression.
        EndsEarlyError: the file ends before the page.
    """
    directories = Directories(data)
    if directories.is_big and directories.order == ">":
        raise NotReadError("a BigTIFF in big-endian order")
    pages, is_cut = _read_pages(directories)
    _refuse_raw(pages)
    page = _photo_among(pages, is_cut=is_cut)
    _require_readable(page)
    image = _opened(_led_to(data, directories, page), page)
    exif = Image.Exif()
    exif.bigtiff, exif.endian = directories.is_big, directories.order
    exif.load_from_fp(io.BytesIO(data), pages[0].at)
    turns_itself = page is pages[0] or page.count(Tag.ORIENTATION) > 0
    return Source(image, exif, turned=turns_itself, samples=_samples(page))


def ends_early(data: bytes) -> bool:
    """Tell of a TIFF that could not be decoded whether its photo lies behind the file's end."""
    directories = Directories(data)
    pages, is_cut = _read_pages(directories)
    return directories.reach(_photo_among(pages, is_cut=is_cut)) > len(data)


def _read_pages(directories: Directories) -> tuple[list[Page], bool]:
    """Return the pages, at least one, and whether the file ends before the last of them."""
    pages: list[Page] = []
    try:
        for page in directories.pages():
            pages.append(page)  # noqa: PERF402 - those before a fault are kept
    except struct.error:
        if not pages:
            raise EndsEarlyError from None
        return pages, True
    if not pages:
        raise ValueError("no directory")
    return pages, False


def _refuse_raw(pages: list[Page]) -> None:
    if pages[0].count(Tag.DNG_VERSION):
        raise NotReadError("camera raw (DNG)")
    if any(
        page.get(Tag.PHOTOMETRIC) in _RAW_PHOTOMETRICS
        or page.get(Tag.COMPRESSION) in _RAW_COMPRESSIONS
        for page in pages
    ):
        make = bytes(pages[0].entries[Tag.MAKE].values) if Tag.MAKE in pages[0].entries else b""
        words = make.decode("ascii", "replace").replace("\0", " ").lower().split()
        kind = _RAW_BY_MAKE.get(words[0] if words else "")
        raise NotReadError(f"camera raw ({kind})" if kind else "camera raw")


def _photo_among(pages: list[Page], *, is_cut: bool) -> Page:
    full = next((page for page in pages if page.is_full), None)
    if full:
        return full
    if is_cut:
        raise EndsEarlyError
    return max(pages, key=lambda page: page.get(Tag.WIDTH) * page.get(Tag.HEIGHT))


def _require_readable(page: Page) -> None:
    strips = max(page.count(Tag.STRIP_OFFSETS), page.count(Tag.TILE_OFFSETS))
    if strips > _MOST_STRIPS:
        raise NotReadError(f"a TIFF of {strips} strips (the limit is {_MOST_STRIPS})")
    if not page.count(Tag.PHOTOMETRIC) and page.get(Tag.BITS, 1) > 1:
        raise NotReadError("a TIFF that does not say what its samples mean (tag 262)")
    is_colour = page.get(Tag.PHOTOMETRIC) in _COLOUR
    if is_colour and page.get(Tag.SAMPLE_FORMAT) == _FLOAT:
        raise NotReadError("a float colour TIFF")
    compression = page.get(Tag.COMPRESSION, _UNCOMPRESSED)
    if compression in _COMPRESSIONS or compression not in TiffImagePlugin.COMPRESSION_INFO:
        name = _COMPRESSIONS.get(compression, f"kind {compression}")
        raise NotReadError(f"a TIFF compressed as {name}")


def _led_to(data: bytes, directories: Directories, page: Page) -> bytes:
    """Return the file with ``page`` as the first, and tags that Pillow reads as they are meant."""
    changed = bytearray(data)
    struct.pack_into(directories.pointer, changed, directories.first_at, page.at)
    short = directories.order + "H"
    if _is_deep_white_is_zero(page):
        struct.pack_into(short, changed, page.entries[Tag.PHOTOMETRIC].at, 1)
    if page.get(Tag.EXTRA_SAMPLES) == _ASSOCIATED:
        struct.pack_into(short, changed, page.entries[Tag.EXTRA_SAMPLES].at, _UNASSOCIATED)
    return bytes(changed)


def _is_deep_white_is_zero(page: Page) -> bool:
    """Whether Pillow would read it as if black were zero, or not at all."""
    return page.get(Tag.PHOTOMETRIC) == 0 and page.get(Tag.BITS, 1) > 8  # noqa: PLR2004 - a byte


def _opened(data: bytes, page: Page) -> TiffImagePlugin.TiffImageFile:
    try:
        if not _needs_libtiff(page):
            return TiffImagePlugin.TiffImageFile(io.BytesIO(data))
        with _LIBTIFF:
            TiffImagePlugin.READ_LIBTIFF = True
            try:
                return TiffImagePlugin.TiffImageFile(io.BytesIO(data))
            finally:
                TiffImagePlugin.READ_LIBTIFF = False
    except SyntaxError as error:
        if "pixel mode" not in str(error) and "organization" not in str(error):
            raise
        raise NotReadError(_described(page)) from error


def _needs_libtiff(page: Page) -> bool:
    """Whether Pillow's own reader of what is not compressed gives wrong pixels.

    It takes 8 of 16 bits of a plane for a row, and subsampled colour for full.
    """
    return page.get(Tag.COMPRESSION, _UNCOMPRESSED) == _UNCOMPRESSED and (
        page.get(Tag.PLANAR) == _PLANES or page.get(Tag.PHOTOMETRIC) == _YCBCR
    )


def _described(page: Page) -> str:
    kind = "float" if page.get(Tag.SAMPLE_FORMAT) == _FLOAT else "integer"
    return (
        f"a TIFF of {page.get(Tag.SAMPLES, 1)} {kind} samples of {page.get(Tag.BITS, 1)} bits"
        f" (photometric {page.get(Tag.PHOTOMETRIC)})"
    )


def _samples(page: Page) -> Samples:
    return Samples(
        white=_white(page),
        white_is_zero=_is_deep_white_is_zero(page),
        premultiplied=page.get(Tag.EXTRA_SAMPLES) == _ASSOCIATED,
    )


def _white(page: Page) -> int | None:
    """Return the gray that is white: by the bits, or by a highest value that is all ones.

    TIFF 6.0 takes MaxSampleValue for statistics; only one like 4095 is a range of so many bits.
    """
    bits = page.get(Tag.BITS, 1)
    highest = page.get(Tag.MAX_SAMPLE)
    if 8 < bits < 16:  # noqa: PLR2004 - more than a byte, less than two
        return (1 << bits) - 1
    return highest if highest > 1 and highest & (highest + 1) == 0 else None
