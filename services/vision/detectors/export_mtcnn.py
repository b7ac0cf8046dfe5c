"""Export facenet-pytorch's MTCNN weights to ONNX: ``python -m …export_mtcnn [DIRECTORY]``.

MTCNN is three small networks (Zhang et al., arXiv 1604.02878): P-Net looks at every 12x12
window of a picture, R-Net at 24x24 candidates, O-Net at 48x48 ones. The graphs are written
node by node from the ``.pt`` files of the installed facenet-pytorch 2.6.0, without its code:

    input   "pixels"     float32 RGB, raw 0..255: [N, 3, H, W] (P-Net) or [N, H, W, 3]
    output  "cells"      float32 [N, 5, h, w], P-Net only: the logit of a face, then the offsets
            "scores"     float32 [N]: probability of a face
            "offsets"    float32 [N, 4]: box corrections as shares of its size
            "landmarks"  float32 [N, 10], O-Net only: five x, then five y, as shares of the box

Normalisation is inside, so that no caller can get it wrong. It is written as arithmetic on
conv1's weights, and P-Net's two heads as one: any runtime folds constants when it loads a
network, while the file keeps the published numbers. Together 13.5 -> 8.3 ms for 601x451 pixels
in OpenVINO, whose separate subtraction, scaling and change of layout took a third of P-Net.
"""

import hashlib
import importlib.util
import json
import sys
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

_SOURCE = "facenet-pytorch 2.6.0, MIT, Copyright (c) 2019 Timothy Esler"
_OPSET, _IR_VERSION = 17, 10
_CROPS: list[str | int] = ["N", "H", "W", 3]

Weights = dict[str, NDArray[np.float32]]


