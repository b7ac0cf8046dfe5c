"""One writer per kind of Keras layer: the layer and its inputs' names to its output's name."""

from collections.abc import Callable, Mapping
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from services.trainer.errors import ExportError
from services.trainer.export.onnx_graph.graph import Graph


def _rescaling(graph: Graph, layer: Any, inputs: list[str]) -> str:
    scale, offset = (np.reshape(v, (1, -1, 1, 1)) for v in (layer.scale, layer.offset))
    scaled = graph.add("Mul", [inputs[0], graph.constant(scale)])
    return graph.add("Add", [scaled, graph.constant(offset)])


def _conv(graph: Graph, layer: Any, inputs: list[str]) -> str:
    if layer.groups != 1:
        raise ExportError(f"no ONNX writer for this kind of convolution: {layer.name}")
    kernel = np.asarray(layer.kernel.numpy()).transpose(3, 2, 0, 1)
    return _convolved(graph, layer, inputs, kernel=kernel, group=1)


def _depthwise_conv(graph: Graph, layer: Any, inputs: list[str]) -> str:
    kernel = np.asarray(layer.kernel.numpy())
    height, width, channels, multiplier = kernel.shape
    # ONNX counts outputs channel by channel, as TensorFlow does.
    kernel = kernel.reshape(height, width, 1, channels * multiplier).transpose(3, 2, 0, 1)
    return _convolved(graph, layer, inputs, kernel=kernel, group=channels)


def _convolved(
    graph: Graph, layer: Any, inputs: list[str], *, kernel: NDArray[np.generic], group: int
) -> str:
    if layer.data_format != "channels_last":
        raise ExportError(f"no ONNX writer for this kind of convolution: {layer.name}")
    bias = [graph.constant(layer.bias.numpy())] if layer.use_bias else []
    maps = graph.add(
        "Conv",
        [inputs[0], graph.constant(kernel), *bias],
        group=group,
        kernel_shape=list(layer.kernel_size),
        strides=list(layer.strides),
        dilations=list(layer.dilation_rate),
        pads=_pads(layer),
    )
    return _activated(graph, layer, maps)


