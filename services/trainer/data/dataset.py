"""Prepared data in memory."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.common.domain.emotions import EMOTIONS
from services.trainer.data.layouts import Split
from services.trainer.data.prepare import IMAGES_NAME, MANIFEST_NAME
from services.trainer.errors import RunError
from services.trainer.files import sha256_of

Pixels = NDArray[np.uint8]
Labels = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Subset:
    """Images uint8 ``[N, S, S, C]``, labels ``[N]``, and which are copies of training images."""

    images: Pixels
    labels: Labels
    leaked: NDArray[np.bool_]

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
    def judged(self) -> tuple[Split, Subset]:
        """The split that results are reported on: test where there is one, else validation."""
        return (Split.TEST, self.test) if len(self.test) else (Split.VALIDATION, self.validation)


def load_prepared(folder: Path) -> PreparedData:
    """Read what ``prepare`` wrote.

    Raises:
        RunError: if it is not there or the pixels are not those of the manifest.
    """
    try:
        manifest = json.loads((folder / MANIFEST_NAME).read_bytes())
        digest = sha256_of(folder / IMAGES_NAME)
    except (OSError, ValueError) as error:
        raise RunError(f"{folder} holds no prepared data; run prepare first.") from error
    if digest != manifest["images_sha256"]:
        raise RunError(f"{IMAGES_NAME} is not what {MANIFEST_NAME} says; run prepare again.")
    images = np.load(folder / IMAGES_NAME, allow_pickle=False)
    rows = manifest["images"]
    labels = np.array([row["label"] for row in rows], dtype=np.int64)
    kept = np.array([row["kept"] for row in rows], dtype=bool)
    leaked = np.array([row["leaked"] for row in rows], dtype=bool)
    splits = np.array([row["split"] for row in rows])

    def subset(split: Split) -> Subset:
        chosen = np.flatnonzero((splits == split) & kept)
        return Subset(images[chosen], labels[chosen], leaked[chosen])

    return PreparedData(subset(Split.TRAIN), subset(Split.VALIDATION), subset(Split.TEST), manifest)
