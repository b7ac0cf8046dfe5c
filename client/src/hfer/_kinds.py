"""What a file is, by its first bytes: whether it is a photo, and one that the service reads."""

from pathlib import PurePath

# A tar says what it is at byte 257.
HEAD_BYTES = 512

# How photos are called. Windows and old browsers save JPEGs as .jfif, old cameras as .jpe.
PHOTO_SUFFIXES = (
    *(".avif", ".bmp", ".gif", ".heic", ".heif", ".hif", ".j2k", ".jfif", ".jp2", ".jpe"),
    *(".jpeg", ".jpf", ".jpg", ".jpx", ".png", ".tif", ".tiff", ".webp"),
)
# They begin as TIFFs do, or as nothing else.
RAW_SUFFIXES = frozenset(
    {".3fr", ".arw", ".cr2", ".cr3", ".crw", ".dng", ".erf", ".iiq", ".kdc", ".mrw", ".nef", ".nrw"}
    | {".orf", ".pef", ".raf", ".rw2", ".rwl", ".sr2", ".srf", ".srw", ".x3f"}
)
_ARCHIVE_SUFFIXES = frozenset({".zip", ".tar", ".tgz", ".gz", ".bz2", ".xz", ".7z", ".rar"})

RAW, ARCHIVE = "camera raw", "an archive"
ZIP_MAGIC = (b"PK\x03\x04", b"PK\x05\x06")
# What data without a name is called.
_ENDINGS = {
    "JPEG": ".jpg",
    "PNG": ".png",
    "TIFF": ".tif",
    "GIF": ".gif",
    "WEBP": ".webp",
    "BMP": ".bmp",
    "HEIC": ".heic",
    "AVIF": ".avif",
    "JP2": ".jp2",
}

# (offset, bytes there, what it is). The first that fits counts.
_MAGIC: tuple[tuple[int, bytes, str], ...] = (
    (8, b"CR\x02", RAW),
    (4, b"ftypcrx ", RAW),
    (0, b"II\x1a\x00\x00\x00HEAPCCDR", RAW),
    (0, b"IIRO", RAW),
    (0, b"IIRS", RAW),
    (0, b"MMOR", RAW),
    (0, b"IIU\x00", RAW),
    (0, b"FUJIFILMCCD-RAW", RAW),
    (0, b"FOVb", RAW),
    (0, b"\x00MRM", RAW),
    (0, b"\xff\xd8\xff", "JPEG"),
    (0, b"\x89PNG\r\n\x1a\n", "PNG"),
    (0, b"II*\x00", "TIFF"),
    (0, b"MM\x00*", "TIFF"),
    (0, b"II+\x00", "TIFF"),
    (0, b"MM\x00+", "TIFF"),
    (0, b"GIF87a", "GIF"),
    (0, b"GIF89a", "GIF"),
    (0, b"\x00\x00\x00\x0cjP  \r\n\x87\n", "JP2"),
    (0, b"\xff\x4f\xff\x51", "JP2"),
    (0, b"\xff\x0a", "JPEG XL"),
    (0, b"\x00\x00\x00\x0cJXL \r\n\x87\n", "JPEG XL"),
    (0, b"II\xbc", "JPEG XR"),
    (0, b"8BPS", "Photoshop"),
    *((0, magic, ARCHIVE) for magic in ZIP_MAGIC),
    (257, b"ustar", ARCHIVE),
    (0, b"\x1f\x8b", ARCHIVE),
    (0, b"BZh", ARCHIVE),
    (0, b"\xfd7zXZ\x00", ARCHIVE),
    (0, b"7z\xbc\xaf'\x1c", ARCHIVE),
    (0, b"Rar!\x1a\x07", ARCHIVE),
)
_HEIC_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"})
_AVIF_BRANDS = frozenset({b"avif", b"avis"})
_ANY_HEIF_BRANDS = frozenset({b"mif1", b"msf1", b"mif2"})


def kind_of(name: str, head: bytes) -> str:
    """Return what a file is: a format as the service names them, another kind, or nothing.

    Empty is what shows nothing: with the name of a photo (`is_photo_name`) the service will say
    what is wrong with it, else it is plainly none.
    """
    suffix = PurePath(name).suffix.lower()
    found = _sniffed(head)
    if found == "TIFF" and suffix in RAW_SUFFIXES:
        return RAW
    # Documents of offices are zips as well.
    if found == ARCHIVE and suffix not in _ARCHIVE_SUFFIXES:
        return ""
    return found


def ending_of(head: bytes) -> str:
    """Return how the name of such a file ends; empty for what is no photo and no zip."""
    return ".zip" if head.startswith(ZIP_MAGIC) else _ENDINGS.get(_sniffed(head), "")


def is_photo_name(name: str) -> bool:
    """Whether a file is called as photos are."""
    return name.lower().endswith(PHOTO_SUFFIXES)


def _sniffed(head: bytes) -> str:
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "WEBP"
    # A text may begin with BM; the four bytes are zero in every BMP.
    if head[:2] == b"BM" and head[6:10] == bytes(4):
        return "BMP"
    found = next((kind for at, magic, kind in _MAGIC if head.startswith(magic, at)), "")
    return found or (_brand(head) if head[4:8] == b"ftyp" else "")


def _brand(head: bytes) -> str:
    """Tell pictures among ISO base media files: by the major brand, then by those it lists."""
    box = head[: min(int.from_bytes(head[:4]), len(head))]
    brands = [box[8:12], *(box[at : at + 4] for at in range(16, len(box), 4))]
    if brands[0] in _AVIF_BRANDS:
        return "AVIF"
    if brands[0] in _ANY_HEIF_BRANDS:
        return "AVIF" if _AVIF_BRANDS & set(brands) else "HEIC"
    return "HEIC" if brands[0] in _HEIC_BRANDS else ""
