"""BatchNorm of published weights that was folded: moments that fit, before training goes on."""

from collections.abc import Iterable
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def unfold_batch_norm(model: keras.Model, batches: Iterable[Any]) -> int:
    """Set the moments of layers that have only a factor and a shift; return of how many.

    Weights for serving come with BatchNorm folded into the factor and shift of moments 0 and 1.
    In training a batch's own moments count, which are others: the network would forget at once.
    So the moving ones are measured, and gamma and beta set so that the answers stay the same.
    Nothing is changed where weights came with moments, or are fresh.

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
    inputs = keras.Model(model.inputs[0], [layer.input for layer in layers])

    @tf.function(reduce_retracing=True)
    def measured(crops: Any) -> Any:
        maps = [tf.cast(each, tf.float32) for each in inputs(crops, training=False)]
        return [tf.nn.moments(each, axes=[0, 1, 2]) for each in maps]

    # float64 [batches, layers] of [C]: first and second moments about 0
    parts = [
        [(mean.numpy(), variance.numpy() + mean.numpy() ** 2) for mean, variance in measured(crops)]
        for crops in map(tf.constant, batches)
    ]
    return [
        (mean, second - mean**2)
        for mean, second in (np.mean(each, axis=0, dtype=np.float64) for each in zip(*parts))
    ]
