"""The network of a recipe: normalisation, enlargement, backbone and head in one graph."""

import re
from typing import Any

import keras

from services.trainer.config import Backbone, ModelConfig, Precision
from services.trainer.errors import NetworkError
from services.trainer.networks.applications import application_features
from services.trainer.networks.densenet import densenet_bc
from services.trainer.networks.efficientnet_lite import efficientnet_lite0
from services.trainer.networks.freeze import freeze
from services.trainer.networks.head import classification_head
from services.trainer.networks.normalisation import Normalisation


def build_network(
    config: ModelConfig,
    *,
    size: int,
    normalisation: Normalisation,
    precision: Precision = Precision.FLOAT32,
) -> keras.Model:
    """Build "crops" float32 ``[N, size, size, C]`` 0..255 to "logits" ``[N, 7]``, random weights.

    Args:
        config: backbone, freezing, enlargement, head.
        size: side of the crops, in pixels.
        normalisation: per channel, in 0..255; its length is the number of channels.
        precision: of the computation; variables and logits are float32 either way.

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
        logits = classification_head(features, config.head)
    except ValueError as error:
        raise NetworkError(
            f"{config.backbone} cannot be built for crops of {size} px with model.enlarge="
            f"{config.enlarge} and this recipe's model.*; change one of them. Keras says: "
            f"{_reason(error)}"
        ) from error
    freeze(keras.Model(inputs, features), config)
    # A plain text: h5py cannot write the name of a StrEnum.
    return keras.Model(inputs, logits, name=config.backbone.value)


def _backbone(x: Any, config: ModelConfig, *, dtype: str) -> Any:
    match config.backbone:
        case Backbone.DENSENET_BC:
            return densenet_bc(x, config.densenet, dtype=dtype)
        case Backbone.EFFICIENTNET_LITE0:
            return efficientnet_lite0(x, dtype=dtype)
        case application:
            return application_features(x, application, dtype=dtype)


def _reason(error: ValueError) -> str:
    """Return the line of Keras' message that tells more than which layer it was, in plain text."""
    lines = [line for line in re.sub(r"\x1b\[[0-9;]*m", "", str(error)).splitlines() if line]
    telling = (line for line in lines if not line.startswith("Exception encountered"))
    return next(telling, "nothing")
