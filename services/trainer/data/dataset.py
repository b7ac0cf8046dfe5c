"""Prepared data in memory."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.common.domain.emotions import EMOTIONS
from services.trainer.data.layouts import Split
from services.trainer.data.prepare import IMAGES_NAME, MANIFEST_NAME, SERVED_NAME
from services.trainer.errors import RunError
from services.trainer.files import sha256_of

Pixels = NDArray[np.uint8]
Labels = NDArray[np.int64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Subset:
    """Images with their labels.

    Attributes:
        images: uint8 ``[N, S, S, C]``.
        labels: ``[N]``, indices into ``EMOTIONS``.
        leaked: ``[N]``, which are copies of training images.
        served: the images as serving would crop them, where ``found``; None without that view.
        found: ``[N]``, in which our detector found the face.
    """

    images: Pixels
    labels: Labels
    leaked: Mask
    served: Pixels | None = None
    found: Mask | None = None

    def __len__(self) -> int:
        """Number of images."""
        return len(self.labels)

    @property
    def counts(self) -> tuple[int, ...]:
        """Images per class, in the order of ``EMOTIONS``."""
        return tuple(np.bincount(self.labels, minlength=len(EMOTIONS)).tolist())


@dataclass(frozen=True, slots=True)
class PreparedData:
    """The three splits with the manifest they came with. ``test`` may be empty."""

    train: Subset
    validation: Subset
    test: Subset
    manifest: dict[str, Any]

    @property
    def evaluated(self) -> tuple[Split, Subset]:
        """The split that results are reported on: test where there is one, else validation."""
        return (Split.TEST, self.test) if len(self.test) else (Split.VALIDATION, self.validation)


def load_prepared(folder: Path) -> PreparedData:
    """Read what ``prepare`` wrote.

    Raises:
        RunError: if it is not there or the pixels are not those of the manifest.
    """
    try:
        manifest = json.loads((folder / MANIFEST_NAME).read_bytes())
        images = _read(folder / IMAGES_NAME, sha256=manifest["images_sha256"])
        served_hash = manifest.get("served_sha256")
        served = _read(folder / SERVED_NAME, sha256=served_hash) if served_hash else None
    except (OSError, ValueError) as error:
        raise RunError(f"{folder} holds no prepared data; run prepare first.") from error
    rows = manifest["images"]
    labels = np.array([row["label"] for row in rows], dtype=np.int64)
    kept, leaked, found = (
        np.array([row.get(flag, False) for row in rows], dtype=bool)
        for flag in ("kept", "leaked", "found")
    )
    splits = np.array([row["split"] for row in rows])

    def subset(split: Split) -> Subset:
        chosen = np.flatnonzero((splits == split) & kept)
        second = (served[chosen], found[chosen]) if served is not None else (None, None)
        return Subset(images[chosen], labels[chosen], leaked[chosen], *second)

    return PreparedData(subset(Split.TRAIN), subset(Split.VALIDATION), subset(Split.TEST), manifest)


def _read(path: Path, *, sha256: str) -> Pixels:
    if sha256_of(path) != sha256:
        raise RunError(f"{path.name} is not what {MANIFEST_NAME} says; run prepare again.")
    # Mapped: each split copies its images out of it, and no second copy of all stays behind.
    pixels: Pixels = np.load(path, allow_pickle=False, mmap_mode="r")
    return pixels
