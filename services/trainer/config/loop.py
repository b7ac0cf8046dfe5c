"""How long and how often."""

from enum import StrEnum

from pydantic import Field

from services.trainer.config.base import Section


class Precision(StrEnum):
    """What the network computes in while training; weights are float32 either way."""

    FLOAT32 = "float32"
    MIXED_BFLOAT16 = "mixed_bfloat16"
    MIXED_FLOAT16 = "mixed_float16"


class LoopConfig(Section):
    """How long and how often.

    Attributes:
        epochs: over the training images.
        batch_size: of a step, over all GPUs together.
        eval_batch_size: of a validation step.
        bn_batches: to re-estimate BatchNorm for the averaged weights.
        checkpoint_minutes: between two checkpoints inside an epoch.
        precision: of the computation. "mixed_float16" scales the loss and is meant for GPUs
            without bfloat16.
        deterministic: bit for bit the same run on the same machine, slower (with it an
            interrupted and resumed run ends in the very same weights).
        gpus: how many GPUs to use; None uses all there are.
        threads: of the CPU.
        seed: of weights, order, changes and dropout.
    """

    epochs: int = Field(default=26, ge=1)
    batch_size: int = Field(default=64, ge=1)
    eval_batch_size: int = Field(default=256, ge=1)
    bn_batches: int = Field(default=50, ge=1)
    checkpoint_minutes: float = Field(default=5.0, gt=0)
    precision: Precision = Precision.FLOAT32
    deterministic: bool = False
    gpus: int | None = Field(default=None, ge=0)
    threads: int = Field(default=2, ge=1)
    seed: int = 0
