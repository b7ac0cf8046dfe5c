"""How weights are changed: optimiser, learning rate, averaging."""

from typing import Literal

from pydantic import Field

from services.trainer.config.base import Section


class PlateauConfig(Section):
    """Cut the rate when the validation loss no longer falls, as ``ReduceLROnPlateau`` does."""

    factor: float = Field(default=0.1, gt=0, lt=1)
    patience: int = Field(default=3, ge=1)
    min_delta: float = Field(default=1e-4, ge=0)
    min_lr: float = Field(default=1e-8, ge=0)


class EarlyStopConfig(Section):
    """Stop when validation accuracy no longer rises, and keep the best epoch's weights."""

    patience: int = Field(default=5, ge=1)
    min_delta: float = Field(default=1e-4, ge=0)


class OptimConfig(Section):
    """Optimiser and schedule, step by step.

    Attributes:
        kind: "sgd" has Nesterov momentum and an L2 gradient; "adam" has neither; "adamw" decays
            weights apart from the gradient.
        lr: peak rate.
        head_lr: factor on ``lr`` for the head's variables.
        momentum: of "sgd".
        weight_decay: of kernels, not of biases or BatchNorm; added after clipping with "sgd".
        clip_norm: global norm to which the gradient is clipped; None leaves it.
        schedule: "cosine" falls to zero over the run; "plateau" follows the validation loss;
            "constant" stays.
        warmup_steps: of linear rise at the start.
        plateau: settings of that schedule.
        early_stop: None trains all epochs.
        ema_decay: of the averaged weights; 0 evaluates and serves the last weights as they are.
    """

    kind: Literal["sgd", "adam", "adamw"] = "sgd"
    lr: float = Field(default=0.05, gt=0)
    head_lr: float = Field(default=1.0, gt=0)
    momentum: float = Field(default=0.9, ge=0, lt=1)
    weight_decay: float = Field(default=5e-4, ge=0)
    clip_norm: float | None = Field(default=2.0, gt=0)
    schedule: Literal["cosine", "plateau", "constant"] = "cosine"
    warmup_steps: int = Field(default=800, ge=0)
    plateau: PlateauConfig = PlateauConfig()
    early_stop: EarlyStopConfig | None = None
    ema_decay: float = Field(default=0.999, ge=0, lt=1)
