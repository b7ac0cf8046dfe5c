"""Training batches that are a pure function of (seed, epoch, index).

Nothing here keeps a random state: the order of epoch 7 and the changes made to its batch 31
are the same whether the run came there in one go or was resumed three times.
"""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from services.common.domain.emotions import EMOTIONS
from services.trainer.config import TrainConfig
from services.trainer.data.augment import augment, unreadable
from services.trainer.data.dataset import Subset
from services.trainer.data.mixing import mix
from services.trainer.data.sampling import oversampled_order
from services.trainer.data.teacher import Teacher

Floats = NDArray[np.float32]
Order = NDArray[np.int64]

# Names of the random streams, so that no two of them ever share numbers.
_ORDER, _CHANGES, _MIXING, _VIEWS, _UNREADABLE = 0, 1, 2, 3, 4
_AHEAD = 4
_ONE_HOT = np.eye(len(EMOTIONS), dtype=np.float32)


class Batch(NamedTuple):
    """What one step learns from.

    Attributes:
        crops: float32 ``[B, S, S, C]``, 0..255.
        targets: float32 ``[B, 7]``, rows sum to 1: shares of votes, or 1 for the label; those of
            both where images were mixed.
        teacher: float32 ``[B, 7]``, a teacher's softened answers; None without one.
        own: float32 ``[B, 7]``, the data set's own labels, of a second head; None without one.
    """

    crops: Floats
    targets: Floats
    teacher: Floats | None = None
    own: Floats | None = None


@dataclass(frozen=True, slots=True)
class TrainBatches:
    """The training batches of any epoch; the last, incomplete one is left out."""

    data: Subset
    config: TrainConfig
    teacher: Teacher | None = None

    def __len__(self) -> int:
        """Steps per epoch."""
        return len(self.data) // self.config.loop.batch_size

    def batch(self, epoch: int, index: int, order: Order | None = None) -> Batch:
        """Return batch ``index`` of ``epoch``; ``order`` saves computing it anew."""
        order = self.order(epoch) if order is None else order
        targets = self._targets(self._chosen(index, order))
        crops, targets = mix(
            self._crops(epoch, index, order),
            targets,
            config=self.config.augment,
            rng=self._rng(_MIXING, epoch, index),
        )
        first, second = targets[:, : len(EMOTIONS)], targets[:, len(EMOTIONS) :]
        batch = Batch(
            crops,
            first,
            self.teacher.answers(crops) if self.teacher else None,
            second if second.size else None,
        )
        rng = self._rng(_UNREADABLE, epoch, index)
        return _some_unreadable(batch, share=self.config.augment.unreadable, rng=rng)

    def order(self, epoch: int) -> Order:
        """Return the order of ``epoch``: a permutation, or a draw that favours rare classes."""
        rng = self._rng(_ORDER, epoch)
        imbalance = self.config.loss.imbalance
        if imbalance.method != "oversample":
            return rng.permutation(len(self.data))
        return oversampled_order(self.data.labels, power=imbalance.oversample_power, rng=rng)

    def first_crops(self, epoch: int, *, count: int) -> Iterator[Floats]:
        """Yield the crops of the first ``count`` batches as they are, to re-estimate BatchNorm on.

        Neither changed nor mixed: no image that the network will be asked about is. With changed
        ones (a fifth of some erased by noise) the starter lost a point: 66.1 against 67.1 %.
        """
        order = self.order(epoch)
        for index in range(min(count, len(self))):
            yield self._views(epoch, index, order).astype(np.float32)

    def epoch(self, epoch: int, *, start: int = 0) -> Iterator[Batch]:
        """Yield the batches of ``epoch`` from ``start`` on, made a few ahead in one thread."""
        order = self.order(epoch)
        with ThreadPoolExecutor(max_workers=1) as pool:
            ahead: list[Future[Batch]] = []
            for index in range(start, len(self)):
                ahead.append(pool.submit(self.batch, epoch, index, order))
                if len(ahead) > _AHEAD:
                    yield ahead.pop(0).result()
            for future in ahead:
                yield future.result()

    def _targets(self, chosen: Order) -> Floats:
        """Return the targets of each head side by side, so that they are mixed alike."""
        targets, own = self.data.targets(chosen), self.data.own_labels
        if own is None or not self.config.loss.own_label_weight:
            return targets
        return np.concatenate([targets, _ONE_HOT[own[chosen]]], axis=1)

    def _chosen(self, index: int, order: Order) -> Order:
        size = self.config.loop.batch_size
        return order[index * size : (index + 1) * size]

    def _crops(self, epoch: int, index: int, order: Order) -> Floats:
        images = self._views(epoch, index, order)
        return augment(images, config=self.config.augment, rng=self._rng(_CHANGES, epoch, index))

    def _views(self, epoch: int, index: int, order: Order) -> NDArray[np.uint8]:
        """Return the images of a batch, a share of them as serving would crop them."""
        chosen, data = self._chosen(index, order), self.data
        images, share = data.images[chosen], self.config.data.served_share
        if data.served is None or data.found is None or not share:
            return images
        drawn = self._rng(_VIEWS, epoch, index).random(len(chosen)) < share
        replaced = drawn & data.found[chosen]
        images[replaced] = data.served[chosen[replaced]]
        return images

    def _rng(self, *stream: int) -> np.random.Generator:
        return np.random.default_rng((self.config.loop.seed, *stream))


def _some_unreadable(batch: Batch, *, share: float, rng: np.random.Generator) -> Batch:
    """Make a ``share`` of the crops unreadable: whoever is asked about them answers evenly."""
    chosen = np.flatnonzero(rng.random(len(batch.crops)) < share)
    for index in chosen:
        batch.crops[index] = unreadable(batch.crops[index], rng=rng)
    for targets in (batch.targets, batch.teacher, batch.own):
        if targets is not None:
            targets[chosen] = 1 / len(EMOTIONS)
    return batch
