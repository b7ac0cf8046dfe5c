"""The training loop: epochs, checkpoints, limits, and stops that lose nothing.

The order of a resume is: recipe and data checked, network built from the seed, all variables
put back, log rewound, then the first batch after the checkpoint's step.
"""

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from enum import StrEnum
from typing import Any

import numpy as np

from services.trainer.config import TrainConfig
from services.trainer.data.batches import Batch, TrainBatches
from services.trainer.data.dataset import PreparedData
from services.trainer.data.seen import keep_earlier
from services.trainer.data.teacher import Teacher, load_teacher
from services.trainer.data.votes.notice import keep_notice
from services.trainer.errors import VOTES_NEEDED, RunError, TrainingDivergedError
from services.trainer.networks.normalisation import normalisation_for
from services.trainer.training.checkpoint import Checkpoint, Position
from services.trainer.training.pace import Pace
from services.trainer.training.ports import Reporter, StateFactory
from services.trainer.training.run import Run
from services.trainer.training.run_log import RunLog, Scalars
from services.trainer.training.schedule import ScheduleState, learning_rate

_LOG_EVERY = 50


class Stop(StrEnum):
    """Why a session ended; an early stop is an end as planned."""

    FINISHED = "finished"
    TIME_LIMIT = "time_limit"
    INTERRUPTED = "interrupted"


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
        scalars: Scalars | None = None,
        max_seconds: float = math.inf,
        interrupted: Callable[[], bool] = lambda: False,
        until: int | None = None,
    ) -> None:
        """Prepare a session; a run folder with a checkpoint is resumed.

        After ``until`` epochs it ends as planned, with the schedule of the whole run: a later
        session continues from there.

        Raises:
            RunError: if there are too few images for one step, the teacher does not fit, or a
                second head has no labels to learn.
        """
        self._config = config
        self._data = data
        self._run = run
        self._reporter = reporter
        self._log = RunLog(run.folder, scalars=scalars)
        self._max_seconds = max_seconds
        self._interrupted = interrupted
        self._teacher = load_teacher(
            config.loss.distill, shape=data.train.images.shape[1:], threads=config.loop.threads
        )
        if config.loss.own_label_weight and data.train.own_labels is None:
            raise RunError(VOTES_NEEDED)
        self._batches = TrainBatches(data.train, config, self._teacher)
        if not len(self._batches) or not data.validation.decided.any():
            raise RunError(
                f"{len(data.train)} training and {len(data.validation)} validation images are too "
                f"few for batches of {config.loop.batch_size}; lower loop.batch_size or add images."
            )
        self._total = config.loop.epochs * len(self._batches)
        self._last = min(self._total, (until or config.loop.epochs) * len(self._batches))
        self._normalisation = normalisation_for(config.model, data.train.images)
        self._state = build_state(
            config,
            normalisation=self._normalisation,
            counts=data.train.counts,
            crops=self._batches.first_crops(0, count=config.loop.bn_batches)
            if run.checkpoints.is_empty
            else None,
        )
        self._position = Position()
        self._recent, self._epoch_pace = Pace(), Pace()

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
        for step, batch in self._steps():
            rate = self._rate(step)
            loss = self._state.train_step(batch, step=step, rate=rate)
            self._check(loss, step)
            now = time.monotonic()
            self._position = replace(
                self._position,
                step=step + 1,
                epoch_loss=self._position.epoch_loss + loss,
                seconds=before + now - started,
            )
            self._after_step(loss, rate)
            if (step + 1) % len(self._batches) == 0:
                self._end_epoch(rate)
                saved = time.monotonic()
            elif now - saved > self._config.loop.checkpoint_minutes * 60:
                self._save()
                saved = now
            if (reason := self._reason_to_stop(now - started)) is not None:
                stop = reason
                break
        self._save()
        return Stop.FINISHED if self._at_end else stop

    @property
    def _schedule(self) -> ScheduleState:
        return self._position.schedule or ScheduleState(self._config.optim.lr)

    @property
    def _at_end(self) -> bool:
        return self._position.step >= self._last or self._schedule.ended(self._config.optim)

    def _rate(self, step: int) -> float:
        return learning_rate(
            step,
            config=self._config.optim,
            peak=self._schedule.peak,
            total_steps=self._total,
        )

    def _begin(self) -> None:
        checkpoint = self._run.checkpoints.load_last()
        self._run.begin(
            self._config,
            normalisation=self._normalisation,
            data=_identity(self._data, self._teacher),
            step=checkpoint.position.step if checkpoint else 0,
        )
        if checkpoint is None:
            keep_earlier(self._run.folder, self._config)
            keep_notice(self._run.folder, self._config.data.votes)
        else:
            self._state.restore(checkpoint.arrays)
            position = checkpoint.position
            self._position = replace(position, sessions=position.sessions + 1)
        self._log.began(step=self._position.step)
        self._reporter.began(step=self._position.step, total=self._total)

    def _steps(self) -> Iterator[tuple[int, Batch]]:
        """Yield step numbers and batches, from the present step to the last."""
        per_epoch = len(self._batches)
        first, start = divmod(self._position.step, per_epoch)
        for epoch in range(first, self._config.loop.epochs):
            if self._at_end:
                return
            for index, batch in enumerate(self._batches.epoch(epoch, start=start), start=start):
                yield epoch * per_epoch + index, batch
            start = 0

    def _check(self, loss: float, step: int) -> None:
        if not math.isfinite(loss):
            raise _diverged(f"The loss is {loss} at step {step + 1}")

    def _after_step(self, loss: float, rate: float) -> None:
        step, images = self._position.step, self._config.loop.batch_size
        self._recent.stepped(images)
        self._epoch_pace.stepped(images)
        self._reporter.stepped(step=step, loss=loss, images_per_second=self._epoch_pace.rate)
        if step % _LOG_EVERY == 0:
            self._log.add(
                "step",
                step=step,
                loss=round(loss, 5),
                learning_rate=rate,
                images_per_second=self._recent.take(),
                seconds=round(self._position.seconds, 1),
            )

    def _end_epoch(self, rate: float) -> None:
        epoch = self._position.step // len(self._batches)
        loss = self._position.epoch_loss / len(self._batches)
        validation_loss, accuracy = self._validate(epoch)
        self._log.add(
            "epoch",
            step=self._position.step,
            epoch=epoch,
            loss=round(loss, 5),
            validation_loss=round(validation_loss, 5),
            validation_accuracy=round(accuracy, 5),
            learning_rate=rate,
            images_per_second=self._epoch_pace.take(),
            seconds=round(self._position.seconds, 1),
        )
        best = accuracy > self._position.best_accuracy
        self._position = replace(
            self._position,
            best_accuracy=max(accuracy, self._position.best_accuracy),
            epoch_loss=0.0,
            schedule=self._schedule.after_epoch(
                self._config.optim, loss=validation_loss, accuracy=accuracy
            ),
        )
        if best:
            # Before the other: a kill between them repeats this epoch, it does not lose its best.
            self._run.checkpoints.save_best(self._checkpoint())
        self._save()
        self._reporter.finished_epoch(epoch=epoch, loss=loss, accuracy=accuracy)

    def _validate(self, epoch: int) -> tuple[float, float]:
        """Return validation's cross-entropy with the weights' penalties, and its accuracy.

        The first to the shares of votes where there are any, the second then against the majority.
        As Keras reports them; label smoothing and remedies for imbalance are left out, so that
        recipes compare.
        """
        data = self._data.validation
        crops = self._batches.first_crops(epoch, count=self._config.loop.bn_batches)
        with self._state.averaged(crops):
            logits = self._state.logits(data.images, batch_size=self._config.loop.eval_batch_size)
            penalty = self._state.penalty()
        exact, decided = logits.astype(np.float64), data.decided
        of_target = (data.targets(np.arange(len(data))) * exact).sum(axis=1)
        losses = np.logaddexp.reduce(exact, axis=1) - of_target
        accuracy = (logits.argmax(axis=1) == data.labels)[decided].mean()
        return float(losses.mean()) + penalty, float(accuracy)

    def _save(self) -> None:
        self._run.checkpoints.save(self._checkpoint())
        self._recent.resume()
        self._epoch_pace.resume()

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


def _identity(data: PreparedData, teacher: Teacher | None) -> dict[str, Any]:
    """Return what must be the same when a run continues."""
    # Data that an older trainer prepared lacks some, and its runs can still be resumed.
    keys = ("source_sha256", "images_sha256", "served_sha256", "votes_sha256", "splits_sha256")
    return {
        **{key: data.manifest[key] for key in keys if key in data.manifest},
        "train": len(data.train),
        "validation": len(data.validation),
        "test": len(data.test),
        **({"teacher": teacher.identity} if teacher else {}),
    }
