"""Write a Keras network as an ONNX graph, layer by layer and without changing a number.

Keras' own ONNX export needs tf2onnx, which does not live with NumPy 2.4 and protobuf 7. The
networks here use a dozen kinds of layers; each has a writer below. Inside, maps are NCHW, as ONNX
wants them; the input stays NHWC like every array of this project.
"""

from collections.abc import Callable, Mapping
from typing import Any

import keras
import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from services.trainer.errors import ExportError

# Old enough for every runtime in use (OpenVINO 2026.4, ONNX Runtime 1.24), new enough for all
# operators here.
_OPSET = 17
_IR_VERSION = 8


def to_onnx(model: keras.Model) -> bytes:
    """Return the graph: "crops" float32 ``[N, S, S, C]`` to "logits" float32 ``[N, K]``.

    Raises:
        ExportError: if the network has a layer that no writer knows.
    """
    graph = _Graph()
    height, width, channels = model.input_shape[1:]
    names: dict[int, str] = {id(model.inputs[0]): graph.to_nchw("crops")}
    for layer in model.layers:
        if isinstance(layer, keras.layers.InputLayer):
            continue
        kind = type(layer).__name__
        if kind not in _WRITERS:
            raise ExportError(f"no ONNX writer for the layer {kind}; add one to onnx_graph.py")
        sources = layer.input if isinstance(layer.input, list) else [layer.input]
        inputs = [names[id(source)] for source in sources]
        names[id(layer.output)] = _WRITERS[kind](graph, layer, inputs)
    graph.add("Identity", [names[id(model.outputs[0])]], output="logits")
    return graph.serialise(shape=(height, width, channels), classes=model.output_shape[-1])


class _Graph:
    """Nodes and constants in the making."""

    def __init__(self) -> None:
        self._nodes: list[onnx.NodeProto] = []
        self._constants: list[onnx.TensorProto] = []

    def add(
        self, operator: str, inputs: list[str], *, output: str | None = None, **attributes: Any
    ) -> str:
        name = output or f"{operator.lower()}_{len(self._nodes)}"
        self._nodes.append(helper.make_node(operator, inputs, [name], name=name, **attributes))
        return name

    def constant(self, values: NDArray[np.generic] | np.float32 | list[float]) -> str:
        name = f"constant_{len(self._constants)}"
        array = np.asarray(values, dtype=np.float32)
        self._constants.append(numpy_helper.from_array(array, name))
        return name

    def to_nchw(self, source: str) -> str:
        return self.add("Transpose", [source], perm=[0, 3, 1, 2])

    def serialise(self, *, shape: tuple[int, int, int], classes: int) -> bytes:
        graph = helper.make_graph(
            self._nodes,
            "expression",
            [helper.make_tensor_value_info("crops", TensorProto.FLOAT, ["N", *shape])],
            [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["N", classes])],
            self._constants,
        )
        model = helper.make_model(
            graph,
            producer_name="hfer",
            ir_version=_IR_VERSION,
            opset_imports=[helper.make_opsetid("", _OPSET)],
        )
        onnx.checker.check_model(model, full_check=True)
        return bytes(model.SerializeToString())


def _rescaling(graph: _Graph, layer: Any, inputs: list[str]) -> str:
    scale, offset = (np.reshape(v, (1, -1, 1, 1)) for v in (layer.scale, layer.offset))
    scaled = graph.add("Mul", [inputs[0], graph.constant(scale)])
    return graph.add("Add", [scaled, graph.constant(offset)])


def _conv(graph: _Graph, layer: Any, inputs: list[str]) -> str:
    if layer.groups != 1:
        raise ExportError(f"no ONNX writer for this kind of convolution: {layer.name}")
    kernel = np.asarray(layer.kernel.numpy()).transpose(3, 2, 0, 1)
    return _convolved(graph, layer, inputs, kernel=kernel, group=1)


