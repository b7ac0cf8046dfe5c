"""Fit RetinaFace's second logit for small faces: ``python -m scripts.fit_small_faces FOLDER``.

FOLDER holds FER2013's training faces. RetinaFace gives small faces that stand alone on a soft
ground less than -4.5, as it gives grass: of 150 of 24 px 130 have more. What its finest grid knows
of a cell, 64 values, does tell them apart. So a logistic regression of those values is fitted and
becomes one more output of the last convolution (``export_retinaface``), at no cost.

Faces are drawn as the crowds of ``benchmarks.detection_recall`` are, 20 to 36 px large. What is no
small face: the ground, pieces of a photo and faces with their squares shuffled, drawn in the same
way, so that the way of drawing tells nothing, faces of 60 to 280 px, and two photos that
scikit-learn ships. Writes ``models/retinaface/small_faces.json``; ``python -m
services.vision.detectors.export_retinaface`` takes it up.
"""

import argparse
import itertools
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from rich.progress import track
from sklearn.datasets import load_sample_image
from sklearn.linear_model import LogisticRegression

from benchmarks.detection_recall.pictures import Pixels, crowd
from benchmarks.detection_recall.sources import Source
from services.common.domain.faces import Box
from services.trainer.data.framing import on_canvas
from services.vision.detectors.finest_grid import FinestGrid
from services.vision.detectors.priors import STRIDES

NETWORK = Path("models/retinaface")
# The detector's is 0.6; fitted there, it finds no more and takes one tile more for a face.
_SCALE = 0.65
_SIZES, _LARGE, _WIDE_CELL = (20, 22, 24, 26, 28, 32, 36), (60, 80, 100, 140, 200, 280), 160
_FACES, _PIECES, _ZOOMS = 1800, 300, (0.7, 1, 2, 3)
# Of cells that RetinaFace itself takes for nothing, a tenth is enough.
_HARD_LOGIT, _SHARE = -6.5, 0.1

Floats = NDArray[np.float32]
Cells = tuple[Floats, NDArray[np.bool_]]


def fit(data: Path, *, seed: int = 5) -> dict[str, Any]:
    """Return weights and bias of the regression.

    Args:
        data: a folder of FER2013's faces, PNGs of 48x48 below it.
        seed: of what is drawn.
    """
    chance = np.random.default_rng(seed)
    grid = FinestGrid(NETWORK)
    pictures = list(_pictures(data, chance))
    parts = [_cells(grid, chance, *picture) for picture in track(pictures, "pictures")]
    values, is_face = (np.concatenate(part) for part in zip(*parts, strict=True))
    mean, deviation = values.mean(axis=0), values.std(axis=0) + 1e-6
    found = LogisticRegression(C=0.1, max_iter=500).fit((values - mean) / deviation, is_face)
    weight = found.coef_[0] / deviation
    bias = float(found.intercept_[0] - weight @ mean)
    return {"weight": [round(float(each), 6) for each in weight], "bias": round(bias, 6)}


def _pictures(data: Path, chance: np.random.Generator) -> Iterator[tuple[Pixels, tuple[Box, ...]]]:
    """Yield pictures and the boxes of the small faces in them."""
    paths = sorted(data.rglob("*.png"))
    faces = [_face(paths[index]) for index in chance.permutation(len(paths))[:_FACES]]
    shuffled = [_face(path, shuffle=chance) for path in paths[:_PIECES]]
    photos = [Image.fromarray(load_sample_image(name)) for name in ("china.jpg", "flower.jpg")]
    pieces = [_piece(photos[number % 2], chance) for number in range(_PIECES)]
    seeds = itertools.count(40_000)
    for _, side in itertools.product(range(2), _SIZES):
        for cell in (2 * side, 3 * side, _WIDE_CELL):
            yield _crowd(faces, side, cell, next(seeds))
        for sources, cell in itertools.product((shuffled, pieces), (2 * side, _WIDE_CELL)):
            yield _crowd(sources, side, cell, next(seeds))[0], ()
    for _, side in itertools.product(range(3), _LARGE):
        yield _crowd(faces, side, 2 * side, next(seeds), columns=6, rows=4)[0], ()
    for photo, zoom in itertools.product(photos, _ZOOMS):
        size = (round(photo.width * zoom), round(photo.height * zoom))
        yield np.asarray(photo.resize(size, Image.Resampling.BICUBIC)), ()


def _crowd(
    sources: Sequence[Source], side: int, cell: int, seed: int, *, columns: int = 15, rows: int = 10
) -> tuple[Pixels, tuple[Box, ...]]:
    photo, boxes = crowd(sources, side, cell=cell, columns=columns, rows=rows, seed=seed)
    return np.asarray(photo), boxes


def _face(path: Path, *, shuffle: np.random.Generator | None = None) -> Source:
    face = np.asarray(Image.open(path).convert("RGB"))
    if shuffle is not None:
        squares = face.reshape(4, 12, 4, 12, 3).swapaxes(1, 2).reshape(16, 12, 12, 3)
        squares = squares[shuffle.permutation(16)].reshape(4, 4, 12, 12, 3)
        face = np.ascontiguousarray(squares.swapaxes(1, 2).reshape(48, 48, 3))
    canvas = Image.fromarray(on_canvas(face))
    # on_canvas puts half a frame around the frame.
    quarter = canvas.width / 4
    return Source(path.name, canvas, Box(quarter, quarter, 2 * quarter, 2 * quarter))


def _piece(photo: Image.Image, chance: np.random.Generator) -> Source:
    side = int(chance.integers(24, 140))
    x, y = (int(chance.integers(side, length - 2 * side)) for length in photo.size)
    return Source("piece", photo, Box(x, y, 0.8 * side, side))


def _cells(
    grid: FinestGrid, chance: np.random.Generator, rgb: Pixels, boxes: Sequence[Box]
) -> Cells:
    """Values of the cells at faces and of those away from all of them, and which are which."""
    values, logits = grid.of(rgb, _SCALE)
    is_face, near = np.zeros(logits.shape, np.bool_), np.zeros(logits.shape, np.bool_)
    y, x = np.mgrid[: logits.shape[0], : logits.shape[1]]
    for box in boxes:
        middle = ((box.x + box.w / 2) * _SCALE, (box.y + box.h / 2) * _SCALE)
        away = np.maximum(
            *(np.abs((at + 0.5) * STRIDES[0] - to) for at, to in zip((x, y), middle, strict=True))
        )
        near |= away < box.side * _SCALE
        is_face |= away == away.min()
    drawn = (logits > _HARD_LOGIT) | (chance.random(logits.shape) < _SHARE)
    taken = is_face | (~near & drawn)
    return values[taken], is_face[taken]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m scripts.fit_small_faces")
    parser.add_argument("data", type=Path, help="FER2013's training faces, a folder")
    text = json.dumps(fit(parser.parse_args().data), indent=1)
    (NETWORK / "small_faces.json").write_text(text + "\n", "utf-8")
