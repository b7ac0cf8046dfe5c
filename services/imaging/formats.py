"""What a file is, by its first bytes: names and types that users give are not trusted."""

from collections.abc import Sequence

from services.common.domain.errors import ItemError, ItemErrorCode

# As far as the table below looks; a tar says what it is at byte 257, an SVG after its XML header.
HEAD_BYTES = 512

_READ: tuple[tuple[bytes, str], ...] = (
    (b"\xff\xd8\xff", "JPEG"),
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"BM", "BMP"),
    (b"II*\x00", "TIFF"),
    (b"MM\x00*", "TIFF"),
    (b"II+\x00", "TIFF"),
    (b"MM\x00+", "TIFF"),
    (b"GIF87a", "GIF"),
    (b"GIF89a", "GIF"),
    (b"\x00\x00\x00\x0cjP  \r\n\x87\n", "JP2"),
    (b"\xff\x4f\xff\x51", "JP2"),
)

_LABELS = {"JP2": "JPEG 2000", "WEBP": "WebP"}

# Brands of ISO base media files (ISO/IEC 14496-12) that hold pictures or camera raw.
_HEIC_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"})
_AVIF_BRANDS = frozenset({b"avif", b"avis"})
_ANY_HEIF_BRANDS = frozenset({b"mif1", b"msf1", b"mif2"})

# (offset, bytes there, name). The first that fits counts.
_NOT_READ: tuple[tuple[int, bytes, str], ...] = (
    (8, b"CR\x02", "camera raw (CR2)"),
    (4, b"ftypcrx ", "camera raw (CR3)"),
    (0, b"II\x1a\x00\x00\x00HEAPCCDR", "camera raw (CRW)"),
    (0, b"IIRO", "camera raw (ORF)"),
    (0, b"IIRS", "camera raw (ORF)"),
    (0, b"MMOR", "camera raw (ORF)"),
    (0, b"IIU\x00", "camera raw (RW2)"),
    (0, b"FUJIFILMCCD-RAW", "camera raw (RAF)"),
    (0, b"FOVb", "camera raw (X3F)"),
    (0, b"\x00MRM", "camera raw (MRW)"),
    (0, b"\xff\x0a", "JPEG XL"),
    (0, b"\x00\x00\x00\x0cJXL \r\n\x87\n", "JPEG XL"),
    (0, b"II\xbc", "JPEG XR"),
    (0, b"8BPS", "Photoshop (PSD)"),
    (0, b"gimp xcf", "GIMP (XCF)"),
    (0, b"%PDF-", "PDF"),
    (0, b"%!PS", "PostScript"),
    (0, b"\xc5\xd0\xd3\xc6", "PostScript"),
    (0, b"AT&TFORM", "DjVu"),
    (0, b"\x00\x00\x01\x00", "icon (ICO)"),
    (0, b"\x00\x00\x02\x00", "cursor (CUR)"),
    (0, b"icns", "icon (ICNS)"),
    (0, b"\x76\x2f\x31\x01", "OpenEXR"),
    (0, b"#?RADIANCE", "Radiance HDR"),
    (0, b"DDS ", "DDS"),
    (0, b"qoif", "QOI"),
    (0, b"SIMPLE  =", "FITS"),
    (128, b"DICM", "DICOM"),
    (40, b" EMF", "EMF"),
    (0, b"\xd7\xcd\xc6\x9a", "WMF"),
    (0, b"\x8aMNG", "MNG"),
    (4, b"ftyp", "video"),
    (4, b"moov", "video"),
    (4, b"mdat", "video"),
    (4, b"wide", "video"),
    (0, b"\x1aE\xdf\xa3", "video"),
    (8, b"AVI ", "video"),
    (0, b"\x00\x00\x01\xba", "video"),
    (0, b"\x00\x00\x01\xb3", "video"),
    (0, b"FLV\x01", "video"),
    (0, b"0&\xb2u\x8ef\xcf\x11", "video"),
    (0, b"OggS", "audio or video"),
    (8, b"WAVE", "audio"),
    (0, b"ID3", "audio"),
    (0, b"PK\x03\x04", "archive or office document (zip)"),
    (0, b"PK\x05\x06", "archive (zip)"),
    (257, b"ustar", "archive (tar)"),
    (0, b"\x1f\x8b", "archive (gzip)"),
    (0, b"BZh", "archive (bzip2)"),
    (0, b"\xfd7zXZ\x00", "archive (xz)"),
    (0, b"7z\xbc\xaf'\x1c", "archive (7z)"),
    (0, b"Rar!\x1a\x07", "archive (RAR)"),
    (0, b"\x28\xb5\x2f\xfd", "archive (zstd)"),
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "office document"),
    # What macOS writes beside each photo on a foreign disk, as "._IMG_0001.JPG".
    (0, b"\x00\x05\x16\x07", "macOS file information (AppleDouble)"),
)

