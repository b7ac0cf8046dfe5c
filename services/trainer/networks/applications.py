"""Backbones of ``keras.applications``, in one flat graph with the layers around them."""

from collections.abc import Callable
from typing import Any

import keras

from services.trainer.config import Backbone

PUBLISHED: dict[Backbone, Callable[..., keras.Model]] = {
    Backbone.VGG16: keras.applications.VGG16,
    Backbone.RESNET50: keras.applications.ResNet50,
    Backbone.DENSENET121: keras.applications.DenseNet121,
    Backbone.DENSENET169: keras.applications.DenseNet169,
    Backbone.EFFICIENTNETV2_B0: keras.applications.EfficientNetV2B0,
    Backbone.EFFICIENTNETV2_S: keras.applications.EfficientNetV2S,
}
# Their own preprocessing stays out: normalisation is the graph's first layer already.
_WITHOUT_PREPROCESSING = {Backbone.EFFICIENTNETV2_B0, Backbone.EFFICIENTNETV2_S}


def application_features(x: Any, backbone: Backbone, *, dtype: str) -> Any:
    """Turn normalised maps ``[N, S, S, C]`` into the backbone's last maps, random weights.

    Args:
        x: a Keras tensor.
        backbone: one of ``keras.applications``.
        dtype: the policy of its layers, such as float32 or mixed_bfloat16.
    """
    extra = {"include_preprocessing": False} if backbone in _WITHOUT_PREPROCESSING else {}
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(dtype)
    try:
        model = PUBLISHED[backbone](include_top=False, weights=None, input_tensor=x, **extra)
    finally:
        keras.config.set_dtype_policy(before)
    return model.output
