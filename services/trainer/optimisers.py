"""The optimiser of a recipe, and the gradients it is given."""

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from services.trainer.config import OptimConfig


def build_optimizer(config: OptimConfig, variables: Sequence[Any]) -> keras.Optimizer:
    """Build it for ``variables``; the learning rate is set before each step.

    "adamw" decays kernels only, apart from the gradient (arXiv 1711.05101): a decayed BatchNorm
    scale or bias would be pulled towards a network that answers nothing.
    """
    match config.kind:
        case "sgd":
            optimizer = keras.optimizers.SGD(
                config.lr, momentum=config.momentum, nesterov=config.momentum > 0
            )
        case "adam":
            optimizer = keras.optimizers.Adam(config.lr)
        case "adamw":
            optimizer = keras.optimizers.AdamW(config.lr, weight_decay=config.weight_decay)
            optimizer.exclude_from_weight_decay(var_list=[v for v in variables if not is_kernel(v)])
    optimizer.build(variables)
    return optimizer


def regularised(
    gradients: Sequence[Any], variables: Sequence[Any], *, config: OptimConfig
) -> list[Any]:
    """Clip to the global norm; for "sgd", then add the L2 gradient of kernels."""
    result = list(gradients)
    if config.clip_norm is not None:
        result, _ = tf.clip_by_global_norm(result, config.clip_norm)
    if config.kind != "sgd" or not config.weight_decay:
        return result
    return [
        gradient + config.weight_decay * variable.value if is_kernel(variable) else gradient
        for gradient, variable in zip(result, variables, strict=True)
    ]


def is_kernel(variable: Any) -> bool:
    """Whether a variable is a kernel: rank 2 and up, not a bias or a BatchNorm parameter."""
    return len(variable.shape) > 1
