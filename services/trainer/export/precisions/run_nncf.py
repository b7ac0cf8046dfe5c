"""Quantise ``FOLDER/model.onnx`` on ``FOLDER/crops.npy``: ``python -m … FOLDER N``.

Writes ``FOLDER/model.int8.onnx``: weights as int8 per channel, activations as int8 by the
smallest and largest value that the calibration crops gave. The first N convolutions and the
dense layers stay in fp32.
"""

import sys
from pathlib import Path
from typing import Any

import numpy as np
import onnx


def folded(graph: bytes, scratch: Path) -> Any:
    """Return the graph with BatchNorm in its convolutions and constants computed.

    NNCF looks for weights in the initialisers themselves, not behind a cast from float16.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    options.optimized_model_filepath = str(scratch)
    onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
    model = onnx.load(scratch)
    # ONNX Runtime lists its own operator sets as well, used or not.
    used = [each for each in model.opset_import if each.domain in {"", "ai.onnx"}]
    del model.opset_import[:]
    model.opset_import.extend(used)
    return model


def quantise(folder: Path, *, exact: int) -> None:
    """Read, quantise, check and write."""
    # NNCF imports torch where it is installed, for seconds, and uses it for torch's networks only.
    sys.modules["torch"] = None  # type: ignore[assignment]  # forbids it
    import nncf
    from nncf.quantization.advanced_parameters import AdvancedQuantizationParameters
    from nncf.quantization.range_estimator import RangeEstimatorParametersSet

    model = folded((folder / "model.onnx").read_bytes(), folder / "folded.onnx")
    crops = np.load(folder / "crops.npy", allow_pickle=False).astype(np.float32)
    found = nncf.quantize(
        model,
        nncf.Dataset([{"crops": crop[np.newaxis]} for crop in crops]),
        subset_size=len(crops),
        ignored_scope=nncf.IgnoredScope(names=_sensitive(model, exact)),
        # The range that was seen, whole. The default, an average of each crop's range, cuts the
        # rare strong activations that distinguish expressions: on the starter 94.7 %
        # of the first answers stayed, with this 96.3 %.
        advanced_parameters=AdvancedQuantizationParameters(
            activations_range_estimator_params=RangeEstimatorParametersSet.MINMAX
        ),
    )
    onnx.checker.check_model(found, full_check=True)
    (folder / "model.int8.onnx").write_bytes(found.SerializeToString())


def _sensitive(model: Any, exact: int) -> list[str]:
    convolutions = [node.name for node in model.graph.node if node.op_type == "Conv"]
    dense = [node.name for node in model.graph.node if node.op_type == "Gemm"]
    return [*convolutions[:exact], *dense]


if __name__ == "__main__":
    quantise(Path(sys.argv[1]), exact=int(sys.argv[2]))
