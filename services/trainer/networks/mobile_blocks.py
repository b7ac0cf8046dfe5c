"""The building blocks of networks for phones: a convolution, BatchNorm, ReLU6, in one precision."""

from typing import Any

import keras

from services.trainer.networks.layers import FusedBatchNorm

# As in the checkpoints of MobileNets and EfficientNets.
EPSILON = 1e-3


class MobileBlocks:
    """Makes them; maps are NHWC, padded as TensorFlow's "same" does."""

    def __init__(self, dtype: str) -> None:
        """Compute in ``dtype``, a Keras policy such as float32 or mixed_bfloat16."""
        self._dtype = dtype

    def conv_bn(
        self,
        x: Any,
        filters: int,
        *,
        kernel: int,
        name: str,
        strides: int = 1,
        activate: bool = True,
    ) -> Any:
        """Convolve to ``filters`` channels; layers: ``name``, ``name.bn`` and ``name.relu6``."""
        x = keras.layers.Conv2D(
            filters,
            kernel,
            strides=strides,
            padding="same",
            use_bias=False,
            kernel_initializer="he_normal",
            dtype=self._dtype,
            name=name,
        )(x)
        return self._bn_relu6(x, name=name) if activate else self._bn(x, name=name)

    def depthwise_bn(self, x: Any, *, kernel: int, strides: int, name: str) -> Any:
        """Filter each map alone; layers are named alike."""
        x = keras.layers.DepthwiseConv2D(
            kernel,
            strides=strides,
            padding="same",
            use_bias=False,
            dtype=self._dtype,
            name=name,
        )(x)
        return self._bn_relu6(x, name=name)

    def add(self, x: Any, y: Any, *, name: str) -> Any:
        """Add maps of one shape."""
        return keras.layers.Add(dtype=self._dtype, name=name)([x, y])

    def _bn(self, x: Any, *, name: str) -> Any:
        return FusedBatchNorm(epsilon=EPSILON, dtype=self._dtype, name=f"{name}.bn")(x)

    def _bn_relu6(self, x: Any, *, name: str) -> Any:
        x = self._bn(x, name=name)
        return keras.layers.ReLU(6.0, dtype=self._dtype, name=f"{name}.relu6")(x)
