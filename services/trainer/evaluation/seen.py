"""What an evaluation does with images that the bundle has seen before (``data/seen.py``).

One image of its training data is enough to refuse. ``prepare`` drops each copy of an evaluation
image from training (248 files of FER2013's PublicTest are training files as well), so that no
correct evaluation has any; a share that is let through would only hide a split cut wrongly.
Images of calibration are reported in a note: the temperature has one parameter and the figures are
cross-fitted. An older bundle has no list; if it was trained on FER2013, the names of FER2013's
files still say it.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from services.trainer.data.known import FER2013
from services.trainer.data.layouts import Split
from services.trainer.data.seen import Flags, seen_by
from services.trainer.errors import SeenImagesError
from services.trainer.evaluation.images import FaceImages
from services.vision.bundle import Bundle


@dataclass(frozen=True, slots=True)
class Overlap:
    """Flags ``[N]`` for evaluated images.

    Attributes:
        known_by: how they were found, None: unknown.
        trained: which were in its training data.
        calibrated: which were in fitting its temperature.
        complete: whether nobody before it may have seen others, as of ``SeenImages``.
    """

    known_by: str | None
    trained: Flags
    calibrated: Flags
    complete: bool = True

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
                "images (--data, --split), leave these out (--drop-seen), or add --allow-seen to "
                "see the figures all the same."
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
        if not self.complete:
            notes.append("The bundle was made from a model that does not say what it has seen.")
        if self.trained.any():
            notes.append(
                f"{int(self.trained.sum())} of {total} images were in the bundle's training data; "
                "the figures flatter it."
            )
        if self.fitted_here:
            notes.append(
                f"{int(self.calibrated.sum())} of these {total} images served to calibrate it, or "
                "a model before it; read the calibration in cross_fitted."
            )
        return notes


def overlap(bundle: Bundle, images: FaceImages) -> Overlap:
    """Compare evaluated images with those that the bundle has seen.

    Raises:
        BundleError: if the bundle's list cannot be read.
    """
    seen = seen_by(bundle)
    if seen is not None:
        flags = seen.trained_on(images.hashes), seen.calibrated_on(images.hashes)
        return Overlap("file hashes", *flags, complete=seen.complete)
    if images.fer2013 and bundle.manifest.training_data.name == FER2013.name:
        splits = np.array([str(sample.split) for sample in images.samples])
        flags = splits == Split.TRAIN, splits == Split.VALIDATION
        return Overlap("FER2013's file names", *flags)
    nothing = np.zeros(len(images.samples), dtype=bool)
    return Overlap(None, nothing, nothing)
