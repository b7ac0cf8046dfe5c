"""Our own cut against Keras' function itself, on real files."""

from pathlib import Path

import cv2
import keras
import numpy as np

from services.common.domain.emotions import EMOTIONS
from services.trainer.data.hfer_v0_split import hfer_v0_split
from services.trainer.data.layouts import scan


def test_is_what_keras_gives(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    for emotion in EMOTIONS:
        (tmp_path / emotion).mkdir()
        for number in rng.permutation(60):
            cv2.imwrite(str(tmp_path / emotion / f"{number}.png"), np.zeros((8, 8), np.uint8))
    train, rest = keras.utils.image_dataset_from_directory(
        tmp_path,
        image_size=(8, 8),
        batch_size=32,
        validation_split=0.2,
        subset="both",
        seed=42,
        verbose=False,
    )
    # As the notebook does: half of the batches, then the others.
    half = len(rest) // 2 * 32
    theirs = {
        "train": set(train.file_paths),
        "validation": set(rest.file_paths[:half]),
        "test": set(rest.file_paths[half:]),
    }
    samples = scan(tmp_path)
    ours: dict[str, set[str]] = {"train": set(), "validation": set(), "test": set()}
    for sample, split in zip(samples, hfer_v0_split(samples), strict=True):
        ours[str(split)].add(str(tmp_path / sample.path))
    assert ours == theirs
