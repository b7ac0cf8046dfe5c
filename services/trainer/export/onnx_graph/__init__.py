"""Write a Keras network as an ONNX graph, layer by layer and without changing a number.

Keras' own export by tf2onnx gives the same answers (1.17.0 with Keras 3.15, NumPy 2.4). It keeps
every weight in float32, so that the shipped network takes 13.4 MB in place of 6.9, and it folds
BatchNorm into convolutions, so that ``read.py`` could not restore a network to train on from.

The networks here use a score of layer kinds; each has its function in ``writers.py``. Inside, maps
are NCHW, as ONNX wants them; the input stays NHWC like every array of this project.
"""

import keras

from services.trainer.errors import ExportError
from services.trainer.export.onnx_graph.graph import Graph
from services.trainer.export.onnx_graph.writers import WRITERS


def to_onnx(model: keras.Model) -> bytes:
    """Return the graph: "crops" float32 ``[N, S, S, C]`` to "logits" float32 ``[N, K]``.

    Raises:
        ExportError: if the network has a layer that no writer knows.
    """
    graph = Graph()
    height, width, channels = model.input_shape[1:]
    names: dict[int, str] = {id(model.inputs[0]): graph.to_nchw("crops")}
    for layer in model.layers:
        if isinstance(layer, keras.layers.InputLayer):
            continue
        kind = type(layer).__name__
        if kind not in WRITERS:
            raise ExportError(
                f"no ONNX writer for the layer {kind}; add one to onnx_graph/writers.py"
            )
        sources = layer.input if isinstance(layer.input, list) else [layer.input]
        inputs = [names[id(source)] for source in sources]
        names[id(layer.output)] = WRITERS[kind](graph, layer, inputs)
    graph.add("Identity", [names[id(model.outputs[0])]], output="logits")
    return graph.serialise(shape=(height, width, channels), classes=model.output_shape[-1])
