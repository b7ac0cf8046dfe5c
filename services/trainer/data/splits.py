"""Cut the splits that a data set does not bring: stratified, seeded, copies kept together.

Copies are near ones too: with the same face, a little brighter, on both sides, validation would
reward learning by heart.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from services.trainer.config import DataConfig
from services.trainer.data.halves import Half, half_of
from services.trainer.data.layouts import Split
from services.trainer.errors import DataLayoutError


def cut_from(splits: Sequence[Split | None]) -> NDArray[np.int64]:
    """Return the indices of the images that ``complete_splits`` divides, if any."""
    if Split.VALIDATION in splits:
        return np.array([], dtype=np.int64)
    return np.flatnonzero([split in {None, Split.TRAIN} for split in splits])


def complete_splits(
    splits: Sequence[Split | None],
    *,
    labels: NDArray[np.int64],
    groups: Sequence[Sequence[int]],
    config: DataConfig,
) -> NDArray[np.str_]:
    """Return a split for every image.

    Images without one are training images first; a test set is cut from those when no image
    of the data set has a split at all, then a validation set if there is none.

    Args:
        splits: as the layout has them, None where it has none.
        labels: ``[N]``.
        groups: index groups of the same photo; a group never spans two splits by our cut.
        config: shares and seed.
    """
    # As wide as the longest name: NumPy cuts longer ones short without a word.
    width = max(len(split) for split in Split)
    result = np.array([split or Split.TRAIN for split in splits], dtype=f"<U{width}")
    leaders = _leaders(len(result), groups)
    rng = np.random.default_rng(config.split_seed)
    if all(split is None for split in splits):
        _cut(result, Split.TEST, config.test_share, labels=labels, leaders=leaders, rng=rng)
    if Split.VALIDATION not in result:
        share = config.validation_share
        _cut(result, Split.VALIDATION, share, labels=labels, leaders=leaders, rng=rng)
    return result


def halve_validation(splits: Sequence[Split | None], hashes: Sequence[str]) -> list[Split | None]:
    """Make half B of the validation images test images; ``hashes`` are of the files.

    Raises:
        DataLayoutError: if there are test images already, or nothing to cut.
    """
    if Split.TEST in splits or Split.VALIDATION not in splits:
        raise DataLayoutError(
            "data.split_rule=halves is for data with validation images and without test images; "
            "leave it out, or leave the test images out of the data."
        )
    return [
        Split.TEST if split is Split.VALIDATION and half_of(digest) is Half.B else split
        for split, digest in zip(splits, hashes, strict=True)
    ]


def _cut(
    splits: NDArray[np.str_],
    target: Split,
    share: float,
    *,
    labels: NDArray[np.int64],
    leaders: NDArray[np.int64],
    rng: np.random.Generator,
) -> None:
    """Move ``share`` of each class from training to ``target``, in place.

    A group moves whole or stays whole, and stays if it is larger than what is still wanted: a
    chain of look-alikes cannot make validation larger than asked for.
    """
    before = splits == Split.TRAIN
    for label in np.unique(labels):
        mine = before & (labels == label)
        # Some have moved with a group of another label.
        wanted = round(share * int(mine.sum())) - int((mine & (splits == target)).sum())
        heads, sizes = np.unique(leaders[mine & (splits == Split.TRAIN)], return_counts=True)
        chosen = []
        for place in rng.permutation(len(heads)):
            if sizes[place] <= wanted:
                chosen.append(heads[place])
                wanted -= sizes[place]
        splits[before & np.isin(leaders, chosen)] = target


def _leaders(count: int, groups: Sequence[Sequence[int]]) -> NDArray[np.int64]:
    """Each image's group, named by its first member (itself where it has no copy)."""
    leaders = np.arange(count, dtype=np.int64)
    for group in groups:
        leaders[list(group)] = group[0]
    return leaders
