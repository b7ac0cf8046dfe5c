"""An album as cameras, phones and exports leave them: equal names, wrong endings, side files."""

import io
import tarfile
import zipfile
from pathlib import Path

from PIL import Image

from hfer._names import clean_name, order_of

_FORMATS = ("JPEG", "PNG", "BMP", "GIF", "TIFF", "WEBP")
_SIDE = 24
# Of the first folder: signs that forms, archives and file systems write in ways of their own.
_NAMES = (
    'say "cheese".jpg',
    "50% off; a=b.jpg",
    "Zo\u00eb \u6771\u4eac.jpg",
    "e\u0301te\u0301.jpg",
    "\U0001f468\u200d\U0001f469\u200d\U0001f467.jpg",
    "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645.jpg",
)


def write_album(folder: Path, *, photos: int, folders: int) -> Path:
    """Write small photos without a face, each of another colour; return the folder.

    Half of the folders lie in another one. Every folder begins with ``IMG_0000.jpg``; every seventh
    file has an ending that its content belies, every eleventh is damaged. Beside them lie files
    that are no photos, which no way may send.
    """
    per_folder = photos // folders
    for number in range(photos):
        place, at = divmod(number, per_folder)
        inner = folder / f"cam{place:02d}" if place % 2 else folder / "trip" / f"day {place}"
        inner.mkdir(parents=True, exist_ok=True)
        name = f"IMG_{at:04d}{'.txt' if at % 7 == 6 else '.jpg'}"
        if place == 0 and 0 < at <= len(_NAMES):
            name = _NAMES[at - 1]
        (inner / name).write_bytes(_photo(number, damaged=at % 11 == 10))
    for inner in [folder, *(path for path in folder.rglob("*") if path.is_dir())]:
        (inner / "IMG_0000.jpg.json").write_text('{"title": "IMG_0000.jpg"}')
        (inner / ".DS_Store").write_bytes(b"\0\0\0\1Bud1")
    return folder


def pack_tar(album: Path, target: Path) -> Path:
    """Pack an album in the order in which it is sent."""
    with tarfile.open(target, "w") as archive:
        for path, name in _files(album):
            archive.add(path, name)
    return target


def pack_zip(album: Path, target: Path) -> Path:
    """Pack an album in the order in which it is sent."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, name in _files(album):
            archive.write(path, name)
    return target


def _photo(number: int, *, damaged: bool) -> bytes:
    colour = (number % 256, number // 256 % 256, number // 65_536)
    stream = io.BytesIO()
    chosen = "JPEG" if damaged else _FORMATS[number % len(_FORMATS)]
    Image.new("RGB", (_SIDE, _SIDE), colour).save(stream, chosen)
    data = stream.getvalue()
    # A JPEG that ends early, unlike those of other numbers by what follows its first bytes.
    return data[:200] + b"%d" % number if damaged else data


def _files(album: Path) -> list[tuple[Path, str]]:
    found = [path for path in album.rglob("*") if path.is_file()]
    named = [(path, path.relative_to(album).as_posix()) for path in found]
    return sorted(named, key=lambda one: order_of(clean_name(one[1])))
