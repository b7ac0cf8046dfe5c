"""Mutate valid photos and decode them, in a child process with limits.

``python -m scripts.fuzz_readers --mutations 20000 --seed 7`` goes on for some minutes;
``make test`` runs a few hundred. A mutation is known by its format and number and the seed:
whatever kills the child, ``--format`` and ``--first`` find it again.
"""

import argparse
import io
import random
import resource
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pillow_heif
from PIL import Image

from services.common.domain.errors import ItemError
from services.common.domain.limits import PhotoLimits
from services.imaging.child_program.readers import open_readers
from services.imaging.decode import decode_photo

_LIMITS = PhotoLimits(photo_pixels=1_000_000)
_MEMORY_BYTES = 1_500_000_000
# Of one photo; the slowest honest megapixel takes a tenth of it.
_CPU_S = 2.0
_EXTREMES = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)
_HEAD_BYTES = 256


def _picture() -> Image.Image:
    noise = np.random.default_rng(0).integers(0, 256, (40, 64, 3), dtype=np.uint8)
    noise[:20] = np.linspace(0, 255, 64, dtype=np.uint8)[:, None]
    return Image.fromarray(noise)


def _exif() -> Image.Exif:
    exif = Image.Exif()
    exif[274] = 6
    exif.get_ifd(34665)[36867] = "2026:05:06 07:08:09"
    return exif


def _saved(form: str, image: Image.Image | None = None, **options: object) -> bytes:
    buffer = io.BytesIO()
    (image or _picture()).save(buffer, form, **options)
    return buffer.getvalue()


def _seeds() -> Mapping[str, Sequence[bytes]]:
    """Return valid files, some of each reader's ways."""
    pillow_heif.register_heif_opener()
    picture = _picture()
    gray, rgba = picture.convert("L"), picture.convert("RGBA")
    deep = Image.fromarray(np.asarray(gray).astype(np.uint16) << 4)
    return {
        "JPEG": (
            _saved("JPEG", exif=_exif()),
            _saved("JPEG", progressive=True),
            _saved("JPEG", progressive=True)[:-2],
            _saved("JPEG", gray)[:-2],
            _saved("JPEG", picture.convert("CMYK"), restart_marker_rows=1),
        ),
        "PNG": (
            _saved("PNG", exif=_exif(), icc_profile=bytes(300)),
            _saved("PNG", picture.quantize(16), transparency=3),
            _saved("PNG", rgba),
            _saved("PNG", deep),
        ),
        "WEBP": (
            _saved("WEBP", exif=_exif()),
            _saved("WEBP", rgba, lossless=True),
            _saved("WEBP", save_all=True, append_images=[gray.convert("RGB")]),
        ),
        "BMP": (_saved("BMP"), _saved("BMP", rgba), _saved("BMP", picture.quantize(16)), _RLE),
        "TIFF": (
            _saved("TIFF", exif=_exif()),
            _saved("TIFF", rgba, compression="tiff_lzw"),
            _saved("TIFF", deep),
            _saved("TIFF", compression="jpeg"),
            _saved("TIFF", gray, save_all=True, append_images=[picture], big_tiff=True),
            _saved("TIFF", gray.convert("1"), compression="group4"),
            _saved("TIFF", picture.convert("YCbCr")),
        ),
        "GIF": (
            _saved("GIF"),
            _saved("GIF", picture.quantize(16), transparency=3, interlace=1),
            _saved("GIF", gray, save_all=True, append_images=[picture, rgba]),
        ),
        "JP2": (_saved("JPEG2000"), _saved("JPEG2000", rgba), _saved("JPEG2000", no_jp2=True)),
        "AVIF": (_saved("AVIF", exif=_exif()), _saved("AVIF", rgba), _saved("AVIF", gray)),
        "HEIC": (
            _saved("HEIF", exif=_exif()),
            _saved("HEIF", rgba),
            _saved("HEIF", gray, tile_size=64),
            _saved("HEIF", save_all=True, append_images=[gray], primary_index=1),
        ),
    }


