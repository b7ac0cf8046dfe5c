"""DenseNet-BC for small faces (Huang et al., arXiv 1608.06993)."""

from typing import Any

import keras

from services.trainer.config import DenseNetConfig
from services.trainer.networks.layers import FusedBatchNorm

# A transition keeps half of the channels: the "C" of DenseNet-BC.
_COMPRESSION = 2
# A 1x1 bottleneck of four times the growth before each 3x3 convolution: the "B".
_BOTTLENECK = 4


def densenet_bc(x: Any, config: DenseNetConfig, *, dtype: str) -> Any:
    """Turn maps ``[N, S, S, C]`` into features ``[N, S / 16, S / 16, F]``.

    The stem is one 3x3 convolution with stride 2 and no pooling: at 48 px it leaves maps of
    24, 12, 6 and 3 where the ImageNet stem leaves 12, 6, 3 and 1.
    """
    make = _Layers(dtype)
    x = make.conv(x, config.stem, kernel=3, strides=2, name="stem")
    for block, layers in enumerate(config.blocks, start=1):
        for layer in range(1, layers + 1):
            x = make.dense_layer(x, config.growth, name=f"block{block}_{layer}")
        if block < len(config.blocks):
            x = make.transition(x, name=f"transition{block}")
    return make.bn_relu(x, name="head")


class _Layers:
    """The building blocks in one precision."""

    def __init__(self, dtype: str) -> None:
        self._dtype = dtype

    def conv(self, x: Any, filters: int, *, kernel: int, strides: int = 1, name: str) -> Any:
        return keras.layers.Conv2D(
            filters,
            kernel,
            strides=strides,
            padding="same",
            use_bias=False,
            kernel_initializer="he_normal",
            dtype=self._dtype,
            name=name,
        )(x)

    def bn_relu(self, x: Any, *, name: str) -> Any:
        x = FusedBatchNorm(epsilon=1e-5, dtype=self._dtype, name=f"{name}_bn")(x)
        return keras.layers.Activation("relu", dtype=self._dtype, name=f"{name}_relu")(x)

    def dense_layer(self, x: Any, growth: int, *, name: str) -> Any:
        y = self.bn_relu(x, name=f"{name}_a")
        y = self.conv(y, _BOTTLENECK * growth, kernel=1, name=f"{name}_a")
        y = self.bn_relu(y, name=f"{name}_b")
        y = self.conv(y, growth, kernel=3, name=f"{name}_b")
        return keras.layers.Concatenate(dtype=self._dtype, name=name)([x, y])

    def transition(self, x: Any, *, name: str) -> Any:
        x = self.bn_relu(x, name=name)
        x = self.conv(x, int(x.shape[-1]) // _COMPRESSION, kernel=1, name=name)
        return keras.layers.AveragePooling2D(2, dtype=self._dtype, name=f"{name}_pool")(x)
