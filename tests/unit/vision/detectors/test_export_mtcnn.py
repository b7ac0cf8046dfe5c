from collections.abc import Callable
from pathlib import Path

import onnx
import pytest
from onnx import numpy_helper

from services.vision.detectors.export_mtcnn import Weights, build_onet, build_pnet, build_rnet

MTCNN = Path(__file__).parents[4] / "models" / "mtcnn"


def shipped_weights(name: str) -> Weights:
    """The weights inside a shipped network, named as facenet-pytorch names them."""
    graph = onnx.load(MTCNN / f"{name}.onnx").graph
    arrays = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    return {
        label.replace(".slope", ".weight"): array.ravel() if ".slope" in label else array
        for label, array in arrays.items()
        if "." in label
    }


@pytest.mark.parametrize(
    ("name", "build"), [("pnet", build_pnet), ("rnet", build_rnet), ("onet", build_onet)]
)
def test_weights_give_the_shipped_network_byte_for_byte(
    name: str, build: Callable[[Weights], onnx.ModelProto]
) -> None:
    rebuilt = build(shipped_weights(name)).SerializeToString(deterministic=True)
    assert rebuilt == (MTCNN / f"{name}.onnx").read_bytes()
