"""Prepared data in memory."""

import json
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.common.domain.emotions import EMOTIONS
from services.trainer.data.layouts import Split
from services.trainer.data.prepare import (
    IMAGES_NAME,
    MANIFEST_NAME,
    SERVED_NAME,
    VOTES_NAME,
)
from services.trainer.data.votes import majority, shares
from services.trainer.errors import RunError
from services.trainer.files import sha256_of

Pixels = NDArray[np.uint8]
Labels = NDArray[np.int64]
Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]

_ONE_HOT = np.eye(len(EMOTIONS), dtype=np.float32)


@dataclass(frozen=True, slots=True)
class Subset:
    """Images with their labels.

    Attributes:
        images: uint8 ``[N, S, S, C]``.
        labels: ``[N]``, indices into ``EMOTIONS``: of votes, the majority's or the first of the
            most voted (``votes/counts.py``).
        leaked: ``[N]``, which are copies of training images.
        served: the images as serving would crop them, where ``found``; None without that view.
        found: ``[N]``, in which our detector found the face.
        votes: float32 ``[N, 10]``, what judges said, see ``votes/counts.py``; None without.
        own_labels: ``[N]``, the data set's own labels where there are votes.
        hashes: ``[N]``, SHA-256 of each file in hex digits; None for images that are no files.
    """

    images: Pixels
    labels: Labels
    leaked: Mask
    served: Pixels | None = None
    found: Mask | None = None
    votes: Floats | None = None
    own_labels: Labels | None = None
    hashes: NDArray[np.str_] | None = None

    def __len__(self) -> int:
        """Number of images."""
        return len(self.labels)

    @property
    def counts(self) -> tuple[int, ...]:
        """Images per class, in the order of ``EMOTIONS``; of votes, their shares summed."""
        summed = self.targets(np.arange(len(self))).sum(axis=0, dtype=np.float64)
        return tuple(np.rint(summed).astype(int).tolist())

    @property
    def decided(self) -> Mask:
        """Which images have one true label: all, or with votes those with a majority."""
        if self.votes is None:
            return np.ones(len(self), dtype=bool)
        return majority(self.votes)[1]

    def targets(self, chosen: Labels) -> Floats:
        """Return the targets ``[M, 7]`` of some images: shares of votes, or 1 for the label."""
        if self.votes is None:
            return _ONE_HOT[self.labels[chosen]]
        return shares(self.votes[chosen]).astype(np.float32)

    def take(self, chosen: Labels | Mask) -> "Subset":
        """Return some of the images."""
        parts = {each.name: getattr(self, each.name) for each in fields(self)}
        given = {name: part[chosen] for name, part in parts.items() if part is not None}
        return replace(self, **given)


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
        votes_hash = manifest.get("votes_sha256")
        votes = _read(folder / VOTES_NAME, sha256=votes_hash) if votes_hash else None
    except (OSError, ValueError) as error:
        raise RunError(f"{folder} holds no prepared data; run prepare first.") from error
    rows = manifest["images"]
    labels = np.array([row["label"] for row in rows], dtype=np.int64)
    kept, leaked, found = (
        np.array([row.get(flag, False) for row in rows], dtype=bool)
        for flag in ("kept", "leaked", "found")
    )
    splits = np.array([row["split"] for row in rows])
    own = np.array([row["own_label"] for row in rows], np.int64) if votes is not None else None
    hashes = np.array([row["sha256"] for row in rows])
    everything = Subset(
        images, labels, leaked, served, found if served is not None else None, votes, own, hashes
    )

    def subset(split: Split) -> Subset:
        return everything.take(np.flatnonzero((splits == split) & kept))

    return PreparedData(subset(Split.TRAIN), subset(Split.VALIDATION), subset(Split.TEST), manifest)


def _read(path: Path, *, sha256: str) -> Any:
    if sha256_of(path) != sha256:
        raise RunError(f"{path.name} is not what {MANIFEST_NAME} says; run prepare again.")
    # Mapped: each split copies its images out of it, and no second copy of all stays behind.
    return np.load(path, allow_pickle=False, mmap_mode="r")
