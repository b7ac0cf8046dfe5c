"""From the backbone's maps to seven logits."""

from typing import Any

import keras

from services.common.domain.emotions import EMOTIONS
from services.trainer.config import HeadConfig

LOGITS = "logits"


def classification_head(x: Any, config: HeadConfig) -> Any:
    """Turn features ``[N, H, W, F]`` into logits float32 ``[N, 7]``; computed in float32."""
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
    return keras.layers.Dense(len(EMOTIONS), dtype="float32", name=LOGITS)(x)
