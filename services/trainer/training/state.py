"""What training changes: network, optimiser and averaged weights, and the step that does it."""

from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from services.trainer.config import TrainConfig
from services.trainer.data.batches import Batch
from services.trainer.errors import NetworkError, RunError
from services.trainer.networks.batch_norm import unfold_batch_norm
from services.trainer.networks.build import build_network, served_network
from services.trainer.networks.normalisation import Normalisation
from services.trainer.networks.pretrained import load_pretrained
from services.trainer.networks.saved_network import forward_pass
from services.trainer.training.ema import build_average
from services.trainer.training.losses import TrainingLoss
from services.trainer.training.optimisers import build_optimizer
from services.trainer.training.runtime import device_strategy

Array = NDArray[np.generic]


class TrainingState:
    """Everything of a run that lives in TensorFlow.

    Each device of the strategy has a copy of all variables and takes its share of a batch; the
    gradients are averaged over them, so that a step is the same on any number of devices, but for
    BatchNorm, whose moments are those of a device's own share, as if the batch were so much
    smaller (the first device's running ones count), and dropout, which is the same in each share.
    """

    def __init__(
        self,
        config: TrainConfig,
        *,
        normalisation: Normalisation,
        counts: Sequence[int],
        crops: Iterable[Any] | None = None,
        strategy: tf.distribute.Strategy | None = None,
    ) -> None:
        """Build the network from ``config.loop.seed``.

        Args:
            config: the recipe.
            normalisation: of the pixels.
            counts: training images per class.
            crops: batches of training images as they are, float32 ``[B, S, S, C]``, 0..255, to
                measure the moments of BatchNorm on where pretrained weights have none; None where
                a checkpoint is put back afterwards.
            strategy: the devices to train on; all GPUs, or else the CPU, by default.

        Raises:
            RunError: if a batch cannot be shared out evenly.
            WeightsError: if pretrained weights cannot be had or do not fit.
        """
        keras.utils.set_random_seed(config.loop.seed)
        self._strategy = strategy or device_strategy()
        self._replicas = int(self._strategy.num_replicas_in_sync)
        if config.loop.batch_size % self._replicas:
            raise RunError(
                f"{self._replicas} GPUs cannot share batches of {config.loop.batch_size} evenly; "
                "set loop.batch_size to a multiple, or loop.gpus."
            )
        with self._strategy.scope():
            self.model = build_network(
                config.model,
                size=config.data.size,
                normalisation=normalisation,
                precision=config.loop.precision,
                own_head=config.loss.own_label_weight > 0,
            )
            load_pretrained(served_network(self.model), config.model)
            if crops is not None and config.model.weights != "none":
                unfold_batch_norm(self.model, crops)
            self._optimizer = build_optimizer(
                config.optim,
                self.model.trainable_variables,
                precision=config.loop.precision,
                replicas=self._replicas,
            )
            self._average = build_average(self.model, decay=config.optim.ema_decay)
        self._loss = TrainingLoss(config.loss, counts=counts)
        self._train_step = tf.function(self._step, reduce_retracing=True)
        self._infer = forward_pass(served_network(self.model))

    def train_step(self, batch: Batch, *, step: int, rate: float) -> float:
        """Take optimiser step number ``step`` (from 0) and return the loss before it.

        Raises:
            NetworkError: if the device's memory does not hold such a step.
        """
        self._optimizer.learning_rate.assign(rate)
        try:
            loss = self._train_step(self._shared_out(batch), tf.constant(float(step)))
            return float(loss.numpy())
        except tf.errors.ResourceExhaustedError as error:
            raise NetworkError(
                f"Batches of {len(batch.crops)} crops do not fit the memory; lower "
                "loop.batch_size, set loop.precision=mixed_bfloat16, or take a smaller model."
            ) from error

    def logits(self, images: NDArray[np.uint8], *, batch_size: int) -> NDArray[np.float32]:
        """Return ``[N, 7]`` for uint8 ``[N, S, S, C]`` with the weights the model has now."""
        parts = [
            self._infer(tf.constant(images[start : start + batch_size], dtype=tf.float32)).numpy()
            for start in range(0, len(images), batch_size)
        ]
        return np.concatenate(parts)

    def penalty(self) -> float:
        """Return the L2 penalties of the weights the model has now."""
        return float(_penalty(self.model))

    def averaged(self, batches: Iterable[Any]) -> AbstractContextManager[None]:
        """Lend the averaged weights to ``logits``, with BatchNorm re-estimated on ``batches``."""
        return self._average.applied(batches)

    def capture(self) -> dict[str, Array]:
        """Copy all variables, named by group and position (Keras' names differ by process)."""
        return {name: np.asarray(variable.numpy()) for name, variable in self._named().items()}

    def restore(self, arrays: dict[str, Array]) -> None:
        """Put back what ``capture`` copied.

        Raises:
            RunError: if the arrays are of another network.
        """
        own = self._named()
        if {name: tuple(v.shape) for name, v in own.items()} != {
            name: array.shape for name, array in arrays.items()
        }:
            raise RunError(
                "The checkpoint is of another network than this version of the trainer builds; go "
                "on with the version that wrote it, or start anew in another folder."
            )
        for name, variable in own.items():
            variable.assign(arrays[name])

    def _named(self) -> dict[str, Any]:
        groups = {
            "model": self.model.variables,  # dropout's seed state included
            "optimizer": self._optimizer.variables,
            "ema": self._average.variables,
        }
        return {
            f"{group}/{index:04d}": variable
            for group, variables in groups.items()
            for index, variable in enumerate(variables)
        }

    def _shared_out(self, batch: Batch) -> Any:
        """Return the batch's arrays by name, each as equal shares for the devices."""
        arrays = {name: array for name, array in batch._asdict().items() if array is not None}
        parts = {name: np.split(array, self._replicas) for name, array in arrays.items()}
        shares = [
            {name: tf.constant(part[replica]) for name, part in parts.items()}
            for replica in range(self._replicas)
        ]
        return self._strategy.experimental_distribute_values_from_function(
            lambda context: shares[context.replica_id_in_sync_group]
        )

    def _step(self, shares: Any, step: Any) -> Any:
        losses = self._strategy.run(self._learn, kwargs=shares)
        self._average.update(step)
        return self._strategy.reduce(tf.distribute.ReduceOp.MEAN, losses, axis=None)

    def _learn(self, *, crops: Any, targets: Any, teacher: Any = None, own: Any = None) -> Any:
        """Change the weights by one device's share of a batch, and the others' gradients."""
        variables = self.model.trainable_variables
        with tf.GradientTape() as tape:
            outputs = self.model(crops, training=True)
            logits, own_logits = outputs if own is not None else (outputs, None)
            losses = self._loss(logits, targets, teacher)
            if own is not None:
                losses += self._loss.on_own_labels(own_logits, own)
            loss = tf.reduce_mean(losses) + _penalty(self.model)
            scaled = self._optimizer.scale_loss(loss)
        gradients = tape.gradient(scaled, [variable.value for variable in variables])
        # Summed here, as clipping needs the whole; Keras sums once more when it applies them.
        gradients = tf.distribute.get_replica_context().all_reduce(
            tf.distribute.ReduceOp.MEAN, gradients
        )
        self._optimizer.apply([gradient / self._replicas for gradient in gradients], variables)
        return loss


def _penalty(model: keras.Model) -> Any:
    return tf.add_n(model.losses) if model.losses else 0.0
