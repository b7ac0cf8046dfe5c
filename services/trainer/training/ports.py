"""What the loop needs: the state that a step changes, and a reporter of progress."""

from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from services.trainer.config import TrainConfig
from services.trainer.data.batches import Batch
from services.trainer.networks.normalisation import Normalisation


class Reporter(Protocol):
    """Shows how training progresses."""

    def began(self, *, step: int, total: int) -> None:
        """Training starts at ``step`` of ``total``."""

    def stepped(self, *, step: int, loss: float, images_per_second: float) -> None:
        """A step is done; the speed is 0 until it is known."""

    def finished_epoch(self, *, epoch: int, loss: float, accuracy: float) -> None:
        """An epoch (from 1) is done: mean training loss, validation accuracy 0..1."""


class State(Protocol):
    """What a step changes; ``state.TrainingState`` is the one in TensorFlow."""

    def train_step(self, batch: Batch, *, step: int, rate: float) -> float:
        """Take step number ``step`` (from 0) at a learning rate; return the loss before it."""

    def averaged(self, batches: Iterable[Any]) -> AbstractContextManager[None]:
        """Evaluate with averaged weights while the context lasts; nothing is changed after it."""

    def logits(self, images: NDArray[np.uint8], *, batch_size: int) -> NDArray[np.float32]:
        """Return ``[N, 7]`` for uint8 ``[N, S, S, C]``."""

    def penalty(self) -> float:
        """Return the L2 penalties of the weights as they are: a part of any loss."""

    def capture(self) -> dict[str, NDArray[np.generic]]:
        """Copy everything that decides the next step."""

    def restore(self, arrays: dict[str, NDArray[np.generic]]) -> None:
        """Put back what ``capture`` copied."""


class StateFactory(Protocol):
    """Builds the state of a fresh run."""

    def __call__(
        self,
        config: TrainConfig,
        *,
        normalisation: Normalisation,
        counts: Sequence[int],
        crops: Iterable[Any] | None,
    ) -> State:
        """Build it from ``config.loop.seed``.

        ``counts`` are the training images per class; ``crops`` are some batches of them, unchanged,
        or None where a checkpoint is put back afterwards.
        """
