"""MobileNet v1 (Howard et al., arXiv 1704.04861): a depthwise and a 1x1 convolution in turn.

All its layers are convolutions: it takes crops of any size.
"""

from typing import Any

from services.trainer.networks.mobile_blocks import MobileBlocks

_STEM = 32
# output channels, stride
_BLOCKS = (
    (64, 1),
    (128, 2),
    (128, 1),
    (256, 2),
    (256, 1),
    (512, 2),
    *((512, 1),) * 5,
    (1024, 2),
    (1024, 1),
)


def mobilenet_v1(x: Any, *, dtype: str) -> Any:
    """Turn maps ``[N, S, S, C]`` into features ``[N, S / 32, S / 32, 1024]``.

    Layers are named as in Keras' checkpoints: ``conv1``, ``conv_dw_1``, ``conv_pw_1``, …
    """
    make = MobileBlocks(dtype)
    x = make.conv_bn(x, _STEM, kernel=3, strides=2, name="conv1")
    for number, (filters, strides) in enumerate(_BLOCKS, start=1):
        x = make.depthwise_bn(x, kernel=3, strides=strides, name=f"conv_dw_{number}")
        x = make.conv_bn(x, filters, kernel=1, name=f"conv_pw_{number}")
    return x
