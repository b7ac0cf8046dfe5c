"""Put the weights of a graph that ``to_onnx`` wrote back into a network of the same shape."""

from collections.abc import Iterator
from typing import Any

import keras
import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper

from services.trainer.errors import WeightsError

Floats = NDArray[np.float32]

_WITH_WEIGHTS = {"Conv", "BatchNormalization", "Gemm"}


def load_graph(model: keras.Model, graph: bytes) -> int:
    """Assign every kernel, bias and statistic of ``graph``; return how many.

    Nodes with weights come in the order of the layers that they were written from.

    Args:
        model: freshly built from the recipe that the graph was trained by.
        graph: a bundle's ``model.onnx``.

    Raises:
        WeightsError: if the graph is of another network.
    """
    nodes = list(_weights(onnx.load_from_string(graph).graph))
    variables = [found for layer in model.layers if (found := _variables(layer))]
    if [len(node) for node in nodes] != [len(layer) for layer in variables]:
        raise _other(model)
    pairs = [
        (variable, _turned(array, variable))
        for layer, node in zip(variables, nodes, strict=True)
        for variable, array in zip(layer, node, strict=True)
    ]
    if any(tuple(variable.shape) != array.shape for variable, array in pairs):
        raise _other(model)
    for variable, array in pairs:
        variable.assign(array)
    return len(pairs)


def _weights(graph: Any) -> Iterator[list[Floats]]:
    """Yield the constants of each node that has weights, in the node's order of inputs."""
    constants = {each.name: numpy_helper.to_array(each) for each in graph.initializer}
    # Large ones may be stored as float16, behind a cast.
    casts = {node.output[0]: node.input[0] for node in graph.node if node.op_type == "Cast"}
    for node in graph.node:
        if node.op_type in _WITH_WEIGHTS:
            names = [casts.get(name, name) for name in node.input[1:]]
            yield [constants[name].astype(np.float32) for name in names]


def _variables(layer: Any) -> list[Any]:
    """Return a layer's variables as ONNX orders them; none of a layer without weights."""
    if isinstance(layer, keras.layers.BatchNormalization):
        return [layer.gamma, layer.beta, layer.moving_mean, layer.moving_variance]
    if isinstance(layer, (keras.layers.Conv2D, keras.layers.DepthwiseConv2D, keras.layers.Dense)):
        return [layer.kernel, *([layer.bias] if layer.use_bias else [])]
    return []


def _turned(array: Floats, variable: Any) -> Floats:
    """Turn a convolution's kernel ``[out, in, h, w]`` into Keras' order."""
    if array.ndim != 4:
        return array
    height, width, channels, _ = variable.shape
    turned = array.transpose(2, 3, 1, 0)
    is_depthwise = turned.shape[2] == 1 and channels != 1
    return turned.reshape(height, width, channels, -1) if is_depthwise else turned


def _other(model: keras.Model) -> WeightsError:
    return WeightsError(f"The bundle holds another network than this recipe's {model.name}.")
