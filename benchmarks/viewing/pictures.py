"""Honest and hostile pictures, made on the spot from samples."""

import io
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

_SAMPLES = Path(__file__).parents[2] / "samples"


@dataclass(frozen=True, slots=True)
class Picture:
    """A file, and the size that its result says."""

    name: str
    data: bytes
    width: int
    height: int


def usual_photo() -> Picture:
    """Make a photo of 12 Mpx as phones do: a JPEG with grain."""
    return _saved("jpeg-12", _with_grain(), "JPEG")


def _with_grain() -> Image.Image:
    photo = Image.open(_SAMPLES / "hopper.jpg").convert("RGB").resize((4000, 3000))
    grain = np.random.default_rng(0).integers(-20, 20, (3000, 4000, 3))
    pixels = np.clip(np.asarray(photo, np.int16) + grain, 0, 255)
    return Image.fromarray(pixels.astype(np.uint8))


def pictures(pixels: int) -> list[Picture]:
    """Make honest and hostile pictures, the largest of ``pixels``."""
    portrait = Image.open(_SAMPLES / "hopper.jpg").convert("RGB")
    side = int(pixels**0.5)
    large = (side, side)
    photo = _with_grain()
    flat = Image.new("RGB", large, "gray")
    clear = photo.convert("RGBA")
    clear.putalpha(128)
    small = photo.resize((2000, 1500))
    made = [
        _saved("jpeg-12", photo, "JPEG"),
        _saved("jpeg-large", portrait.resize(large), "JPEG"),
        _saved("png-12", photo, "PNG", compress_level=1),
        _saved("png-12-alpha", clear, "PNG", compress_level=1),
        _saved("png-large", portrait.resize(large), "PNG", compress_level=1),
        _saved("tiff-12", photo, "TIFF"),
        _saved("webp-12", photo, "WEBP", method=0),
        _saved("avif-3", small, "AVIF", speed=10),
        _saved("jp2-3", small, "JPEG2000"),
        _saved("gif-3", small, "GIF"),
        _saved("webp-flat-large", flat, "WEBP", lossless=True, method=0),
        _saved("png-flat-large", flat.convert("P"), "PNG", transparency=0),
        _saved("png-flat-alpha-large", flat.convert("RGBA"), "PNG", compress_level=1),
        _saved("avif-flat-large", flat, "AVIF", speed=10),
        _saved("gif-flat-large", flat, "GIF"),
    ]
    whole = made[0]
    made += [
        replace(whole, name="jpeg-cut", data=whole.data[: len(whole.data) // 2]),
        replace(whole, name="noise", data=np.random.default_rng(1).bytes(1_000_000)),
        replace(made[-1], name="claims-little", width=40, height=40),
    ]
    try:
        import pillow_heif
    except ImportError:
        return made
    pillow_heif.register_heif_opener()
    return [*made, _saved("heic-3", small, "HEIF")]


def _saved(name: str, image: Image.Image, form: str, **options: Any) -> Picture:
    buffer = io.BytesIO()
    image.save(buffer, form, **options)
    return Picture(name, buffer.getvalue(), *image.size)
