"""What training changes: network, optimiser and averaged weights, and the step that does it."""

from collections.abc import Iterable
from contextlib import AbstractContextManager
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from services.common.domain.emotions import EMOTIONS
from services.trainer.config import TrainConfig
from services.trainer.ema import WeightAverage
from services.trainer.models.build import build_network
from services.trainer.models.pretrained import load_pretrained
from services.trainer.normalisation import Normalisation
from services.trainer.optimisers import build_optimizer, regularised
from services.trainer.schedule import learning_rate

Array = NDArray[np.generic]


class TrainingState:
    """Everything of a run that lives in TensorFlow."""

    def __init__(
        self, config: TrainConfig, *, normalisation: Normalisation, total_steps: int
    ) -> None:
        """Build the network from ``config.loop.seed``."""
        keras.utils.set_random_seed(config.loop.seed)
        self._config = config
        self._total_steps = total_steps
        self.model = build_network(
            config.model,
            size=config.data.size,
            normalisation=normalisation,
            precision=config.loop.precision,
        )
        load_pretrained(self.model, config.model)
        self._optimizer = build_optimizer(config.optim, self.model.trainable_variables)
        self._average = WeightAverage(self.model, decay=config.optim.ema_decay)
        self._train_step = tf.function(self._step, reduce_retracing=True)
        self._infer = tf.function(
            lambda crops: self.model(crops, training=False), reduce_retracing=True
        )

    def train_step(self, step: int, crops: Any, labels: NDArray[np.int64]) -> float:
        """Take optimiser step number ``step`` (from 0) and return the loss before it."""
        optim = self._config.optim
        rate = learning_rate(
            step,
            peak=optim.lr,
            warmup_steps=optim.warmup_steps,
            total_steps=self._total_steps,
        )
        self._optimizer.learning_rate.assign(rate)
        loss = self._train_step(tf.constant(crops), tf.constant(labels), tf.constant(float(step)))
        return float(loss.numpy())

    def logits(self, images: NDArray[np.uint8], *, batch_size: int) -> NDArray[np.float32]:
        """Return ``[N, 7]`` for uint8 ``[N, S, S, C]`` with the weights the model has now."""
        parts = [
            self._infer(tf.constant(images[start : start + batch_size], dtype=tf.float32)).numpy()
            for start in range(0, len(images), batch_size)
        ]
        return np.concatenate(parts)

    def averaged(self, batches: Iterable[Any]) -> AbstractContextManager[None]:
        """Lend the averaged weights to ``logits``, with BatchNorm re-estimated on ``batches``."""
        return self._average.applied(batches)

    def capture(self) -> dict[str, Array]:
        """Copy all variables, named by group and position (Keras' names differ by process)."""
        return {
            f"{group}/{index:04d}": np.asarray(variable.numpy())
            for group, variables in self._groups().items()
            for index, variable in enumerate(variables)
        }

    def restore(self, arrays: dict[str, Array]) -> None:
        """Put back what ``capture`` copied.

        Raises:
            ValueError: if the arrays are of another network.
        """
        for group, variables in self._groups().items():
            for index, variable in enumerate(variables):
                variable.assign(arrays[f"{group}/{index:04d}"])

    def _groups(self) -> dict[str, list[Any]]:
        return {
            "model": list(self.model.variables),  # dropout's seed state included
            "optimizer": list(self._optimizer.variables),
            "ema": list(self._average.variables),
        }

    def _step(self, crops: Any, labels: Any, step: Any) -> Any:
        variables = self.model.trainable_variables
        with tf.GradientTape() as tape:
            logits = self.model(crops, training=True)
            loss = _loss(logits, labels, smoothing=self._config.loss.label_smoothing)
        gradients = tape.gradient(loss, [variable.value for variable in variables])
        self._optimizer.apply(
            regularised(gradients, variables, config=self._config.optim), variables
        )
        self._average.update(step)
        return loss


def _loss(logits: Any, labels: Any, *, smoothing: float) -> Any:
    targets = tf.one_hot(labels, len(EMOTIONS), 1 - smoothing, 0.0) + smoothing / len(EMOTIONS)
    return tf.reduce_mean(tf.nn.softmax_cross_entropy_with_logits(targets, logits))
