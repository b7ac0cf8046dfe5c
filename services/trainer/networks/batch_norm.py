"""BatchNorm of published weights that was folded: moments that fit, before training goes on."""

from collections.abc import Iterable
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def unfold_batch_norm(model: keras.Model, batches: Iterable[Any]) -> int:
    """Set the moments of layers that have only a factor and a shift; return how many.

    Weights for serving come with BatchNorm folded into gamma and beta, for moments of 0 and 1. In
    training a batch's own moments count, which are others: the network would forget all at once.
    So those of training images are measured, and gamma and beta set so that answers stay the same.
    Layers whose weights came with moments, or that are fresh, are left alone.

    Args:
        model: changed in place.
        batches: float32 ``[B, S, S, C]``, 0..255, as in training; at least one. Not looked at if
            there is no such layer.
    """
    layers = [layer for layer in model.layers if _is_folded(layer)]
    if not layers:
        return 0
    moments = _input_moments(model, layers, batches)
    for layer, (mean, variance) in zip(layers, moments, strict=True):
        deviation = np.sqrt(variance + layer.epsilon)
        factor = layer.gamma.numpy() / np.sqrt(1 + layer.epsilon)
        layer.moving_mean.assign(mean)
        layer.moving_variance.assign(variance)
        layer.gamma.assign(factor * deviation)
        layer.beta.assign(layer.beta.numpy() + factor * mean)
    return len(layers)


def _is_folded(layer: Any) -> bool:
    if not isinstance(layer, keras.layers.BatchNormalization):
        return False
    gamma, beta = layer.gamma.numpy(), layer.beta.numpy()
    mean, variance = layer.moving_mean.numpy(), layer.moving_variance.numpy()
    has_moments = mean.any() or (variance != 1).any()
    is_fresh = (gamma == 1).all() and not beta.any()
    return not has_moments and not is_fresh


def _input_moments(
    model: keras.Model, layers: list[Any], batches: Iterable[Any]
) -> list[tuple[Floats, Floats]]:
    """Return mean and variance ``[C]`` of what each layer gets, over all pixels of all batches."""
    # By name: Keras makes of a list of one output that output.
    inputs = keras.Model(model.inputs[0], {layer.name: layer.input for layer in layers})
    measured: Any = tf.function(
        lambda crops: [
            tf.nn.moments(tf.cast(maps[layer.name], tf.float32), axes=[0, 1, 2])
            for maps in [inputs(crops, training=False)]
            for layer in layers
        ]
    )
    batchwise = [measured(tf.constant(crops)) for crops in batches]
    found = []
    for pairs in zip(*batchwise, strict=True):  # of one layer
        means, variances = (np.array(each, np.float64) for each in zip(*pairs, strict=True))
        # The variance within batches, and that between them.
        found.append((means.mean(axis=0), variances.mean(axis=0) + means.var(axis=0)))
    return found