def _pads(layer: Any) -> list[int]:
    """TensorFlow's "same" padding: with stride 2 and an even side it pads after, not before."""
    if layer.padding == "valid":
        return [0, 0, 0, 0]
    before, after = [], []
    sizes = zip(
        layer.input.shape[1:3],
        layer.kernel_size,
        layer.strides,
        layer.dilation_rate,
        strict=True,
    )
    for side, kernel, stride, dilation in sizes:
        reach = (kernel - 1) * dilation + 1
        total = max(0, (-(-side // stride) - 1) * stride + reach - side)
        before.append(total // 2)
        after.append(total - total // 2)
    return [*before, *after]


def _batch_norm(graph: Graph, layer: Any, inputs: list[str]) -> str:
    variables = (layer.gamma, layer.beta, layer.moving_mean, layer.moving_variance)
    constants = [graph.constant(variable.numpy()) for variable in variables]
    return graph.add("BatchNormalization", [inputs[0], *constants], epsilon=layer.epsilon)


def _activation(graph: Graph, layer: Any, inputs: list[str]) -> str:
    return _activated(graph, layer, inputs[0])


def _activated(graph: Graph, layer: Any, source: str) -> str:
    """Apply the activation that a layer names, alone or after its own work."""
    if layer.activation is keras.activations.linear:
        return source
    if layer.activation is keras.activations.silu:
        return graph.add("Mul", [source, graph.add("Sigmoid", [source])])
    operator = _ACTIVATIONS.get(layer.activation)
    if operator is None:
        raise ExportError(f"no ONNX writer for the activation of {layer.name}")
    return graph.add(operator, [source])


def _relu(graph: Graph, layer: Any, inputs: list[str]) -> str:
    if layer.negative_slope or layer.threshold:
        raise ExportError(f"no ONNX writer for this kind of ReLU: {layer.name}")
    if layer.max_value is None:
        return graph.add("Relu", inputs)
    bounds = [graph.constant(np.float32(value)) for value in (0.0, layer.max_value)]
    return graph.add("Clip", [inputs[0], *bounds])


def _add(graph: Graph, layer: Any, inputs: list[str]) -> str:
    if len(inputs) != 2:
        raise ExportError(f"{layer.name} adds {len(inputs)} maps; add two at a time")
    return graph.add("Add", inputs)


def _upsampling(graph: Graph, layer: Any, inputs: list[str]) -> str:
    if layer.interpolation != "bilinear":
        raise ExportError(f"no ONNX writer for the interpolation of {layer.name}")
    scales = graph.constant([1.0, 1.0, *map(float, layer.size)])
    # TensorFlow's resize: pixel centres at halves, the border repeated.
    return graph.add(
        "Resize",
        [inputs[0], "", scales],
        mode="linear",
        coordinate_transformation_mode="half_pixel",
    )


def _concatenate(graph: Graph, layer: Any, inputs: list[str]) -> str:
    if layer.axis not in {-1, 3}:
        raise ExportError(f"{layer.name} does not join channels")
    return graph.add("Concat", inputs, axis=1)


def _average_pool(graph: Graph, layer: Any, inputs: list[str]) -> str:
    if layer.padding != "valid":
        raise ExportError(f"no ONNX writer for the padding of {layer.name}")
    size, strides = list(layer.pool_size), list(layer.strides)
    return graph.add("AveragePool", inputs, kernel_shape=size, strides=strides)


def _max_pool(graph: Graph, layer: Any, inputs: list[str]) -> str:
    if layer.padding != "valid":
        raise ExportError(f"no ONNX writer for the padding of {layer.name}")
    size, strides = list(layer.pool_size), list(layer.strides)
    return graph.add("MaxPool", inputs, kernel_shape=size, strides=strides)


def _zero_padding(graph: Graph, layer: Any, inputs: list[str]) -> str:
    (top, bottom), (left, right) = layer.padding
    return graph.add("Pad", [inputs[0], graph.shape(0, 0, top, left, 0, 0, bottom, right)])


def _multiply(graph: Graph, layer: Any, inputs: list[str]) -> str:
    if len(inputs) != 2:
        raise ExportError(f"{layer.name} multiplies {len(inputs)} maps; two at a time")
    return graph.add("Mul", inputs)


def _reshape(graph: Graph, layer: Any, inputs: list[str]) -> str:
    if layer.target_shape[:2] != (1, 1) or len(layer.target_shape) != 3:
        raise ExportError(f"no ONNX writer for the shape of {layer.name}")
    return graph.add("Reshape", [inputs[0], graph.shape(0, -1, 1, 1)])


def _flatten(graph: Graph, layer: Any, inputs: list[str]) -> str:
    del layer
    # In Keras' order: channels change fastest.
    return graph.add("Flatten", [graph.add("Transpose", inputs, perm=[0, 2, 3, 1])], axis=1)


def _global_average_pool(graph: Graph, layer: Any, inputs: list[str]) -> str:
    pooled = graph.add("GlobalAveragePool", inputs)
    return pooled if layer.keepdims else graph.add("Flatten", [pooled], axis=1)


def _dropout(graph: Graph, layer: Any, inputs: list[str]) -> str:
    del graph, layer
    return inputs[0]


def _dense(graph: Graph, layer: Any, inputs: list[str]) -> str:
    if not layer.use_bias:
        raise ExportError(f"no ONNX writer for this kind of dense layer: {layer.name}")
    kernel, bias = (graph.constant(variable.numpy()) for variable in (layer.kernel, layer.bias))
    return _activated(graph, layer, graph.add("Gemm", [inputs[0], kernel, bias]))


_ACTIVATIONS: Mapping[Any, str] = {
    keras.activations.relu: "Relu",
    keras.activations.sigmoid: "Sigmoid",
    keras.activations.elu: "Elu",
    keras.activations.selu: "Selu",
    keras.activations.tanh: "Tanh",
}
Writer = Callable[[Graph, Any, list[str]], str]

WRITERS: Mapping[str, Writer] = {
    "Rescaling": _rescaling,
    "Conv2D": _conv,
    "DepthwiseConv2D": _depthwise_conv,
    "FusedBatchNorm": _batch_norm,
    "BatchNormalization": _batch_norm,
    "Activation": _activation,
    "ReLU": _relu,
    "Add": _add,
    "UpSampling2D": _upsampling,
    "Concatenate": _concatenate,
    "Multiply": _multiply,
    "AveragePooling2D": _average_pool,
    "MaxPooling2D": _max_pool,
    "ZeroPadding2D": _zero_padding,
    "Reshape": _reshape,
    "Flatten": _flatten,
    "GlobalAveragePooling2D": _global_average_pool,
    "Dropout": _dropout,
    "Dense": _dense,
}
