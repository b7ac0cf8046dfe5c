"""The training loop: epochs, checkpoints, limits, and stops that lose nothing.

The order of a resume is: recipe and data checked, network built from the seed, all variables
put back, log rewound, then the first batch after the checkpoint's step.
"""

import math
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from enum import StrEnum
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from services.trainer.checkpoint import Checkpoint, Position
from services.trainer.config import TrainConfig
from services.trainer.data.dataset import PreparedData, TrainBatches
from services.trainer.errors import RunError, TrainingDivergedError
from services.trainer.normalisation import Normalisation, normalisation_for
from services.trainer.run import Run

_LOG_EVERY = 50


class Stop(StrEnum):
    """Why a session ended."""

    FINISHED = "finished"
    TIME_LIMIT = "time_limit"
    INTERRUPTED = "interrupted"


class Reporter(Protocol):
    """Who is told how it goes."""

    def began(self, *, step: int, total: int) -> None:
        """Training starts at ``step`` of ``total``."""

    def stepped(self, *, step: int, loss: float) -> None:
        """A step is done."""

    def finished_epoch(self, *, epoch: int, loss: float, accuracy: float) -> None:
        """An epoch (from 1) is done: mean training loss, validation accuracy 0..1."""


class State(Protocol):
    """What a step changes; ``state.TrainingState`` is the one in TensorFlow."""

    def train_step(self, step: int, crops: Any, labels: NDArray[np.int64]) -> float:
        """Take step number ``step`` (from 0) and return the loss before it."""

    def averaged(self, batches: Iterable[Any]) -> AbstractContextManager[None]:
        """Judge with averaged weights while the context lasts; nothing is changed after it."""

    def logits(self, images: NDArray[np.uint8], *, batch_size: int) -> NDArray[np.float32]:
        """Return ``[N, 7]`` for uint8 ``[N, S, S, C]``."""

    def capture(self) -> dict[str, NDArray[np.generic]]:
        """Copy everything that decides the next step."""

    def restore(self, arrays: dict[str, NDArray[np.generic]]) -> None:
        """Put back what ``capture`` copied."""


class StateFactory(Protocol):
    """Builds the state of a fresh run."""

    def __call__(
        self, config: TrainConfig, *, normalisation: Normalisation, total_steps: int
    ) -> State:
        """Build it from ``config.loop.seed``."""


