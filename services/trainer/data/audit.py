"""Which images must not be learned from: blanks, contradictions and copies of evaluation images.

FER2013 holds 1,449 groups of identical images, 51 of them with conflicting labels, and about
one evaluation image in ten has a near copy among the training images. A model that has seen the
copies scores far higher on them (81 % against 64 % for a published mini-Xception), so they are
dropped from training, never from evaluation, and accuracy is reported for each.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.trainer.data.layouts import Split
from services.trainer.data.similarity import exact_groups, near_pairs, thumbnails

Pixels = NDArray[np.uint8]
Mask = NDArray[np.bool_]

# Below this standard deviation of its pixels (0..255) an image shows nothing.
BLANK_STD = 1.0


@dataclass(frozen=True, slots=True)
class Audit:
    """Findings as masks over all images, in the order of the arrays given.

    Attributes:
        blank: no content.
        conflicting: pixel-identical to an image with another label.
        near_evaluation: a training image close to a validation or test image.
        leaked: an evaluation image with such a training image.
        exact_groups: groups of two or more identical images.
        extra_copies: images beyond the first of each such group.
    """

    blank: Mask
    conflicting: Mask
    near_evaluation: Mask
    leaked: Mask
    exact_groups: int
    extra_copies: int

    def keep(self, splits: NDArray[np.str_]) -> Mask:
        """Which images are used: all of evaluation, and the clean ones of training."""
        bad = self.blank | self.conflicting | self.near_evaluation
        return np.asarray(~(bad & (splits == Split.TRAIN)), dtype=bool)

    def summary(self, splits: NDArray[np.str_]) -> dict[str, int]:
        """Counts for the report."""
        train = splits == Split.TRAIN
        return {
            "images": len(splits),
            "exact_groups": self.exact_groups,
            "extra_copies": self.extra_copies,
            "blank": int(self.blank.sum()),
            "conflicting": int(self.conflicting.sum()),
            "train_near_evaluation": int(self.near_evaluation.sum()),
            "evaluation_leaked": int(self.leaked.sum()),
            "train_dropped": int((train & ~self.keep(splits)).sum()),
            "train_kept": int((train & self.keep(splits)).sum()),
        }


def audit(
    images: Pixels, *, labels: NDArray[np.int64], splits: NDArray[np.str_], threshold: float
) -> Audit:
    """Look for blanks, contradictions and copies across splits.

    Args:
        images: uint8 ``[N, S, S, C]``.
        labels: ``[N]``, indices into ``EMOTIONS``.
        splits: ``[N]``, values of ``Split``.
        threshold: correlation of 24x24 thumbnails, mirrored ones too, from which two images
            count as the same photo.
    """
    blank = blanks(images)
    groups = exact_groups(images)
    near_evaluation, leaked = _near_across_splits(
        images, train=splits == Split.TRAIN, blank=blank, threshold=threshold
    )
    return Audit(
        blank=blank,
        conflicting=_conflicting(groups, labels),
        near_evaluation=near_evaluation,
        leaked=leaked,
        exact_groups=len(groups),
        extra_copies=sum(len(group) - 1 for group in groups),
    )


def blanks(images: Pixels) -> Mask:
    """Return which images show nothing."""
    return np.array([image.std() < BLANK_STD for image in images], dtype=bool)


def _conflicting(groups: list[list[int]], labels: NDArray[np.int64]) -> Mask:
    mask = np.zeros(len(labels), dtype=bool)
    for group in groups:
        mask[group] = len(set(labels[group].tolist())) > 1
    return mask


def _near_across_splits(
    images: Pixels, *, train: Mask, blank: Mask, threshold: float
) -> tuple[Mask, Mask]:
    near, leaked = np.zeros(len(images), dtype=bool), np.zeros(len(images), dtype=bool)
    ours, theirs = np.flatnonzero(train & ~blank), np.flatnonzero(~train & ~blank)
    pairs = near_pairs(
        thumbnails(images[index] for index in ours),
        thumbnails(images[index] for index in theirs),
        threshold=threshold,
    )
    for mine, other in pairs:
        near[ours[mine]] = leaked[theirs[other]] = True
    return near, leaked
