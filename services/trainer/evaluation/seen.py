"""Which evaluated images a bundle has seen before: in training, or when it was calibrated.

A bundle may carry ``seen_images.npz``: for "train" and "validation" the first eight bytes of
each file's SHA-256 as uint64 (0.2 MB for FER2013; by chance one of 3,589 strangers matches one
of 32,000 once in 10^11 evaluations). Images cannot be had back from it. An older bundle has no
such file; if it was trained on FER2013, the names of FER2013's files still say it.

One image of its training data is enough to refuse. ``prepare`` drops each copy of an evaluation
image from training (248 files of FER2013's PublicTest are training files as well), so that no
correct evaluation has any; a share that is let through would only hide a split cut wrongly.
Images of calibration are reported in a note: the temperature has one parameter and the figures are
cross-fitted.
"""

import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.common.domain.errors import BundleError
from services.trainer.data.known import FER2013
from services.trainer.data.layouts import Split
from services.trainer.errors import SeenImagesError
from services.trainer.evaluation.images import FaceImages
from services.vision.bundle import Bundle

SEEN_NAME = "seen_images.npz"
_SPLITS = (Split.TRAIN, Split.VALIDATION)

Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Overlap:
    """Flags ``[N]`` for evaluated images; ``known_by`` is how they were found, None: unknown."""

    known_by: str | None
    trained: Flags
    calibrated: Flags

    @property
    def fitted_here(self) -> bool:
        """Whether any of the images had a part in fitting the temperature."""
        return bool(self.calibrated.any())

    def refuse_trained(self) -> None:
        """Stop before figures are made that flatter the bundle.

        Raises:
            SeenImagesError: if any of the images was in its training data.
        """
        seen, total = int(self.trained.sum()), len(self.trained)
        if seen:
            raise SeenImagesError(
                f"{seen:,} of the {total:,} images to judge were in the bundle's training data "
                f"(known by {self.known_by}), and the figures would flatter it. Judge it on other "
                "images (--data, --split), or add --allow-seen to see the figures all the same."
            )

    def facts(self) -> dict[str, Any]:
        """Return what the report says."""
        return {
            "known_by": self.known_by,
            "in_training": int(self.trained.sum()) if self.known_by else None,
            "in_calibration": int(self.calibrated.sum()) if self.known_by else None,
        }

    def notes(self) -> list[str]:
        """Return what a reader of the figures must know, in sentences."""
        total, notes = len(self.trained), []
        if self.known_by is None:
            notes.append("The bundle does not say which images it was trained on.")
        if self.trained.any():
            notes.append(
                f"{int(self.trained.sum())} of {total} images were in the bundle's training data; "
                "the figures flatter it."
            )
        if self.fitted_here:
            notes.append(
                f"The temperature was fitted on {int(self.calibrated.sum())} of these {total} "
                "images; read the calibration in cross_fitted."
            )
        return notes


def seen_bytes(rows: Iterable[Mapping[str, Any]]) -> bytes:
    """Write ``seen_images.npz`` from the rows of a data manifest (sha256, split, kept)."""
    kept: dict[str, list[str]] = {str(split): [] for split in _SPLITS}
    for row in rows:
        if row["kept"] and row["split"] in kept:
            kept[row["split"]].append(row["sha256"])
    buffer = io.BytesIO()
    arrays = {split: np.unique(_short(hashes)) for split, hashes in kept.items()}
    np.savez(buffer, allow_pickle=False, **arrays)
    return buffer.getvalue()


def overlap(bundle: Bundle, images: FaceImages) -> Overlap:
    """Compare evaluated images with those that the bundle has seen.

    Raises:
        BundleError: if the bundle's list cannot be read.
    """
    if SEEN_NAME in bundle.manifest.files:
        hashes = _short(images.hashes)
        trained, calibrated = (np.isin(hashes, known) for known in _read(bundle))
        return Overlap("file hashes", trained, calibrated)
    if images.fer2013 and bundle.manifest.training_data.name == FER2013.name:
        splits = np.array([str(sample.split) for sample in images.samples])
        return Overlap("FER2013's file names", *(splits == split for split in _SPLITS))
    nothing = np.zeros(len(images.samples), dtype=bool)
    return Overlap(None, nothing, nothing)


def _read(bundle: Bundle) -> list[NDArray[np.uint64]]:
    try:
        with np.load(bundle.directory / SEEN_NAME, allow_pickle=False) as arrays:
            return [np.asarray(arrays[split], dtype=np.uint64) for split in _SPLITS]
    except (OSError, KeyError, ValueError) as error:
        raise BundleError(f"{SEEN_NAME} is not readable; export the bundle again.") from error


def _short(hashes: Sequence[str]) -> NDArray[np.uint64]:
    return np.array([int(digest[:16], 16) for digest in hashes], dtype=np.uint64)