class Loop:
    """One session of one run."""

    def __init__(
        self,
        config: TrainConfig,
        *,
        data: PreparedData,
        run: Run,
        build_state: StateFactory,
        reporter: Reporter,
        max_seconds: float = math.inf,
        interrupted: Callable[[], bool] = lambda: False,
    ) -> None:
        """Prepare a session; a run folder with a checkpoint is resumed."""
        self._config = config
        self._data = data
        self._run = run
        self._reporter = reporter
        self._max_seconds = max_seconds
        self._interrupted = interrupted
        self._batches = TrainBatches(
            data.train, config.loop.batch_size, config.loop.seed, config.augment
        )
        if not len(self._batches) or not len(data.validation):
            raise RunError(
                f"{len(data.train)} training and {len(data.validation)} validation images are too "
                f"few for batches of {config.loop.batch_size}; lower loop.batch_size or add images."
            )
        self._total = config.loop.epochs * len(self._batches)
        self._normalisation = normalisation_for(config.model, data.train.images)
        self._state = build_state(
            config, normalisation=self._normalisation, total_steps=self._total
        )
        self._position = Position()

    def train(self) -> Stop:
        """Train to the end, the time limit or an interruption; a checkpoint is always left.

        Raises:
            TrainingDivergedError: if the loss is not a number; the last checkpoint stays.
            RunError: if the run folder was begun with another recipe or other data.
        """
        self._begin()
        started = saved = time.monotonic()
        before = self._position.seconds
        stop = Stop.FINISHED
        for step, crops, labels in self._steps():
            loss = self._state.train_step(step, crops, labels)
            self._check(loss, step)
            now = time.monotonic()
            self._position = replace(
                self._position,
                step=step + 1,
                epoch_loss=self._position.epoch_loss + loss,
                seconds=before + now - started,
            )
            self._after_step(loss)
            if (step + 1) % len(self._batches) == 0:
                self._end_epoch()
                saved = time.monotonic()
            elif now - saved > self._config.loop.checkpoint_minutes * 60:
                self._save()
                saved = now
            if (reason := self._reason_to_stop(now - started)) is not None:
                stop = reason
                break
        self._save()
        return Stop.FINISHED if self._position.step >= self._total else stop

    def _begin(self) -> None:
        checkpoint = self._run.checkpoints.load_last()
        self._run.begin(
            self._config,
            normalisation=self._normalisation,
            data=_identity(self._data),
            step=checkpoint.position.step if checkpoint else 0,
        )
        if checkpoint is not None:
            self._state.restore(checkpoint.arrays)
            position = checkpoint.position
            self._position = replace(position, sessions=position.sessions + 1)
        self._run.rewind_log(step=self._position.step)
        self._reporter.began(step=self._position.step, total=self._total)

    def _steps(self) -> Iterator[tuple[int, Any, Any]]:
        """Yield (step, crops, labels) from the present step to the last."""
        per_epoch = len(self._batches)
        first, start = divmod(self._position.step, per_epoch)
        for epoch in range(first, self._config.loop.epochs):
            batches = self._batches.epoch(epoch, start=start)
            for index, (crops, labels) in enumerate(batches, start=start):
                yield epoch * per_epoch + index, crops, labels
            start = 0

    def _check(self, loss: float, step: int) -> None:
        if not math.isfinite(loss):
            raise _diverged(f"The loss is {loss} at step {step + 1}")

    def _after_step(self, loss: float) -> None:
        step = self._position.step
        self._reporter.stepped(step=step, loss=loss)
        if step % _LOG_EVERY == 0:
            seconds = round(self._position.seconds, 1)
            self._run.log(kind="step", step=step, loss=round(loss, 5), seconds=seconds)

    def _end_epoch(self) -> None:
        epoch = self._position.step // len(self._batches)
        loss = self._position.epoch_loss / len(self._batches)
        crops = self._batches.first_crops(epoch, count=self._config.loop.bn_batches)
        with self._state.averaged(crops):
            accuracy = self._validate()
        self._run.log(
            kind="epoch",
            step=self._position.step,
            epoch=epoch,
            loss=round(loss, 5),
            validation_accuracy=round(accuracy, 5),
            seconds=round(self._position.seconds, 1),
        )
        best = accuracy > self._position.best_accuracy
        self._position = replace(
            self._position,
            best_accuracy=max(accuracy, self._position.best_accuracy),
            epoch_loss=0.0,
        )
        self._save()
        if best:
            self._run.checkpoints.save_best(self._checkpoint())
        self._reporter.finished_epoch(epoch=epoch, loss=loss, accuracy=accuracy)

    def _validate(self) -> float:
        data = self._data.validation
        logits = self._state.logits(data.images, batch_size=self._config.loop.eval_batch_size)
        return float((logits.argmax(axis=1) == data.labels).mean())

    def _save(self) -> None:
        self._run.checkpoints.save(self._checkpoint())

    def _checkpoint(self) -> Checkpoint:
        arrays = self._state.capture()
        # The step before a NaN loss is the one that broke the weights.
        if not all(np.isfinite(array).all() for array in arrays.values()):
            raise _diverged(f"The weights are no numbers after step {self._position.step}")
        return Checkpoint(self._position, arrays)

    def _reason_to_stop(self, seconds: float) -> Stop | None:
        if self._interrupted():
            return Stop.INTERRUPTED
        return Stop.TIME_LIMIT if seconds >= self._max_seconds else None


def _diverged(what: str) -> TrainingDivergedError:
    return TrainingDivergedError(
        f"{what}; lower optim.lr or raise optim.warmup_steps and start anew."
    )


def _identity(data: PreparedData) -> dict[str, Any]:
    keys = ("source_sha256", "images_sha256")
    return {
        **{key: data.manifest[key] for key in keys},
        "train": len(data.train),
        "validation": len(data.validation),
        "test": len(data.test),
    }
