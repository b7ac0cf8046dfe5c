"""Faces made hard to read, and crops that hold no face: NumPy, OpenCV and seeds alone."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.detection_recall.pictures import tiles
from benchmarks.detection_recall.sources import without_faces
from benchmarks.turned_faces import turned
from services.trainer.data.generated.faces import draw_face
from services.vision.transforms import InputSpec

Pixels = NDArray[np.uint8]

# Degrees: as where the roll of a head is not known; blur's sigma in parts of the crop's side.
ANGLES = (60, 90, 120, 150, 180)
# What turns each side to the left, in quarters anticlockwise.
_QUARTERS = {"left": 0, "right": 2, "top": 1, "bottom": 3}
SIGMAS = (0.02, 0.04, 0.06, 0.08, 0.12, 0.2)
_DRAWN = 280
_TILES = 8
_TILE_SIDE = 192


def hard_faces(faces: Pixels) -> Iterator[tuple[str, str, Pixels]]:
    """Yield group, row and crops: every way of making these crops ``[N, S, S, C]`` hard to read."""
    for degrees in ANGLES:
        yield "turned", f"{degrees} degrees", _each(partial(turned, degrees=degrees), faces)
    for edge in _QUARTERS:
        yield "cut", f"{edge} half gone", _each(partial(cut, edge=edge), faces)
    for sigma in SIGMAS:
        yield "blurred", f"sigma {sigma:g} of the side", _each(partial(blurred, sigma=sigma), faces)


def no_faces(spec: InputSpec, cache: Path) -> Iterator[tuple[str, str, Pixels]]:
    """Yield crops that hold no face of a person: drawn ones, and tiles of ordinary pictures."""
    seeds = range(_DRAWN)
    drawn = [draw_face(s % 7, seed=s, size=spec.size, channels=spec.channels) for s in seeds]
    yield "no face", "drawings of faces", np.stack(drawn)
    backs = [_channels(draw_back(seed=seed, size=spec.size), spec) for seed in seeds]
    yield "no face", "drawn backs of heads", np.stack(backs)
    parts = [
        _channels(_resized(np.asarray(tile), spec.size), spec)
        for seed, (_, picture) in enumerate(without_faces(cache))
        for tile in tiles(picture, count=_TILES, seed=seed, side=_TILE_SIDE)
    ]
    yield "no face", "parts of pictures without a face", np.stack(parts)


def cut(crop: Pixels, *, edge: str) -> Pixels:
    """Return a crop whose half at ``edge`` repeats its middle line, as serving crops a cut face."""
    quarters = _QUARTERS[edge]
    left = np.rot90(crop, quarters).copy()
    middle = left.shape[1] // 2
    left[:, :middle] = left[:, middle : middle + 1]
    return np.ascontiguousarray(np.rot90(left, -quarters))


def blurred(crop: Pixels, *, sigma: float) -> Pixels:
    """Return a crop blurred by a Gaussian of ``sigma`` times its side."""
    spread = sigma * crop.shape[0]
    found = cv2.GaussianBlur(crop, (0, 0), spread, borderType=cv2.BORDER_REPLICATE)
    return np.asarray(found, dtype=np.uint8)


def draw_back(*, seed: int, size: int) -> Pixels:
    """Draw the back of a head, RGB ``[size, size, 3]``: hair over neck and ears, a soft ground."""
    rng = np.random.default_rng((seed, 1))
    side = 2 * size  # averaged below, for smooth edges
    coarse = rng.uniform(0, 255, (4, 4, 3)).astype(np.float32)
    sketch = cv2.resize(coarse, (side, side), interpolation=cv2.INTER_LINEAR)
    hair = rng.uniform(0.05, 1) * np.array([200.0, 170.0, 130.0])
    skin = np.array([130.0, 90.0, 65.0]) + rng.uniform(0, 1) * np.array([120.0, 130.0, 130.0])
    across, middle = rng.uniform(0.34, 0.42) * side, side // 2
    neck = round(0.45 * across)
    cv2.rectangle(sketch, (middle - neck, middle), (middle + neck, side), skin.tolist(), -1)
    for way in (-1, 1):
        ear = (round(middle + way * across), middle)
        cv2.ellipse(sketch, ear, (side // 20, side // 12), 0, 0, 360, skin.tolist(), -1)
    axes = (round(across), round(rng.uniform(1.1, 1.3) * across))
    cv2.ellipse(sketch, (middle, round(0.46 * side)), axes, 0, 0, 360, hair.tolist(), -1)
    for x in rng.uniform(-0.8, 0.8, 60):
        top = (round(middle + 0.4 * x * across), round(0.46 * side - 0.9 * axes[1]))
        end = (round(middle + x * across), round(0.46 * side + 0.6 * axes[1]))
        strand = np.clip(hair * rng.uniform(0.7, 1.3), 0, 255).tolist()
        cv2.line(sketch, top, end, strand, 1, cv2.LINE_AA)
    pixels = cv2.resize(sketch, (size, size), interpolation=cv2.INTER_AREA)
    noisy = pixels + rng.normal(0, rng.uniform(2, 10), pixels.shape)
    return np.asarray(np.clip(noisy, 0, 255), dtype=np.uint8)


def _each(change: Callable[[Pixels], Pixels], crops: Pixels) -> Pixels:
    return np.stack([change(crop).reshape(crop.shape) for crop in crops])


def _resized(rgb: Pixels, size: int) -> Pixels:
    return np.asarray(cv2.resize(rgb, (size, size), interpolation=cv2.INTER_AREA), np.uint8)


def _channels(rgb: Pixels, spec: InputSpec) -> Pixels:
    if spec.channels == 3:
        return rgb
    return np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)[..., np.newaxis], np.uint8)
