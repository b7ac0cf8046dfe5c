"""The network of a checkpoint: averaged weights, float32, BatchNorm re-estimated."""

from typing import Any

import keras
import numpy as np
import tensorflow as tf

from services.trainer.config import Precision, TrainConfig
from services.trainer.data.batches import TrainBatches
from services.trainer.data.dataset import Subset
from services.trainer.networks.blend import Losses, blend_earlier
from services.trainer.networks.build import build_network, served_network
from services.trainer.networks.normalisation import Normalisation
from services.trainer.training.checkpoint import Checkpoint
from services.trainer.training.ema import reestimate_batch_norm
from services.trainer.training.optimisers import is_kernel

# More than while training: this estimate is the one that is shipped.
_BN_BATCHES = 200


def build_averaged(
    checkpoint: Checkpoint,
    *,
    config: TrainConfig,
    normalisation: Normalisation,
    train: Subset,
    losses: Losses | None = None,
) -> tuple[keras.Model, float]:
    """Build the served network in float32 from the averaged weights of ``checkpoint``.

    Whatever precision it was trained in, it is evaluated and served in float32, its kernels rounded
    as they will be stored. A run without an average (``optim.ema_decay=0``) has its last weights
    and statistics as they are.

    Args:
        checkpoint: of the run.
        config: its recipe.
        normalisation: of the pixels.
        train: images to measure BatchNorm's statistics on.
        losses: of validation images, as of ``blend_earlier``.

    Returns:
        The network, and the share that earlier weights have in it.
    """
    model = build_network(
        config.model,
        size=config.data.size,
        normalisation=normalisation,
        precision=Precision.FLOAT32,
        own_head=config.loss.own_label_weight > 0,
    )
    for index, variable in enumerate(model.variables):
        variable.assign(checkpoint.arrays[f"model/{index:04d}"])
    if config.optim.ema_decay:
        for index, variable in enumerate(model.trainable_variables):
            variable.assign(checkpoint.arrays[f"ema/{index:04d}"])
        _measure_batch_norm(model, config, train)
    model = served_network(model)
    share = 0.0
    if config.model.blend:
        share = blend_earlier(
            model,
            config.model,
            size=config.data.size,
            normalisation=normalisation,
            losses=losses,
        )
    if config.model.stored == "float16":
        round_kernels(model)
    return model, share


def _measure_batch_norm(model: keras.Model, config: TrainConfig, train: Subset) -> None:
    batches = TrainBatches(train, config)
    forward: Any = tf.function(lambda crops: model(crops, training=True))
    # Of an epoch that training itself never came to.
    crops = batches.first_crops(config.loop.epochs, count=_BN_BATCHES)
    reestimate_batch_norm(model, crops, forward=forward)


def round_kernels(model: keras.Model) -> None:
    """Round kernels to what float16 can hold; biases and statistics, small as they are, stay."""
    for variable in filter(is_kernel, model.weights):
        variable.assign(variable.numpy().astype(np.float16).astype(np.float32))