# 8 bits, run lengths, 32 x 24: 24 rows of one run, and the end.
_RLE = (
    b"BM"
    + (54 + 1024 + 98).to_bytes(4, "little")
    + bytes(4)
    + (54 + 1024).to_bytes(4, "little")
    + b"".join(value.to_bytes(4, "little") for value in (40, 32, 24, 0x80001, 1, 98, 0, 0, 256, 0))
    + bytes(range(256)) * 4
    + b"\x20\x07\x00\x00" * 24
    + b"\x00\x01"
)


def mutated(data: bytes, chance: random.Random) -> bytes:
    """Return ``data`` with one to eight faults: bytes, numbers, cuts, copies."""
    changed = bytearray(data)
    for _ in range(chance.choice((1, 1, 2, 3, 8))):
        most = min(len(changed), _HEAD_BYTES) if chance.random() < 0.5 else len(changed)  # noqa: PLR2004
        at = chance.randrange(most) if most else 0
        chance.choice(_FAULTS)(changed, at, chance)
    return bytes(changed)


def _set_byte(data: bytearray, at: int, chance: random.Random) -> None:
    data[at : at + 1] = chance.randbytes(1)


def _set_number(data: bytearray, at: int, chance: random.Random) -> None:
    size = chance.choice((2, 4, 8))
    value = chance.choice(_EXTREMES) & ((1 << 8 * size) - 1)
    data[at : at + size] = value.to_bytes(size, chance.choice(("big", "little")))


def _remove(data: bytearray, at: int, chance: random.Random) -> None:
    del data[at : at + chance.randrange(1, 64)]


def _repeat(data: bytearray, at: int, chance: random.Random) -> None:
    data[at:at] = data[at : at + chance.randrange(1, 64)] * chance.choice((1, 1, 50))


def _cut(data: bytearray, at: int, chance: random.Random) -> None:
    if chance.random() < 0.3:  # noqa: PLR2004 - most faults leave the rest in place
        del data[max(at, 16) :]


_FAULTS: tuple[Callable[[bytearray, int, random.Random], None], ...] = (
    _set_byte,
    _set_number,
    _remove,
    _repeat,
    _cut,
)


def _decode_all(form: str, first: int, count: int, seed: int) -> int:
    """Decode mutations, each announced on stdout; return how many broke a promise."""
    seeds, (readers, _) = _seeds()[form], open_readers()
    broken = 0
    for number in range(first, first + count):
        print(number, flush=True)
        chance = random.Random(f"{seed} {form} {number}")  # noqa: S311 - to be repeatable
        data = mutated(seeds[number % len(seeds)], chance)
        begun = time.process_time()
        try:
            decode_photo(data, limits=_LIMITS, readers=readers)
        except ItemError:
            pass
        except Exception as error:  # noqa: BLE001 - whatever it is, it is the finding
            broken += 1
            print(f"{form} {number}: {error!r}", file=sys.stderr)
        spent = time.process_time() - begun
        if spent > _CPU_S:
            broken += 1
            print(f"{form} {number}: took {spent:.1f} s", file=sys.stderr)
    return broken


def fuzz(form: str, *, first: int = 0, count: int, seed: int) -> str | None:
    """Decode ``count`` mutations of a format in a child; return what went wrong, or None."""
    arguments = ["--child", "--format", form, "--first", str(first)]
    arguments += ["--mutations", str(count), "--seed", str(seed)]
    done = subprocess.run(
        [sys.executable, "-m", "scripts.fuzz_readers", *arguments],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode == 0:
        return None
    last = done.stdout.rsplit(maxsplit=1)[-1:] or ["none"]
    return f"{form}: ended with {done.returncode} at mutation {last[0]}\n{done.stderr[-4000:]}"


def main() -> int:
    """Run the formats in turn; 1 where anything but a photo or a typed error came out."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mutations", type=int, default=2_000, help="of each format")
    parser.add_argument("--first", type=int, default=0, help="number of the first mutation")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--format", choices=list(_seeds()), help="only this one")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.child:
        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        warnings.simplefilter("ignore")  # Pillow's, about damaged tags
        args = (chosen.format, chosen.first, chosen.mutations, chosen.seed)
        return min(1, _decode_all(*args))
    failed = False
    for form in [chosen.format] if chosen.format else _seeds():
        found = fuzz(form, first=chosen.first, count=chosen.mutations, seed=chosen.seed)
        print(found or f"{form}: {chosen.mutations} mutations, each a photo or a typed error")
        failed |= found is not None
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
