"""Photos to measure with: variations of samples/, so that no two have the same bytes."""

import random
from collections.abc import Iterator
from pathlib import Path

from PIL import Image, ImageEnhance, ImageOps

SAMPLES = Path(__file__).parents[1] / "samples"


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


def _originals(longest_side: int) -> Iterator[Image.Image]:
    for path in sorted(SAMPLES.glob("*.jpg")):
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