def _depthwise_conv(graph: _Graph, layer: Any, inputs: list[str]) -> str:
    kernel = np.asarray(layer.kernel.numpy())
    height, width, channels, multiplier = kernel.shape
    # ONNX counts outputs channel by channel, as TensorFlow does.
    kernel = kernel.reshape(height, width, 1, channels * multiplier).transpose(3, 2, 0, 1)
    return _convolved(graph, layer, inputs, kernel=kernel, group=channels)


def _convolved(
    graph: _Graph, layer: Any, inputs: list[str], *, kernel: NDArray[np.generic], group: int
) -> str:
    plain = layer.activation is keras.activations.linear
    if layer.use_bias or not plain or layer.data_format != "channels_last":
        raise ExportError(f"no ONNX writer for this kind of convolution: {layer.name}")
    return graph.add(
        "Conv",
        [inputs[0], graph.constant(kernel)],
        group=group,
        kernel_shape=list(layer.kernel_size),
        strides=list(layer.strides),
        dilations=list(layer.dilation_rate),
        pads=_pads(layer),
    )


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


def _batch_norm(graph: _Graph, layer: Any, inputs: list[str]) -> str:
    variables = (layer.gamma, layer.beta, layer.moving_mean, layer.moving_variance)
    constants = [graph.constant(variable.numpy()) for variable in variables]
    return graph.add("BatchNormalization", [inputs[0], *constants], epsilon=layer.epsilon)


def _activation(graph: _Graph, layer: Any, inputs: list[str]) -> str:
    if layer.activation is not keras.activations.relu:
        raise ExportError(f"no ONNX writer for the activation of {layer.name}")
    return graph.add("Relu", inputs)


def _relu(graph: _Graph, layer: Any, inputs: list[str]) -> str:
    if layer.negative_slope or layer.threshold:
        raise ExportError(f"no ONNX writer for this kind of ReLU: {layer.name}")
    if layer.max_value is None:
        return graph.add("Relu", inputs)
    bounds = [graph.constant(np.float32(value)) for value in (0.0, layer.max_value)]
    return graph.add("Clip", [inputs[0], *bounds])


def _add(graph: _Graph, layer: Any, inputs: list[str]) -> str:
    if len(inputs) != 2:
        raise ExportError(f"{layer.name} adds {len(inputs)} maps; add two at a time")
    return graph.add("Add", inputs)


def _upsampling(graph: _Graph, layer: Any, inputs: list[str]) -> str:
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


def _concatenate(graph: _Graph, layer: Any, inputs: list[str]) -> str:
    if layer.axis not in {-1, 3}:
        raise ExportError(f"{layer.name} does not join channels")
    return graph.add("Concat", inputs, axis=1)


def _average_pool(graph: _Graph, layer: Any, inputs: list[str]) -> str:
    if layer.padding != "valid":
        raise ExportError(f"no ONNX writer for the padding of {layer.name}")
    size, strides = list(layer.pool_size), list(layer.strides)
    return graph.add("AveragePool", inputs, kernel_shape=size, strides=strides)


def _global_average_pool(graph: _Graph, layer: Any, inputs: list[str]) -> str:
    del layer
    return graph.add("Flatten", [graph.add("GlobalAveragePool", inputs)], axis=1)


def _dropout(graph: _Graph, layer: Any, inputs: list[str]) -> str:
    del graph, layer
    return inputs[0]


def _dense(graph: _Graph, layer: Any, inputs: list[str]) -> str:
    if layer.activation is not keras.activations.linear or not layer.use_bias:
        raise ExportError(f"no ONNX writer for this kind of dense layer: {layer.name}")
    kernel, bias = (graph.constant(variable.numpy()) for variable in (layer.kernel, layer.bias))
    return graph.add("Gemm", [inputs[0], kernel, bias])


_Writer = Callable[[_Graph, Any, list[str]], str]

_WRITERS: Mapping[str, _Writer] = {
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
    "AveragePooling2D": _average_pool,
    "GlobalAveragePooling2D": _global_average_pool,
    "Dropout": _dropout,
    "Dense": _dense,
}
