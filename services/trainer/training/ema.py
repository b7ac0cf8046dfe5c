"""Averaged weights, and BatchNorm statistics that fit them."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

Arrays = list[NDArray[np.generic]]


def build_average(model: keras.Model, *, decay: float) -> "WeightAverage | NoAverage":
    """Return the average that a recipe asks for; ``decay`` 0 asks for none."""
    return WeightAverage(model, decay=decay) if decay else NoAverage()


class NoAverage:
    """The weights as they are, with the statistics that training left."""

    variables: Sequence[Any] = ()

    def update(self, step: Any) -> None:
        """Do nothing."""
        del step  # AutoGraph cannot read a body that is a docstring alone, and says so at length

    def applied(self, batches: Iterable[Any]) -> AbstractContextManager[None]:
        """Change nothing."""
        del batches
        return nullcontext()


class WeightAverage:
    """An exponential moving average of the trainable weights.

    The decay starts low, ``(1 + step) / (10 + step)``, so that the random start is forgotten
    within the first epoch instead of the first thousand steps.
    """

    def __init__(self, model: keras.Model, *, decay: float) -> None:
        """Start from the model's present weights."""
        self._model = model
        self._decay = decay
        self._forward = tf.function(lambda crops: model(crops, training=True))
        self.variables = [
            tf.Variable(weight.value, trainable=False) for weight in model.trainable_variables
        ]

    def update(self, step: Any) -> None:
        """Move towards the model's weights; ``step`` is a float tensor. Called in the graph."""
        decay = tf.minimum(self._decay, (1.0 + step) / (10.0 + step))
        for average, weight in zip(self.variables, self._model.trainable_variables, strict=True):
            average.assign_sub((1.0 - decay) * (average - weight.value))

    @contextmanager
    def applied(self, batches: Iterable[Any]) -> Iterator[None]:
        """Lend the averaged weights to the model, with BatchNorm re-estimated on ``batches``.

        Every variable of the model is put back at the end, dropout's seed and the moving
        statistics too: training continues as if nothing had happened.
        """
        before: Arrays = [variable.numpy() for variable in self._model.variables]
        for average, weight in zip(self.variables, self._model.trainable_variables, strict=True):
            weight.assign(average)
        try:
            reestimate_batch_norm(self._model, batches, forward=self._forward)
            yield
        finally:
            for variable, value in zip(self._model.variables, before, strict=True):
                variable.assign(value)


def reestimate_batch_norm(
    model: keras.Model, batches: Iterable[Any], *, forward: Callable[[Any], Any]
) -> None:
    """Measure the moving statistics anew: averaged weights never saw those of training.

    From zero, k updates of momentum m leave a weighted mean times ``1 - m**k``; dividing by
    that removes the bias of the start.

    Args:
        model: its BatchNormalization layers are changed in place.
        batches: float32 ``[B, S, S, C]``, 0..255, as in training; at least one.
        forward: runs the model in training mode (compiled once by the caller).
    """
    layers = [
        layer
        for layer in model.layers
        if isinstance(layer, keras.layers.BatchNormalization) and layer.trainable  # not frozen
    ]
    statistics = [[layer.moving_mean, layer.moving_variance] for layer in layers]
    for variable in (v for pair in statistics for v in pair):
        variable.assign(tf.zeros_like(variable.value))
    count = 0
    for crops in batches:
        forward(tf.constant(crops))
        count += 1
    for layer, pair in zip(layers, statistics, strict=True):
        for variable in pair:
            variable.assign(variable.value / (1 - layer.momentum**count))
