"""The learning rate of a step, and what the validation results of past epochs change.

All a resumed run needs of the past are two ``Patience`` in its checkpoint.
"""

import math
from dataclasses import dataclass, replace

from services.trainer.config import OptimConfig


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a figure has not improved.

    Attributes:
        best: the lowest value that counted as an improvement; None before the first.
        wait: epochs since.
    """

    best: float | None = None
    wait: int = 0

    def after(self, value: float, *, min_delta: float) -> "Patience":
        """Return the state after an epoch with ``value``; lower by ``min_delta`` is better."""
        if self.best is None or value + min_delta < self.best:
            return Patience(value, 0)
        return replace(self, wait=self.wait + 1)


@dataclass(frozen=True, slots=True)
class ScheduleState:
    """What earlier epochs changed in the rates and the end of the run.

    Attributes:
        peak: the rate that the schedule starts from: ``optim.lr``, or less after a plateau.
        loss: patience with the validation loss, for the "plateau" schedule.
        error: patience with 1 - validation accuracy, for the early stop.
    """

    peak: float
    loss: Patience = Patience()
    error: Patience = Patience()

    def after_epoch(self, config: OptimConfig, *, loss: float, accuracy: float) -> "ScheduleState":
        """Return the state after an epoch with these measures on validation.

        The rules are those of Keras' ReduceLROnPlateau on ``val_loss`` and EarlyStopping on
        ``val_accuracy``.
        """
        peak, plateau = self.peak, config.plateau
        waited = self.loss.after(loss, min_delta=plateau.min_delta)
        if (
            config.schedule == "plateau"
            and waited.wait >= plateau.patience
            and peak > plateau.min_lr
        ):
            peak, waited = max(peak * plateau.factor, plateau.min_lr), replace(waited, wait=0)
        stop = config.early_stop
        error = self.error.after(1 - accuracy, min_delta=stop.min_delta if stop else 0.0)
        return ScheduleState(peak, waited, error)

    def ended(self, config: OptimConfig) -> bool:
        """Whether the early stop has come."""
        return config.early_stop is not None and self.error.wait >= config.early_stop.patience


def learning_rate(step: int, *, config: OptimConfig, peak: float, total_steps: int) -> float:
    """Return the rate for ``step`` (from 0): a linear warm-up to ``peak``, then the schedule.

    "cosine" falls to 0 at ``total_steps``; the others stay at ``peak``, which "plateau" lowers
    between epochs.
    """
    warmup = min(config.warmup_steps, total_steps // 2)
    if step < warmup:
        return peak * (step + 1) / warmup
    if config.schedule != "cosine":
        return peak
    progress = (step - warmup) / max(1, total_steps - warmup)
    return peak * 0.5 * (1 + math.cos(math.pi * min(1.0, progress)))
