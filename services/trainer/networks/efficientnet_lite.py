"""EfficientNet-Lite0: EfficientNet-B0 (Tan and Le, arXiv 1905.11946) without squeeze-excite.

Google's edge variant (github tensorflow/tpu, 2020): ReLU6 for swish, fixed stem and head. It
trains as fast on a CPU at 96 px as a DenseNet-BC of growth 16 at 48 px.
"""

from typing import Any

from services.trainer.networks.mobile_blocks import MobileBlocks

# repeats, kernel, stride, expansion, output channels
_STAGES = (
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)
_STEM, _HEAD = 32, 1280


def efficientnet_lite0(x: Any, *, dtype: str) -> Any:
    """Turn maps ``[N, S, S, C]`` into features ``[N, S / 32, S / 32, 1280]``.

    Layers are named as in the published checkpoints: ``stem``, ``blocks.3.depthwise``, …
    """
    make = MobileBlocks(dtype)
    x = make.conv_bn(x, _STEM, kernel=3, strides=2, name="stem")
    block = 0
    for repeats, kernel, stride, expansion, filters in _STAGES:
        for repeat in range(repeats):
            x = _inverted_residual(
                make,
                x,
                filters,
                kernel=kernel,
                strides=stride if repeat == 0 else 1,
                expansion=expansion,
                name=f"blocks.{block}",
            )
            block += 1
    return make.conv_bn(x, _HEAD, kernel=1, name="head")


def _inverted_residual(
    make: MobileBlocks,
    x: Any,
    filters: int,
    *,
    kernel: int,
    strides: int,
    expansion: int,
    name: str,
) -> Any:
    """Widen, filter each map, narrow; add where shapes agree."""
    y, channels = x, int(x.shape[-1])
    if expansion != 1:
        y = make.conv_bn(y, channels * expansion, kernel=1, name=f"{name}.expand")
    y = make.depthwise_bn(y, kernel=kernel, strides=strides, name=f"{name}.depthwise")
    y = make.conv_bn(y, filters, kernel=1, name=f"{name}.project", activate=False)
    if strides == 1 and channels == filters:
        y = make.add(x, y, name=f"{name}.add")
    return y
