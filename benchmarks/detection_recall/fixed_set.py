"""The set: which pictures there are. Fixed before any detector's threshold was chosen.

Who changes a group changes its ``SHA256`` and measures every detector anew.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.detection_recall.packages import CACHE
from benchmarks.detection_recall.pictures import (
    LIGHTS,
    Picture,
    crowd,
    cut,
    pixels,
    portrait,
    tiles,
)
from benchmarks.detection_recall.sources import Source, faces, without_faces
from services.common.domain.faces import Box
from services.trainer.data.framing import on_canvas

ANGLES = tuple(range(0, 360, 15))
CUTS = (20, 35, 50)
SIZES = (24, 28, 32, 40, 60, 100, 200, 400)
CROWD_SIZES = (24, 28, 32, 40)
# Faces of the rows that turn, light and cut, and their pictures.
_SIDES, _CANVAS = (48, 120), 256
_COLUMNS, _ROWS = 15, 10
# A cell of twice a face is a crowd that fills the picture; 160 px make one of 3.8 Mpx.
_WIDE_CELL = 160
_TILES = 8
_IMAGES = 300

# Of each group's pictures and places, as ``Digest`` makes it.
SHA256 = {
    "rotation": "e9ab1dedda72b213bf241d823ee10c8401071f42b66abdbc88247bcd6645bc6b",
    "light": "9932225c8e3d3a6c2400a7722d3dd0fd1310a2bbb5e6cbb1ebf7035627e5a00a",
    "cut by an edge": "26668627a9caea0ef406c23c89b68e9e0604423661996405845fd9cdada05728",
    "size": "ac5e5440f726329b50fa22f6d4c4932820cd55d23e84423082366d33b52bfa6c",
    "crowds of 150": "dd50f1dbc9482e01f0fe85db80a684c794aaea4d7f2686ad3b8753f00613db5b",
    "no face": "52a846bc435cf93e4c7ec18274d4ac4cb902759289f26aae28ce9a3c4aaaa3c9",
}


def fixed_set(group: str, cache: Path = CACHE) -> Iterator[Picture]:
    """Yield the pictures of one of ``GROUPS``, always in the same order.

    Raises:
        ValueError: if a file that is fetched is not what its SHA-256 says.
    """
    return GROUPS[group](cache)


class Digest:
    """SHA-256 of pictures and places, in order."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._digest = hashlib.sha256()

    def passing(self, pictures: Iterable[Picture]) -> Iterator[Picture]:
        """Yield the pictures and count them in."""
        for picture in pictures:
            places = [[round(corner, 3) for corner in face.corners] for face in picture.faces]
            head = f"{picture.group}|{picture.row}|{picture.rgb.shape}|{places}"
            self._digest.update(head.encode())
            self._digest.update(picture.rgb.tobytes())
            yield picture

    def hex(self) -> str:
        """Return the digest of what passed."""
        return self._digest.hexdigest()


def crowds(sources: Sequence[Source], group: str) -> Iterator[Picture]:
    """Yield the crowds of 150: four photos of each size, two filled and two wide."""
    for side in CROWD_SIZES:
        for number, cell in enumerate((2 * side, 2 * side, _WIDE_CELL, _WIDE_CELL)):
            photo, boxes = crowd(
                sources, side, cell=cell, columns=_COLUMNS, rows=_ROWS, seed=100 * side + number
            )
            yield Picture(group, f"{side} px", pixels(photo), boxes)


def crowds_of_images(data: Path) -> Iterator[Picture]:
    """Return such crowds of at most 300 of the PNG face images below a folder, such as FER2013's.

    Not part of the set: who has no such folder measures without. The frame of a face image
    counts as the face's box.

    Raises:
        ValueError: if there is none.
    """
    images = sorted(data.rglob("*.png"))
    if not images:
        raise ValueError(f"{data} is no folder with PNG images; unpack an archive first")
    order = np.random.default_rng(2013).permutation(len(images))[:_IMAGES]
    sources = [_image_as_source(images[index]) for index in order]
    return crowds(sources, f"crowds of 150 of {data}")


def _image_as_source(path: Path) -> Source:
    canvas = on_canvas(pixels(Image.open(path).convert("RGB")))
    side = canvas.shape[0]
    # on_canvas puts half a frame around the frame.
    return Source(path.name, Image.fromarray(canvas), Box(side / 4, side / 4, side / 2, side / 2))


def _crowds(cache: Path) -> Iterator[Picture]:
    return crowds(faces(cache), "crowds of 150")


def _rotated(cache: Path) -> Iterator[Picture]:
    sources = faces(cache)
    for degrees in ANGLES:
        for number, source in enumerate(sources):
            side = _SIDES[number % 2]
            photo, box = portrait(source, side, canvas=_CANVAS, degrees=degrees)
            yield Picture("rotation", str(degrees), pixels(photo), (box,))


def _lit(cache: Path) -> Iterator[Picture]:
    sources = faces(cache)
    for name, light in LIGHTS.items():
        for source in sources:
            for side in _SIDES:
                photo, box = portrait(source, side, canvas=_CANVAS)
                yield Picture("light", name, light(pixels(photo), box), (box,))


def _cut(cache: Path) -> Iterator[Picture]:
    sources = faces(cache)
    for percent in CUTS:
        for source in sources:
            for edge in ("left", "right", "top", "bottom"):
                photo, box = portrait(source, _SIDES[-1], canvas=_CANVAS)
                photo, rest = cut(photo, box, edge=edge, part=percent / 100)
                yield Picture("cut by an edge", f"{percent} %", pixels(photo), (rest,))


def _sized(cache: Path) -> Iterator[Picture]:
    sources = faces(cache)
    for side in SIZES:
        for source in sources:
            photo, box = portrait(source, side, canvas=max(_CANVAS, 2 * side))
            yield Picture("size", f"{side} px", pixels(photo), (box,))


def _empty(cache: Path) -> Iterator[Picture]:
    without = list(without_faces(cache))
    for _, picture in without:
        yield Picture("no face", "pictures", pixels(picture), ())
    for seed, (_, picture) in enumerate(without):
        for tile in tiles(picture, count=_TILES, seed=seed):
            yield Picture("no face", "tiles", pixels(tile), ())


GROUPS: dict[str, Callable[[Path], Iterator[Picture]]] = {
    "rotation": _rotated,
    "light": _lit,
    "cut by an edge": _cut,
    "size": _sized,
    "crowds of 150": _crowds,
    "no face": _empty,
}
