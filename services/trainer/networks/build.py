"""The network of a recipe: normalisation, enlargement, backbone and head in one graph."""

import re
from typing import Any

import keras

from services.common.domain.emotions import EMOTIONS
from services.trainer.config import Backbone, HeadConfig, ModelConfig, Precision
from services.trainer.errors import NetworkError
from services.trainer.networks.applications import application_features
from services.trainer.networks.densenet import densenet_bc
from services.trainer.networks.efficientnet_lite import efficientnet_lite0
from services.trainer.networks.mobilenet_v1 import mobilenet_v1
from services.trainer.networks.normalisation import Normalisation

LOGITS = "logits"
# The prefix is the head's, whose variables have a learning rate of their own.
_OWN_LOGITS = "head_own_logits"


def build_network(
    config: ModelConfig,
    *,
    size: int,
    normalisation: Normalisation,
    precision: Precision = Precision.FLOAT32,
    own_head: bool = False,
) -> keras.Model:
    """Build "crops" float32 ``[N, size, size, C]`` 0..255 to "logits" ``[N, 7]``, random weights.

    Args:
        config: backbone, freezing, enlargement, head.
        size: side of the crops, in pixels.
        normalisation: per channel, in 0..255; its length is the number of channels.
        precision: of the computation; variables and logits are float32 either way.
        own_head: add a second output, logits ``[N, 7]`` of the data set's own label from the
            same features; ``served_network`` takes it off.

    Raises:
        NetworkError: if crops of that size do not fit the backbone, or a part of the recipe does
            not; the text has Keras' reason.
    """
    inputs = keras.Input((size, size, len(normalisation.mean)), name="crops", dtype="float32")
    x = keras.layers.Rescaling(
        [1 / value for value in normalisation.std],
        [-m / s for m, s in zip(normalisation.mean, normalisation.std, strict=True)],
        dtype=precision.value,
        name="normalise",
    )(inputs)
    if config.enlarge > 1:
        x = keras.layers.UpSampling2D(
            config.enlarge, interpolation="bilinear", dtype=precision.value, name="enlarge"
        )(x)
    try:
        features = _backbone(x, config, dtype=precision.value)
        pooled = _pooled(features, config.head)
    except ValueError as error:
        raise NetworkError(
            f"{config.backbone} cannot be built for crops of {size} px with model.enlarge="
            f"{config.enlarge} and this recipe's model.*; change one of them. Keras says: "
            f"{_reason(error)}"
        ) from error
    _freeze(keras.Model(inputs, features), config)
    names = (LOGITS, _OWN_LOGITS) if own_head else (LOGITS,)
    outputs = [
        keras.layers.Dense(len(EMOTIONS), dtype="float32", name=name)(pooled) for name in names
    ]
    # A plain text: h5py cannot write the name of a StrEnum.
    return keras.Model(inputs, outputs if own_head else outputs[0], name=config.backbone.value)


def served_network(model: keras.Model) -> keras.Model:
    """Return the network that is evaluated and exported: of two heads the first alone.

    It has the very variables of ``model``.
    """
    if len(model.outputs) == 1:
        return model
    return keras.Model(model.inputs[0], model.outputs[0], name=model.name)


def _backbone(x: Any, config: ModelConfig, *, dtype: str) -> Any:
    match config.backbone:
        case Backbone.DENSENET_BC:
            return densenet_bc(x, config.densenet, dtype=dtype)
        case Backbone.EFFICIENTNET_LITE0:
            return efficientnet_lite0(x, dtype=dtype)
        case Backbone.MOBILENET_V1:
            return mobilenet_v1(x, dtype=dtype)
        case application:
            return application_features(x, application, dtype=dtype)


def _pooled(x: Any, config: HeadConfig) -> Any:
    """Turn features ``[N, H, W, F]`` into what logits are made of; computed in float32."""
    pooling = {
        "gap": keras.layers.GlobalAveragePooling2D,
        "flatten": keras.layers.Flatten,
    }[config.pooling]
    x = pooling(dtype="float32", name="head_pooling")(x)
    penalties = config.l2 or (0.0,) * len(config.units)
    for number, (units, l2) in enumerate(zip(config.units, penalties, strict=True), start=1):
        x = keras.layers.Dense(
            units,
            activation=config.activation,
            kernel_regularizer=keras.regularizers.L2(l2) if l2 else None,
            dtype="float32",
            name=f"head_dense{number}",
        )(x)
        x = keras.layers.Dropout(config.dropout, dtype="float32", name=f"head_dropout{number}")(x)
    if not config.units:
        x = keras.layers.Dropout(config.dropout, dtype="float32", name="head_dropout")(x)
    return x


def _freeze(features: keras.Model, config: ModelConfig) -> None:
    """Stop the training of the first ``config.freeze`` layers with weights, or of all of them.

    hfer v0 counted from the other end: its ``n_fine_tune`` -1 is 0 here, 0 is "all", and n is
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


def _reason(error: ValueError) -> str:
    """Return the line of Keras' message that says more than which layer it was, in plain text."""
    lines = [line for line in re.sub(r"\x1b\[[0-9;]*m", "", str(error)).splitlines() if line]
    reasons = (line for line in lines if not line.startswith("Exception encountered"))
    return next(reasons, "nothing")
