"""Cut the splits that a data set does not bring: stratified, seeded, copies kept together.

Copies are near ones too: with the same face, a little brighter, on both sides, validation would
reward learning by heart.
"""

from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from services.trainer.config import DataConfig
from services.trainer.data.halves import Half, half_of
from services.trainer.data.hfer_v0_split import hfer_v0_split
from services.trainer.data.layouts import Sample, Split
from services.trainer.data.seen import SeenImages
from services.trainer.data.similarity import Progress, duplicate_groups
from services.trainer.errors import DataLayoutError, SeenImagesError

Flags = NDArray[np.bool_]

# With 30 images the interval of an accuracy of .7 is 33 points wide, with fewer it says nothing.
_LEAST_TO_TEST, _LEAST_TO_CALIBRATE = 30, 20
# The same proportion, where an earlier model has seen most images.
_OF_FEW_TO_TEST = 0.6


class Cut(NamedTuple):
    """A split for every image, groups of copies, and which an earlier model was trained on."""

    splits: NDArray[np.str_]
    groups: list[list[int]]
    trained: NDArray[np.bool_]


def cut_splits(
    samples: Sequence[Sample],
    images: NDArray[np.uint8],
    hashes: Sequence[str],
    labels: NDArray[np.int64],
    *,
    config: DataConfig,
    seen: SeenImages | None,
    progress: Progress | None = None,
) -> Cut:
    """Divide a data set as its recipe says.

    Args:
        samples: of the data set.
        images: uint8 ``[N, S, S, C]``, to find copies in.
        hashes: SHA-256 of each file.
        labels: ``[N]``.
        config: the rule, the shares and the seed.
        seen: by the model that training goes on from, for the rule "unseen".
        progress: called with (done, total) tiles of the comparison.

    Raises:
        DataLayoutError: if the rule does not fit the data, or too few images are left.
        SeenImagesError: if the earlier model has seen so many that too few are left to test on.
    """
    trained = np.zeros(len(samples), dtype=bool)
    if config.split_rule == "seed":
        return Cut(hfer_v0_split(samples, seed=config.split_seed), [], trained)
    found = [sample.split for sample in samples]
    if config.split_rule == "halves":
        found = halve_validation(found, hashes)
    unseen = config.split_rule == "unseen"
    groups = duplicate_groups(
        images,
        among=np.arange(len(images)) if unseen else cut_from(found),
        threshold=config.near_duplicate,
        progress=progress,
    )
    if not unseen:
        splits = complete_splits(found, labels=labels, groups=groups, config=config)
        return Cut(splits, groups, trained)
    trained = spread(seen.trained_on(hashes) if seen else trained, groups)
    found = splits_for_unseen(found, trained=trained)
    splits = complete_splits(
        found,
        labels=labels,
        groups=groups,
        config=config,
        trained=trained,
    )
    refuse_too_few(splits, trained=trained, brought=any(found))
    return Cut(splits, groups, trained)


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
    trained: Flags | None = None,
) -> NDArray[np.str_]:
    """Return a split for every image.

    Images without one are training images first; a test set is cut from those when no image
    of the data set has a split at all, then a validation set if there is none.

    Args:
        splits: as the layout has them, None where it has none.
        labels: ``[N]``.
        groups: index groups of the same photo; a group never spans two splits by our cut.
        config: shares and seed.
        trained: images that an earlier model was trained on, ``[N]``: our cut leaves them in
            training. Of a class with few others, three in five are for testing.
    """
    # As wide as the longest name: NumPy cuts longer ones short without a word.
    width = max(len(split) for split in Split)
    result = np.array([split or Split.TRAIN for split in splits], dtype=f"<U{width}")
    leaders = _leaders(len(result), groups)
    rng = np.random.default_rng(config.split_seed)
    free = np.ones(len(result), dtype=bool) if trained is None else ~trained
    cut = partial(_cut, result, labels=labels, leaders=leaders, free=free, rng=rng)
    if all(split is None for split in splits):
        cut(Split.TEST, config.test_share, most=1 if trained is None else _OF_FEW_TO_TEST)
    if Split.VALIDATION not in result:
        cut(Split.VALIDATION, config.validation_share)
    return result


def splits_for_unseen(splits: Sequence[Split | None], *, trained: Flags) -> list[Split | None]:
    """Return the splits of a layout for a model that goes on from another.

    Splits with images to train on and images to test on are kept, but that of an image to judge by
    which the earlier model was ``trained`` on: it becomes a training image. Any others are
    forgotten, so that a test set is cut from all: a folder of FER2013's PublicTest alone would
    have no training image, a folder train/ no test image.
    """
    if not {Split.TRAIN, Split.TEST} <= set(splits):
        return [None] * len(splits)
    return [
        Split.TRAIN if was else split for split, was in zip(splits, trained.tolist(), strict=True)
    ]


def spread(flags: Flags, groups: Sequence[Sequence[int]]) -> Flags:
    """Return ``flags`` ``[N]`` with each group flagged of which one is."""
    result = flags.copy()
    for group in groups:
        result[list(group)] = result[list(group)].any()
    return result


def refuse_too_few(splits: NDArray[np.str_], *, trained: Flags, brought: bool = False) -> None:
    """Refuse a cut that leaves too few images to test and to calibrate a model on.

    Args:
        splits: ``[N]``.
        trained: images that an earlier model was trained on, ``[N]``.
        brought: whether the test set is the data's own.

    Raises:
        SeenImagesError: if more would do but for those that an earlier model was trained on.
        DataLayoutError: if there are too few images.
    """
    test, validation = (int((splits == each).sum()) for each in (Split.TEST, Split.VALIDATION))
    if test >= _LEAST_TO_TEST and validation >= _LEAST_TO_CALIBRATE:
        return
    wanted = (
        f"At least {_LEAST_TO_TEST} images are needed to test on and {_LEAST_TO_CALIBRATE} to "
        f"calibrate on; of these {len(splits):,} there are {test} and {validation}"
    )
    if trained.any():
        other_way = ", or give the class folders without train/ and test/ above them"
        raise SeenImagesError(
            f"{wanted}, as {int(trained.sum()):,} were in the training of the model that this one "
            "goes on from, or are near copies of such: they may be trained on again, and would "
            "flatter any figure. Add images that it has not seen, some of each expression"
            f"{other_way if brought else ''}."
        )
    raise DataLayoutError(f"{wanted}. Add images: 200 or more, some of each expression.")


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
    most: float = 1.0,
    *,
    labels: NDArray[np.int64],
    leaders: NDArray[np.int64],
    free: Flags,
    rng: np.random.Generator,
) -> None:
    """Move ``share`` of each class from training to ``target``, in place.

    Only images that are ``free`` move, and no more than the share ``most`` of those. A group moves
    whole or stays whole, and stays if it is larger than what is still wanted: a chain of
    look-alikes cannot make validation larger than asked for.
    """
    before = splits == Split.TRAIN
    for label in np.unique(labels):
        mine = before & (labels == label)
        # Some have moved with a group of another label.
        mine_free = mine & free
        share_of = min(round(share * int(mine.sum())), round(most * int(mine_free.sum())))
        wanted = share_of - int((mine & (splits == target)).sum())
        heads, sizes = np.unique(leaders[mine_free & (splits == Split.TRAIN)], return_counts=True)
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
