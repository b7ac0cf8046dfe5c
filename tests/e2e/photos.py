"""Photos for the end-to-end tests: variations of samples/, and files that are none."""

import io
import struct
import zlib
from pathlib import Path

from PIL import Image, ImageOps

from benchmarks.photos import SAMPLES
from benchmarks.photos import write_variations as variations

# Small enough that 200 of them take seconds, large enough that every face is still found.
LONGEST_SIDE = 400


def sample_paths() -> list[Path]:
    """The photos that ship with the repository."""
    return sorted(path for path in SAMPLES.iterdir() if path.suffix in {".jpg", ".png", ".webp"})


def write_variations(folder: Path, *, count: int, seed: int = 7) -> list[Path]:
    """Write ``count`` different small JPEGs made from the samples."""
    return variations(folder, count=count, longest_side=LONGEST_SIDE, seed=seed)


def write_bad_photos(folder: Path) -> dict[str, str]:
    """Write one file per way to fail, and return the code expected of each name."""
    jpeg = io.BytesIO()
    _small(sample_paths()[0]).save(jpeg, "JPEG")
    half = jpeg.getvalue()[: jpeg.tell() // 2]
    heic = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(500)
    files = {
        "empty.jpg": (b"", "empty"),
        "truncated.jpg": (half, "truncated"),
        "text.jpg": (b"I am not a photo.\n" * 50, "unsupported_format"),
        "phone.heic.jpg": (heic, "decode_failed"),
        "bomb.png": (_png_header(60_000, 60_000), "too_many_pixels"),
        "tiny.png": (_png(8, 8), "too_small"),
    }
    for name, (content, _) in files.items():
        (folder / name).write_bytes(content)
    return {name: code for name, (_, code) in files.items()}


def write_plain(path: Path) -> None:
    """Write a photo without any face."""
    path.write_bytes(_png(320, 240))


def write_colours(folder: Path, *, count: int, blue: int) -> Path:
    """Write ``count`` tiny photos without a face, each of another colour; return the folder."""
    for number in range(count):
        colour = (number % 256, number // 256, blue)
        Image.new("RGB", (24, 24), colour).save(folder / f"photo-{number:04d}.png")
    return folder


def _small(path: Path) -> Image.Image:
    with Image.open(path) as image:
        upright = ImageOps.exif_transpose(image).convert("RGB")
    upright.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    return upright


def _png(width: int, height: int) -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", (width, height), (90, 140, 90)).save(stream, "PNG")
    return stream.getvalue()


def _png_header(width: int, height: int) -> bytes:
    """A PNG of a few hundred bytes that claims 3.6 gigapixels."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(bytes(100_000))), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )
