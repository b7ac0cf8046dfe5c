"""Backbone layers that are not trained: the seed's ``n_fine_tune``, counted from the image."""

import keras

from services.trainer.config import ModelConfig
from services.trainer.errors import NetworkError


def freeze(features: keras.Model, config: ModelConfig) -> None:
    """Stop the training of the first ``config.freeze`` layers with weights, or of all of them.

    The seed counted from the other end: its ``n_fine_tune`` -1 is 0 here, 0 is "all", and n is
    the number of layers less n. A frozen BatchNorm answers with its moving statistics.

    Args:
        features: from the crops to the backbone's last maps; the head is not part of it.
        config: of the network.

    Raises:
        NetworkError: if there are fewer layers with weights than are to be frozen.
    """
    layers = [layer for layer in features.layers if layer.weights]
    count = len(layers) if config.freeze == "all" else config.freeze
    if count > len(layers):
        raise NetworkError(
            f"model.freeze={count}, but {config.backbone} has {len(layers)} layers with weights; "
            "give that number or fewer, or all."
        )
    for layer in layers[:count]:
        layer.trainable = False
