"""Photos to measure with: made of samples/, so that no two have the same bytes.

    python -m benchmarks.photos DIR --count 20

writes groups of 1 to 9 faces in photos of 0.75 to 6 megapixels.
"""

import argparse
import math
import random
from collections.abc import Iterator, Sequence
from pathlib import Path

from PIL import Image, ImageEnhance, ImageFilter, ImageOps

SAMPLES = Path(__file__).parents[1] / "samples"
# Samples of one person; the turned one is a part of another.
_PORTRAITS = ("collins.jpg", "hopper.jpg")


def write_variations(
    folder: Path, *, count: int, longest_side: int = 1000, seed: int = 7
) -> list[Path]:
    """Write ``count`` different JPEGs: samples, a little cropped, brightened or mirrored.

    Args:
        folder: where to.
        count: how many.
        longest_side: upper bound of both sides, in pixels.
        seed: the same seed writes the same photos.
    """
    chance = random.Random(seed)  # noqa: S311 - reproducible, not secret
    originals = list(_originals(longest_side))
    paths = [folder / f"photo-{number:04d}.jpg" for number in range(count)]
    for number, path in enumerate(paths):
        _varied(originals[number % len(originals)], chance).save(path, quality=88)
    return paths


def _originals(longest_side: int, *, names: Sequence[str] = ()) -> Iterator[Image.Image]:
    for path in [SAMPLES / name for name in names] or sorted(SAMPLES.glob("*.jpg")):
        with Image.open(path) as image:
            upright = ImageOps.exif_transpose(image).convert("RGB")
            upright.thumbnail((longest_side, longest_side))
            yield upright


def _varied(image: Image.Image, chance: random.Random) -> Image.Image:
    left, top = chance.randrange(8), chance.randrange(8)
    varied = image.crop((left, top, image.width, image.height))
    if chance.randrange(2):
        varied = varied.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    return ImageEnhance.Brightness(varied).enhance(chance.uniform(0.9, 1.1))


def write_crowd(
    folder: Path,
    *,
    count: int,
    megapixels: tuple[float, float] = (0.75, 6.0),
    most_faces: int = 9,
    seed: int = 7,
) -> list[Path]:
    """Write ``count`` different JPEGs of groups: portraits at several sizes on a blurred ground.

    Sizes and numbers of faces go evenly through their ranges, so that few photos cover both.

    Args:
        folder: where to.
        count: how many.
        megapixels: smallest and largest area of a photo.
        most_faces: 1 to so many portraits in a photo.
        seed: the same seed writes the same photos.
    """
    chance = random.Random(seed)  # noqa: S311 - reproducible, not secret
    portraits = _portraits()
    low, high = megapixels
    paths = [folder / f"crowd-{number:04d}.jpg" for number in range(count)]
    for number, path in enumerate(paths):
        area = low + (high - low) * number / max(1, count - 1)
        faces = 1 + (number * 4) % most_faces
        _crowd(portraits, chance, megapixels=area, faces=faces).save(path, quality=88)
    return paths


def write_empty(
    folder: Path, *, count: int = 12, megapixels: tuple[float, float] = (0.75, 6.0), seed: int = 7
) -> list[Path]:
    """Write ``count`` different JPEGs of grounds like ``write_crowd``'s, without a face.

    A suit and a space suit lie on them in some number: detail that a detector has to look at.
    """
    chance = random.Random(seed)  # noqa: S311 - reproducible, not secret
    parts = [
        portrait.crop((0, round(0.66 * portrait.height), portrait.width, portrait.height))
        for portrait in _portraits()
    ]
    low, high = megapixels
    paths = [folder / f"empty-{number:04d}.jpg" for number in range(count)]
    for number, path in enumerate(paths):
        area = low + (high - low) * number / max(1, count - 1)
        faces = 1 + (number * 4) % 9
        _crowd(parts, chance, megapixels=area, faces=faces).save(path, quality=88)
    return paths


def crowd_photo(*, megapixels: float, faces: int, seed: int) -> Image.Image:
    """One photo of a group; the same seed gives the same photo."""
    chance = random.Random(seed)  # noqa: S311 - reproducible, not secret
    return _crowd(_portraits(), chance, megapixels=megapixels, faces=faces)


def _portraits() -> list[Image.Image]:
    return list(_originals(1000, names=_PORTRAITS))


def _crowd(
    portraits: list[Image.Image], chance: random.Random, *, megapixels: float, faces: int
) -> Image.Image:
    width = round((megapixels * 1e6 * 4 / 3) ** 0.5)
    height = round(width * 3 / 4)
    ground = chance.choice(portraits).resize((width // 16, height // 16))
    photo = ground.filter(ImageFilter.GaussianBlur(4)).resize((width, height))
    columns = math.ceil(faces**0.5)
    rows = math.ceil(faces / columns)
    cell = min(width // columns, height // rows)
    for place in range(faces):
        side = round(cell * chance.uniform(0.5, 1.0))
        portrait = _varied(chance.choice(portraits), chance)
        portrait = ImageOps.contain(portrait, (side, side))
        left = width * (place % columns) // columns + chance.randrange(max(1, cell - side))
        top = height * (place // columns) // rows + chance.randrange(max(1, cell - side))
        photo.paste(portrait, (left, top))
    return photo


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.photos", description=__doc__)
    parser.add_argument("folder", type=Path, help="made if missing")
    parser.add_argument("--count", type=int, default=20)
    asked = parser.parse_args()
    asked.folder.mkdir(parents=True, exist_ok=True)
    written = write_crowd(asked.folder, count=asked.count)
    print(f"{len(written)} photos in {asked.folder}")


if __name__ == "__main__":
    main()
