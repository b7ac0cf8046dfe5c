"""Data sets of drawn faces, in the layouts that people have."""

from collections.abc import Callable, Iterator, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Literal

import cv2

from services.common.domain.emotions import EMOTIONS
from services.trainer.data.generated.faces import Pixels, draw_face
from services.trainer.data.known import GENERATED_MARK
from services.trainer.data.layouts import Split
from services.trainer.data.layouts.rafdb import LIST, NUMBERS

Progress = Callable[[int, int], None]

_JPEG_QUALITY = 95
_NOTE = """\
Faces drawn by `python -m services.trainer generate`: no one's, free to use and pass on.
The trainer knows the data set by this file.
"""


class GeneratedLayout(StrEnum):
    """A layout to write; ``data/layouts`` reads them all."""

    FOLDERS = "folders"
    RAFDB = "rafdb"
    RAFDB_KAGGLE = "rafdb-kaggle"


# RAF-DB has 12,271 training and 3,068 test images, and no validation split.
_SHARES: Mapping[GeneratedLayout, Mapping[Split, float]] = {
    GeneratedLayout.FOLDERS: {Split.TRAIN: 0.7, Split.VALIDATION: 0.1, Split.TEST: 0.2},
    GeneratedLayout.RAFDB: {Split.TRAIN: 0.8, Split.TEST: 0.2},
    GeneratedLayout.RAFDB_KAGGLE: {Split.TRAIN: 0.8, Split.TEST: 0.2},
}


def write_faces(
    out: Path,
    *,
    layout: GeneratedLayout,
    count: int,
    size: int,
    channels: Literal[1, 3] = 3,
    seed: int = 0,
    progress: Progress | None = None,
) -> None:
    """Write ``count`` drawn faces below ``out``, all seven expressions equally often.

    Args:
        out: the folder, made if missing; files of the same names are replaced.
        layout: how files and labels are arranged. "folders" has PNG files in train, val and test
            (70, 10 and 20 %); the others JPEG files in train and test (80 and 20 %).
        count: of images in all.
        size: side of the images, in pixels.
        channels: 1 for gray, 3 for RGB.
        seed: of everything that varies; the same arguments write the same pixels.
        progress: called with (done, total) after each image.
    """
    out.mkdir(parents=True, exist_ok=True)
    (out / GENERATED_MARK).write_text(_NOTE, "utf-8")
    listing: list[str] = []
    for done, (split, number, label) in enumerate(_plan(layout, count), start=1):
        name, path = _place(layout, split, number, label)
        pixels = draw_face(
            label, seed=(seed, list(Split).index(split), number), size=size, channels=channels
        )
        _write(out / path, pixels)
        listing.append(f"{name} {NUMBERS[EMOTIONS[label]]}\n")
        if progress is not None:
            progress(done, count)
    if layout is GeneratedLayout.RAFDB:
        folder = out / "EmoLabel"
        folder.mkdir(exist_ok=True)
        (folder / LIST).write_text("".join(listing), "utf-8")


def _plan(layout: GeneratedLayout, count: int) -> Iterator[tuple[Split, int, int]]:
    """Yield split, number in the split from 1, and label; rounding is made up for in training."""
    counts = {split: round(count * share) for split, share in _SHARES[layout].items()}
    counts[Split.TRAIN] += count - sum(counts.values())
    for split, size in counts.items():
        for number in range(1, size + 1):
            yield split, number, number % len(EMOTIONS)


def _place(layout: GeneratedLayout, split: Split, number: int, label: int) -> tuple[str, str]:
    """Return an image's name in the label file and its path; RAF-DB's test numbers have 4 digits.

    Only RAF-DB's official form has a label file.
    """
    emotion = EMOTIONS[label]
    if layout is GeneratedLayout.FOLDERS:
        folder = "val" if split is Split.VALIDATION else split.value
        return "", f"{folder}/{emotion}/{number:05}.png"
    stem = f"{split}_{number:05}" if split is Split.TRAIN else f"{split}_{number:04}"
    folder = "Image/aligned"
    if layout is GeneratedLayout.RAFDB_KAGGLE:
        folder = f"DATASET/{split}/{NUMBERS[emotion]}"
    return f"{stem}.jpg", f"{folder}/{stem}_aligned.jpg"


def _write(path: Path, pixels: Pixels) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    options = [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY] if path.suffix == ".jpg" else []
    # OpenCV writes BGR.
    path.write_bytes(cv2.imencode(path.suffix, pixels[..., ::-1], options)[1].tobytes())
