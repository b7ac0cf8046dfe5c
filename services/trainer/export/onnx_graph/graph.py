"""An ONNX graph in the making. Maps inside are NCHW, as ONNX wants them."""

from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

# Old enough for every runtime in use (OpenVINO 2026.4, ONNX Runtime 1.24), new enough for all
# operators here.
_OPSET = 17
_IR_VERSION = 8
# Values of a constant from which half the bytes are worth a node.
_LARGE = 256


class Graph:
    """Nodes and constants in the making."""

    def __init__(self) -> None:
        self._nodes: list[onnx.NodeProto] = []
        self._constants: list[onnx.TensorProto] = []

    def add(
        self, operator: str, inputs: list[str], *, output: str | None = None, **attributes: Any
    ) -> str:
        """Add a node and return the name of what it gives."""
        name = output or f"{operator.lower()}_{len(self._nodes)}"
        self._nodes.append(helper.make_node(operator, inputs, [name], name=name, **attributes))
        return name

    def constant(self, values: NDArray[np.generic] | np.float32 | list[float]) -> str:
        """Add values as a float32 constant and return its name.

        Large ones that float16 holds without loss are stored so, with a cast that the engines
        compute once, when they load the graph.
        """
        name = f"constant_{len(self._constants)}"
        array = np.asarray(values, dtype=np.float32)
        with np.errstate(over="ignore"):
            half = array.astype(np.float16)
        if array.size < _LARGE or not np.array_equal(half.astype(np.float32), array):
            self._constants.append(numpy_helper.from_array(array, name))
            return name
        self._constants.append(numpy_helper.from_array(half, name))
        return self.add("Cast", [name], to=TensorProto.FLOAT)

    def shape(self, *sizes: int) -> str:
        """Add a shape as a constant; 0 keeps a size, -1 takes the rest."""
        name = f"constant_{len(self._constants)}"
        self._constants.append(numpy_helper.from_array(np.asarray(sizes, dtype=np.int64), name))
        return name

    def to_nchw(self, source: str) -> str:
        """Turn NHWC maps into NCHW ones."""
        return self.add("Transpose", [source], perm=[0, 3, 1, 2])

    def serialise(self, *, shape: tuple[int, int, int], classes: int) -> bytes:
        """Check the graph and return it as bytes; ``shape`` is that of one crop."""
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
