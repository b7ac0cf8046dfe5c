"""Prepared data in memory, and batches that are a pure function of (seed, epoch, index).

Nothing here keeps a random state: the order of epoch 7 and the changes made to its batch 31
are the same whether the run came there in one go or was resumed three times.
"""

import json
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.trainer.config import AugmentConfig
from services.trainer.data.augment import augment
from services.trainer.data.layouts import Split
from services.trainer.data.prepare import IMAGES_NAME, MANIFEST_NAME
from services.trainer.errors import RunError
from services.trainer.files import sha256_of

Pixels = NDArray[np.uint8]
Labels = NDArray[np.int64]

# Names of the random streams, so that order and changes never share numbers.
_ORDER, _CHANGES = 0, 1


@dataclass(frozen=True, slots=True)
class Subset:
    """Images uint8 ``[N, S, S, C]``, labels ``[N]``, and which are copies of training images."""

    images: Pixels
    labels: Labels
    leaked: NDArray[np.bool_]

    def __len__(self) -> int:
        """Number of images."""
        return len(self.labels)


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


@dataclass(frozen=True, slots=True)
class TrainBatches:
    """The training batches of any epoch; the last, incomplete one is left out."""

    data: Subset
    batch_size: int
    seed: int
    config: AugmentConfig

    def __len__(self) -> int:
        """Steps per epoch."""
        return len(self.data) // self.batch_size

    def batch(self, epoch: int, index: int, order: Labels | None = None) -> tuple[Any, Labels]:
        """Return batch ``index`` of ``epoch``: float32 ``[B, S, S, C]`` 0..255, labels ``[B]``."""
        order = self.order(epoch) if order is None else order
        chosen = order[index * self.batch_size : (index + 1) * self.batch_size]
        rng = np.random.default_rng((self.seed, _CHANGES, epoch, index))
        return augment(self.data.images[chosen], config=self.config, rng=rng), self.data.labels[
            chosen
        ]

    def order(self, epoch: int) -> Labels:
        """Return the permutation of ``epoch``."""
        rng = np.random.default_rng((self.seed, _ORDER, epoch))
        return rng.permutation(len(self.data))

    def first_crops(self, epoch: int, *, count: int) -> Iterator[Any]:
        """Yield the crops of the first ``count`` batches, to re-estimate BatchNorm on."""
        order = self.order(epoch)
        for index in range(min(count, len(self))):
            yield self.batch(epoch, index, order)[0]

    def epoch(self, epoch: int, *, start: int = 0) -> Iterator[tuple[Any, Labels]]:
        """Yield the batches of ``epoch`` from ``start`` on, made a few ahead in one thread."""
        order = self.order(epoch)
        with ThreadPoolExecutor(max_workers=1) as pool:
            ahead: list[Future[tuple[Any, Labels]]] = []
            for index in range(start, len(self)):
                ahead.append(pool.submit(self.batch, epoch, index, order))
                if len(ahead) > 4:
                    yield ahead.pop(0).result()
            for future in ahead:
                yield future.result()
