"""The set: which pictures there are. Fixed before any detector's threshold was chosen.

Who changes it changes ``SHA256`` and measures every detector anew.
"""

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path

from PIL import Image

from benchmarks.detection_recall import pictures
from benchmarks.detection_recall.packages import CACHE
from benchmarks.detection_recall.pictures import LIGHTS, Picture, cut, pixels, portrait
from benchmarks.detection_recall.sources import Source, faces, without_faces

SHA256 = ""

ANGLES = tuple(range(0, 360, 15))
CUTS = (20, 35, 50)
SIZES = (24, 28, 32, 40, 60, 100, 200, 400)
CROWD_SIZES = (24, 28, 32, 40)
# Faces of the rows that turn, light and cut, and of their pictures.
_SIDES, _CANVAS = (48, 120), 256
_COLUMNS, _ROWS = 15, 10
# A cell of twice a face is a crowd that fills the picture; 160 px make one of 3.8 Mpx.
_WIDE_CELL = 160
_TILES = 8


def fixed_set(cache: Path = CACHE) -> Iterator[Picture]:
    """Yield every picture, always in the same order."""
    sources = faces(cache)
    yield from _rotated(sources)
    yield from _lit(sources)
    yield from _cut(sources)
    yield from _sized(sources)
    yield from crowds(sources)
    yield from empty(dict(without_faces(cache)))


def sha256_of(chosen: Iterator[Picture]) -> str:
    """Return the digest of pictures and places, in order."""
    digest = hashlib.sha256()
    for picture in chosen:
        places = [[round(corner, 3) for corner in face.corners] for face in picture.faces]
        digest.update(f"{picture.group}|{picture.row}|{picture.rgb.shape}|{places}".encode())
        digest.update(picture.rgb.tobytes())
    return digest.hexdigest()


def crowds(sources: Sequence[Source]) -> Iterator[Picture]:
    """Yield the crowds of 150: four photos of each size, two filled and two wide."""
    for side in CROWD_SIZES:
        for number, cell in enumerate((2 * side, 2 * side, _WIDE_CELL, _WIDE_CELL)):
            photo, boxes = pictures.crowd(
                sources, side, cell=cell, columns=_COLUMNS, rows=_ROWS, seed=100 * side + number
            )
            yield Picture("crowds of 150", f"{side} px", pixels(photo), boxes)


def empty(without: dict[str, Image.Image]) -> Iterator[Picture]:
    """Yield the pictures without faces and their tiles."""
    for picture in without.values():
        yield Picture("no face", "pictures", pixels(picture), ())
    for seed, picture in enumerate(without.values()):
        for tile in pictures.tiles(picture, count=_TILES, seed=seed):
            yield Picture("no face", "tiles", pixels(tile), ())


def _rotated(sources: Sequence[Source]) -> Iterator[Picture]:
    for degrees in ANGLES:
        for number, source in enumerate(sources):
            side = _SIDES[number % 2]
            photo, box = portrait(source, side, canvas=_CANVAS, degrees=degrees)
            yield Picture("rotation", str(degrees), pixels(photo), (box,))


def _lit(sources: Sequence[Source]) -> Iterator[Picture]:
    for name, light in LIGHTS.items():
        for source in sources:
            for side in _SIDES:
                photo, box = portrait(source, side, canvas=_CANVAS)
                yield Picture("light", name, light(pixels(photo), box), (box,))


def _cut(sources: Sequence[Source]) -> Iterator[Picture]:
    for percent in CUTS:
        for source in sources:
            for edge in ("left", "right", "top", "bottom"):
                photo, box = portrait(source, _SIDES[-1], canvas=_CANVAS)
                photo, rest = cut(photo, box, edge=edge, part=percent / 100)
                yield Picture("cut by an edge", f"{percent} %", pixels(photo), (rest,))


def _sized(sources: Sequence[Source]) -> Iterator[Picture]:
    for side in SIZES:
        for source in sources:
            photo, box = portrait(source, side, canvas=max(_CANVAS, 2 * side))
            yield Picture("size", f"{side} px", pixels(photo), (box,))