# How photos are called. Windows and old browsers save JPEGs as .jfif, old cameras as .jpe.
PHOTO_SUFFIXES = (
    *(".avif", ".bmp", ".gif", ".heic", ".heif", ".hif", ".j2k", ".jfif", ".jp2", ".jpe"),
    *(".jpeg", ".jpf", ".jpg", ".jpx", ".png", ".tif", ".tiff", ".webp"),
)

# What is no photo to us, and its owner may take for one, or for many.
_TELLING = ("camera raw", "JPEG X", "Photoshop", "archive")

_MARKUP = ((b"<svg", "SVG"), (b"<!doctype html", "web page (HTML)"), (b"<html", "web page (HTML)"))


def sniff_format(head: bytes) -> str | None:
    """Return the picture format that the first bytes announce, or None.

    One of JPEG, PNG, WEBP, BMP, TIFF, HEIC, AVIF, JP2 and GIF. ``HEAD_BYTES`` bytes are enough;
    12 are, but for HEIC and AVIF of the brand ``mif1``.
    """
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "WEBP"
    if head[4:8] == b"ftyp":
        return _sniff_brands(head)
    return next((name for magic, name in _READ if head.startswith(magic)), None)


def name_other(head: bytes) -> str | None:
    """Name what the first ``HEAD_BYTES`` bytes show that is no photo to us, such as "video"."""
    for offset, magic, name in _NOT_READ:
        if head.startswith(magic, offset):
            return name
    if head[:1] == b"P" and head[1:2] in b"1234567" and head[2:3].isspace():
        return "PNM"
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n")[:HEAD_BYTES].lower()
    if start.startswith(b"<"):
        return next((name for tag, name in _MARKUP if tag in start), None)
    return None


def is_side_file(name: str, head: bytes) -> bool:
    """Whether a file that lies among photos is plainly none, by its name and its content.

    Such as the texts, web pages and videos of an export. What is called a photo, shows one, or
    may be taken for one is not: it is told as a failed photo if it cannot be read.
    """
    if name.lower().endswith(PHOTO_SUFFIXES):
        return False
    found = sniff_format(head)
    # A text may begin with BM; the four bytes are zero in every BMP.
    if found is not None and (found != "BMP" or head[6:10] == bytes(4)):
        return False
    return not (name_other(head) or "").startswith(_TELLING)


def require_format(head: bytes, formats: Sequence[str], *, subject: str = "The file") -> str:
    """Return the format of a file that begins with ``head``, one of ``formats``.

    Args:
        head: the first ``HEAD_BYTES`` bytes, or all there are.
        formats: the open ones, as ``sniff_format`` names them.
        subject: of the error's sentence.

    Raises:
        ItemError: UNSUPPORTED_FORMAT; it names what was found, where that is known.
    """
    name = sniff_format(head)
    other = name_other(head)
    # A camera raw may begin as a TIFF does.
    is_raw = name == "TIFF" and other is not None and other.startswith("camera raw")
    if name in formats and not is_raw:
        return str(name)
    found = other if name is None or is_raw else _LABELS.get(name, name)
    raise ItemError(
        ItemErrorCode.UNSUPPORTED_FORMAT,
        f"{subject} is {f'{found}, which is not read' if found else 'not a photo that can be read'}"
        f"; send {', '.join(_LABELS.get(name, name) for name in formats)}.",
    )


def _sniff_brands(head: bytes) -> str | None:
    """Tell pictures among ISO base media files: by the major brand, then by those it lists."""
    box = head[: min(int.from_bytes(head[:4]), len(head))]
    brands = [box[8:12], *(box[at : at + 4] for at in range(16, len(box), 4))]
    if brands[0] in _ANY_HEIF_BRANDS:
        return "AVIF" if _AVIF_BRANDS & set(brands) else "HEIC"
    if brands[0] in _AVIF_BRANDS:
        return "AVIF"
    return "HEIC" if brands[0] in _HEIC_BRANDS else None