class _Graph:
    """A chain of nodes under construction; each step returns the name of its output."""

    def __init__(self, weights: Weights) -> None:
        self._weights = weights
        self._nodes: list[onnx.NodeProto] = []
        self._constants: dict[str, NDArray[np.generic]] = {}

    def step(self, kind: str, inputs: list[str], output: str, **attributes: object) -> str:
        self._nodes.append(helper.make_node(kind, inputs, [output], name=output, **attributes))
        return output

    def constant(self, name: str, value: NDArray[np.generic]) -> str:
        self._constants[name] = value
        return name

    def first_conv(self, source: str) -> str:
        """conv1 on raw pixels: of (p - 127.5) / 128 it is one with other weights and bias."""
        weight, bias = self._parameters("conv1")
        scale = self.constant("scale", np.array(1 / 128, np.float32))
        mean = self.constant("mean", np.array(127.5, np.float32))
        scaled = self.step("Mul", [weight, scale], "conv1.scaled")
        axes = self.constant("conv1.axes", np.array([1, 2, 3], np.int64))
        total = self.step("ReduceSum", [scaled, axes], "conv1.total", keepdims=0)
        shift = self.step("Mul", [total, mean], "conv1.shift")
        shifted = self.step("Sub", [bias, shift], "conv1.shifted")
        return self.step("Conv", [source, scaled, shifted], "conv1")

    def channels_first(self, source: str) -> str:
        return self.step("Transpose", [source], f"{source}_nchw", perm=[0, 3, 1, 2])

    def conv(self, source: str, layer: str) -> str:
        return self.step("Conv", [source, *self._parameters(layer)], layer)

    def face_and_offsets(self, source: str, classes: str, offsets: str, output: str) -> str:
        """Both 1x1 heads in one: the logit of a face over none, then four offsets."""
        joined = []
        for of_class, of_offset in zip(
            self._parameters(classes), self._parameters(offsets), strict=True
        ):
            none, face = (
                self.step("Gather", [of_class, self._index(index)], f"{of_class}.{index}", axis=0)
                for index in (0, 1)
            )
            logit = self.step("Sub", [face, none], f"{of_class}.logit")
            joined.append(self.step("Concat", [logit, of_offset], f"{of_class}.joined", axis=0))
        return self.step("Conv", [source, *joined], output)

    def _index(self, index: int) -> str:
        return self.constant(f"index_{index}", np.array([index], np.int64))

    def dense(self, source: str, layer: str) -> str:
        return self.step("Gemm", [source, *self._parameters(layer)], layer, transB=1)

    def prelu(self, source: str, layer: str, *, spatial: bool = True) -> str:
        slope = self._weights[f"{layer}.weight"]
        shaped = slope.reshape(-1, 1, 1) if spatial else slope
        return self.step("PRelu", [source, self.constant(f"{layer}.slope", shaped)], layer)

    def pool(self, source: str, layer: str, kernel: int) -> str:
        shape = {"kernel_shape": [kernel, kernel], "strides": [2, 2], "ceil_mode": 1}
        return self.step("MaxPool", [source], layer, **shape)

    def flat(self, source: str, values: int) -> str:
        """Flatten width first, as the weights were trained in a column-major framework."""
        turned = self.step("Transpose", [source], "turned", perm=[0, 3, 2, 1])
        shape = self.constant("flat_shape", np.array([-1, values], np.int64))
        return self.step("Reshape", [turned, shape], "flat")

    def second_class(self, source: str, axis: int, output: str) -> str:
        """Softmax over two classes, keeping the probability of the second: a face."""
        both = self.step("Softmax", [source], f"{source}_softmax", axis=axis)
        index = self.constant("face_class", np.array(1, np.int64))
        return self.step("Gather", [both, index], output, axis=axis)

    def _parameters(self, layer: str) -> list[str]:
        return [
            self.constant(f"{layer}.{kind}", self._weights[f"{layer}.{kind}"])
            for kind in ("weight", "bias")
        ]

    def model(
        self, name: str, shape: list[str | int], outputs: dict[str, list[str | int]]
    ) -> onnx.ModelProto:
        def value(label: str, shape: list[str | int]) -> onnx.ValueInfoProto:
            return helper.make_tensor_value_info(label, TensorProto.FLOAT, shape)

        graph = helper.make_graph(
            self._nodes,
            name,
            [value("pixels", shape)],
            [value(label, shape) for label, shape in outputs.items()],
            [numpy_helper.from_array(array, label) for label, array in self._constants.items()],
            doc_string=f"Weights: {_SOURCE}",
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", _OPSET)])
        model.ir_version = _IR_VERSION
        onnx.checker.check_model(model, full_check=True)
        return model


def build_pnet(weights: Weights) -> onnx.ModelProto:
    """P-Net: fully convolutional, stride 2, receptive field 12."""
    graph = _Graph(weights)
    x = graph.prelu(graph.first_conv("pixels"), "prelu1")
    x = graph.pool(x, "pool1", 2)
    x = graph.prelu(graph.conv(x, "conv2"), "prelu2")
    x = graph.prelu(graph.conv(x, "conv3"), "prelu3")
    graph.face_and_offsets(x, "conv4_1", "conv4_2", "cells")
    return graph.model("pnet", ["N", 3, "H", "W"], {"cells": ["N", 5, "h", "w"]})


def build_rnet(weights: Weights) -> onnx.ModelProto:
    """R-Net: refines candidates of 24x24 pixels."""
    graph = _Graph(weights)
    x = graph.prelu(graph.first_conv(graph.channels_first("pixels")), "prelu1")
    x = graph.pool(x, "pool1", 3)
    x = graph.prelu(graph.conv(x, "conv2"), "prelu2")
    x = graph.pool(x, "pool2", 3)
    x = graph.prelu(graph.conv(x, "conv3"), "prelu3")
    x = graph.prelu(graph.dense(graph.flat(x, 576), "dense4"), "prelu4", spatial=False)
    graph.second_class(graph.dense(x, "dense5_1"), 1, "scores")
    graph.step("Identity", [graph.dense(x, "dense5_2")], "offsets")
    return graph.model("rnet", _CROPS, {"scores": ["N"], "offsets": ["N", 4]})


def build_onet(weights: Weights) -> onnx.ModelProto:
    """O-Net: refines candidates of 48x48 pixels and finds the five landmarks."""
    graph = _Graph(weights)
    x = graph.prelu(graph.first_conv(graph.channels_first("pixels")), "prelu1")
    x = graph.pool(x, "pool1", 3)
    x = graph.prelu(graph.conv(x, "conv2"), "prelu2")
    x = graph.pool(x, "pool2", 3)
    x = graph.prelu(graph.conv(x, "conv3"), "prelu3")
    x = graph.pool(x, "pool3", 2)
    x = graph.prelu(graph.conv(x, "conv4"), "prelu4")
    x = graph.prelu(graph.dense(graph.flat(x, 1152), "dense5"), "prelu5", spatial=False)
    graph.second_class(graph.dense(x, "dense6_1"), 1, "scores")
    graph.step("Identity", [graph.dense(x, "dense6_2")], "offsets")
    graph.step("Identity", [graph.dense(x, "dense6_3")], "landmarks")
    shapes: dict[str, list[str | int]] = {"scores": ["N"], "offsets": ["N", 4]}
    return graph.model("onet", _CROPS, {**shapes, "landmarks": ["N", 10]})


_BUILDERS = {"pnet": build_pnet, "rnet": build_rnet, "onet": build_onet}


def export(directory: Path) -> None:
    """Write the three networks and ``manifest.json`` with all hashes into ``directory``."""
    directory.mkdir(parents=True, exist_ok=True)
    files, origins = {}, {}
    for name, build in _BUILDERS.items():
        source = _installed_weights() / f"{name}.pt"
        model = build(_read_weights(source)).SerializeToString(deterministic=True)
        (directory / f"{name}.onnx").write_bytes(model)
        files[f"{name}.onnx"] = hashlib.sha256(model).hexdigest()
        origins[f"{name}.pt"] = hashlib.sha256(source.read_bytes()).hexdigest()
    manifest = {"source": _SOURCE, "exported_from": origins, "files": files}
    (directory / "manifest.json").write_text(json.dumps(manifest, indent=2) + "\n", "utf-8")


def _installed_weights() -> Path:
    spec = importlib.util.find_spec("facenet_pytorch")
    if spec is None or spec.origin is None:
        raise SystemExit("Install facenet-pytorch 2.6.0 first (requirements/facenet.txt).")
    return Path(spec.origin).parent / "data"


def _read_weights(path: Path) -> Weights:
    import torch

    state = torch.load(path, map_location="cpu", weights_only=True)
    return {name: np.asarray(tensor.numpy(), np.float32) for name, tensor in state.items()}


if __name__ == "__main__":
    export(Path(sys.argv[1] if len(sys.argv) > 1 else "models/mtcnn"))
