"""The optimiser of a recipe: clipping, decay and the head's own rate are all inside it.

Inside, so that with "mixed_float16" they see gradients that are no longer scaled.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import keras
import tensorflow as tf

from services.trainer.config import OptimConfig, Precision
from services.trainer.networks.build import LOGITS

_HEAD = ("head_", LOGITS)


def build_optimizer(
    config: OptimConfig,
    variables: Sequence[Any],
    *,
    precision: Precision = Precision.FLOAT32,
    replicas: int = 1,
) -> keras.Optimizer:
    """Build it for ``variables``; the learning rate is set before each step.

    Args:
        config: of the recipe.
        variables: the trainable ones, in the order in which gradients will come.
        precision: "mixed_float16" wraps the optimiser so that it scales the loss and leaves out
            steps whose gradients are no numbers.
        replicas: Keras sums what each replica hands over. The state hands over the mean of the
            gradients, so the norm allowed is that share as well.
    """
    clip = config.clip_norm / replicas if config.clip_norm is not None else None
    optimizer = _KINDS[config.kind](config, variables, clip)
    if precision is Precision.MIXED_FLOAT16:
        optimizer = keras.optimizers.LossScaleOptimizer(optimizer)
    optimizer.build(variables)
    return optimizer


def is_kernel(variable: Any) -> bool:
    """Whether a variable is a kernel: rank 2 and up, not a bias or a BatchNorm parameter."""
    return len(variable.shape) > 1


def is_head(variable: Any) -> bool:
    """Whether a variable belongs to a layer after the backbone."""
    return str(variable.path).startswith(_HEAD)


class _Rates:
    """The factor on the learning rate, and the decay, of each variable."""

    def __init__(self, config: OptimConfig, variables: Sequence[Any]) -> None:
        self.factors = [config.head_lr if is_head(variable) else 1.0 for variable in variables]
        self.decays = [config.weight_decay if is_kernel(v) else 0.0 for v in variables]


class _Sgd(keras.optimizers.SGD):  # type: ignore[misc]  # keras is untyped
    """Nesterov momentum; the L2 gradient of kernels is added after clipping."""

    def __init__(self, config: OptimConfig, variables: Sequence[Any], clip: float | None) -> None:
        super().__init__(
            config.lr,
            momentum=config.momentum,
            nesterov=config.momentum > 0,
            global_clipnorm=clip,
            name="sgd",
        )
        self._rates = _Rates(config, variables)

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        index = self._get_variable_index(variable)
        if self._rates.decays[index]:
            gradient = gradient + self._rates.decays[index] * tf.convert_to_tensor(variable)
        super().update_step(gradient, variable, learning_rate * self._rates.factors[index])


class _Adam(keras.optimizers.Adam):  # type: ignore[misc]  # keras is untyped
    """Adam without any decay.

    The arithmetic is Keras', bit for bit. Keras writes the correction of the moments anew for each
    of DenseNet121's 364 variables, by operations that cost it 20 s of CPU before the first step;
    here it is written once a step.
    """

    def __init__(self, config: OptimConfig, variables: Sequence[Any], clip: float | None) -> None:
        super().__init__(config.lr, global_clipnorm=clip, name=config.kind)
        self._rates = _Rates(config, variables)

    def _backend_update_step(self, gradients: Any, variables: Any, learning_rate: Any) -> None:
        step = tf.cast(self.iterations.value + 1, tf.float32)
        self._corrections = [1 - tf.pow(beta, step) for beta in (self.beta_1, self.beta_2)]
        super()._backend_update_step(gradients, variables, learning_rate)

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        index = self._get_variable_index(variable)
        first, second = self._corrections
        rate = learning_rate * self._rates.factors[index] * tf.sqrt(second) / first
        mean, square = self._momentums[index].value, self._velocities[index].value
        mean.assign_add((gradient - mean) * (1 - self.beta_1))
        square.assign_add((tf.square(gradient) - square) * (1 - self.beta_2))
        variable.assign_sub(mean * rate / (tf.sqrt(square) + self.epsilon))


class _AdamW(_Adam):
    """Adam that decays kernels only, apart from the gradient (arXiv 1711.05101).

    A decayed BatchNorm scale or bias would be pulled towards a network that answers nothing.
    """

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        index = self._get_variable_index(variable)
        if self._rates.decays[index]:
            rate = learning_rate * self._rates.factors[index]
            self.assign_sub(
                variable, tf.convert_to_tensor(variable) * self._rates.decays[index] * rate
            )
        super().update_step(gradient, variable, learning_rate)


_KINDS: Mapping[str, type[keras.Optimizer]] = {"sgd": _Sgd, "adam": _Adam, "adamw": _AdamW}
