"""hfer v0's split, to the image: what its notebook made of a folder of class folders.

It calls Keras' ``image_dataset_from_directory(validation_split=.2, subset="both", seed=42)`` on
RAF-DB's train and test images thrown together, and cuts the second part in two by batches of 32:
12,272 / 1,536 / 1,531 of 15,339. Neither stratified nor grouped, hence never to be compared with
results on the official split. Keras is not imported: the order is that of
``keras.src.utils.dataset_utils.index_directory`` (3.15).
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from services.common.domain.emotions import EMOTIONS
from services.trainer.data.layouts import Sample, Split
from services.trainer.data.layouts.rafdb import NUMBERS

_BATCH = 32
_SECOND_PART = 0.2


def hfer_v0_split(samples: Sequence[Sample], *, seed: int = 42) -> NDArray[np.str_]:
    """Return a split for each image; what the layout says of splits is ignored, as hfer v0 did.

    Args:
        samples: all images, in any order.
        seed: of Keras' shuffle.
    """
    order = sorted(range(len(samples)), key=lambda index: _keras_key(samples[index]))
    np.random.RandomState(seed).shuffle(order)
    second = len(order) - int(_SECOND_PART * len(order))
    batches = -(-(len(order) - second) // _BATCH)
    third = second + batches // 2 * _BATCH
    splits = np.empty(len(order), dtype=f"<U{max(len(split) for split in Split)}")
    splits[order[:second]] = Split.TRAIN
    splits[order[second:third]] = Split.VALIDATION
    splits[order[third:]] = Split.TEST
    return splits


def _keras_key(sample: Sample) -> tuple[str, str]:
    """Class folders by name, then files by name; RAF-DB's numbers where there are no folders."""
    *folders, name = sample.path.split("/")
    in_class_folder = bool(folders) and folders[-1] != "aligned"
    return (folders[-1] if in_class_folder else NUMBERS[EMOTIONS[sample.label]]), name
