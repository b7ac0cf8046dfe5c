"""How far the classifier is from what a core can do: ``python -m benchmarks.roofline --json``.

The peak is measured, not read from a data sheet: a large matrix product in OpenVINO in the same
precision, on the same core, in turns with the network. FLOPs per face are counted from the
ONNX graph (a multiply-add is two; only convolutions and matrix products count). A share of 1
means that the cores do nothing but those.
"""

import argparse
import json
import math
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import openvino
from openvino import opset13

from benchmarks.hfer_v0_bundle import hfer_v0_bundle
from services.vision.bundle import Bundle, load_bundle
from services.vision.classifiers.openvino import OpenVinoClassifier
from services.vision.classifiers.port import Precision
from services.vision.cpu import cpu_config

REPOSITORY = Path(__file__).resolve().parents[1]
_BATCH = 32
_SIDE = 1536  # of the square matrices: 9 MB each in float32, far beyond what a call costs
_HINTS = {Precision.FP32: "f32", Precision.BF16: "bf16"}


def flops_per_face(model: onnx.ModelProto) -> int:
    """Floating-point operations of one crop's way through a bundle's network."""
    graph = onnx.shape_inference.infer_shapes(model, data_prop=True).graph
    shapes = {
        value.name: [each.dim_value for each in value.type.tensor_type.shape.dim]
        for value in [*graph.value_info, *graph.output]
    }
    weights = {each.name: list(each.dims) for each in graph.initializer}
    weights |= {
        node.output[0]: shapes[node.output[0]] for node in graph.node if node.op_type == "Cast"
    }
    total = 0
    for node in graph.node:
        if node.op_type == "Conv":
            # Each output value sums a kernel over the input channels of its group.
            outputs = math.prod(shapes[node.output[0]][1:])
            total += 2 * outputs * math.prod(weights[node.input[1]][1:])
        elif node.op_type in {"Gemm", "MatMul"} and node.input[1] in weights:
            total += 2 * math.prod(weights[node.input[1]])
    return total


def matrix_product(precision: Precision) -> Callable[[], float]:
    """Return a function that measures FLOP/s of a large matrix product on one core."""
    left = opset13.parameter([_SIDE, _SIDE], np.float32)
    rng = np.random.default_rng(0)
    right = opset13.constant(rng.standard_normal((_SIDE, _SIDE), dtype=np.float32))
    model = openvino.Model([opset13.matmul(left, right, False, False)], [left])
    config = cpu_config(threads=1, precision=_HINTS[precision])
    request = openvino.Core().compile_model(model, "CPU", config).create_infer_request()
    data = rng.standard_normal((_SIDE, _SIDE), dtype=np.float32)

    def measure() -> float:
        started = time.perf_counter()
        request.infer([data], share_inputs=True)
        return float(2 * _SIDE**3 / (time.perf_counter() - started))

    measure()
    return measure


def network(bundle: Bundle, precision: Precision) -> Callable[[], float]:
    """Return a function that measures faces per second on one core."""
    classifier = OpenVinoClassifier(bundle, precision=precision, threads=1)
    crops = np.random.default_rng(0).integers(
        0, 256, (_BATCH, *bundle.manifest.input.shape), dtype=np.uint8
    )

    def measure() -> float:
        started = time.perf_counter()
        classifier.classify(crops)
        return _BATCH / (time.perf_counter() - started)

    measure()
    return measure


def roofline(bundle: Bundle, *, rounds: int) -> dict[str, Any]:
    """Alternate both; return GFLOP per face, GFLOP/s of both, and the share of the peak."""
    flops = flops_per_face(onnx.load(bundle.model_path()))
    report: dict[str, Any] = {"bundle": bundle.version, "gflop_per_face": round(flops / 1e9, 3)}
    for precision in _HINTS:
        peak, faces = matrix_product(precision), network(bundle, precision)
        pairs = [(peak(), faces()) for _ in range(rounds)]
        report[str(precision)] = {
            "peak_gflop_per_s": round(statistics.median(top for top, _ in pairs) / 1e9, 1),
            "faces_per_s": round(statistics.median(rate for _, rate in pairs), 1),
            "share": round(statistics.median(rate * flops / top for top, rate in pairs), 3),
        }
    return report


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.roofline", description=__doc__)
    parser.add_argument("--bundle", default=str(REPOSITORY / "models" / "starter"))
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--json", action="store_true", help="print one JSON object last")
    asked = parser.parse_args()
    folder = hfer_v0_bundle() if asked.bundle == "seed" else Path(asked.bundle)
    report = roofline(load_bundle(folder), rounds=asked.rounds)
    print(f"{report['bundle']}: {report['gflop_per_face']} GFLOP a face")
    for precision in _HINTS:
        print(f"  {precision}: {report[str(precision)]}")
    if asked.json:
        print(json.dumps(report))


if __name__ == "__main__":
    main()
