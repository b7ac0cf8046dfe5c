#!/usr/bin/env bash
# openvino 2026.4.1, the wheel for Linux, CPython 3.11, on x86-64
#
# Expected: where the CPU plugin has no kernel for an operator, compile_model raises, at the latest
#           infer does, and a tensor that was inferred has the shape of its input's batch.
# Seen:     limited to SSE4.1 (ONEDNN_MAX_CPU_ISA=SSE41) it compiles a Resize. With two threads
#           infer raises "Interpolate node with name 'y' bad combination". With
#           INFERENCE_NUM_THREADS=1 infer returns as if all were well, and the output is empty:
#           shape (0, 1, 16, 16) for 8 inputs. With AVX2 both answer (8, 1, 16, 16).
# A CPU that really has no AVX2 was not at hand. Who infers on one thread has to look at the shape.
#
# openvino-telemetry is left out, without which openvino tells nobody. It takes a minute.
set -euo pipefail

if ! grep --quiet --word-regexp avx2 /proc/cpuinfo; then
    echo "needs an x86-64 CPU with AVX2" >&2
    exit 2
fi
here=$(mktemp -d)
trap 'rm -rf "$here"' EXIT
python3 -m venv "$here/venv"
"$here/venv/bin/pip" install --quiet --disable-pip-version-check \
    numpy==2.4.6 onnx==1.23.2 || exit 2
"$here/venv/bin/pip" install --quiet --disable-pip-version-check --no-deps openvino==2026.4.1 || exit 2

# A graph of one operator: 8 pictures of 8 x 8 are doubled in size.
cat > "$here/resize.py" <<'PYTHON'
import sys

import numpy as np
import openvino
from onnx import TensorProto, helper

x = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 1, 8, 8])
y = helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", 1, 16, 16])
scales = helper.make_tensor("scales", TensorProto.FLOAT, [4], [1, 1, 2, 2])
nodes = [helper.make_node("Resize", ["x", "", "scales"], ["y"], mode="linear")]
graph = helper.make_graph(nodes, "one", [x], [y], [scales])
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
core = openvino.Core()
compiled = core.compile_model(
    core.read_model(model.SerializeToString()), "CPU", {"INFERENCE_NUM_THREADS": int(sys.argv[1])}
)
request = compiled.create_infer_request()
try:
    request.infer({"x": np.ones((8, 1, 8, 8), np.float32)})
    said = "returned"
except RuntimeError as error:
    said = "raised" if "bad combination" in str(error) else f"raised {error}"
print(f"infer {said}, output {request.get_tensor('y').data.shape}")
PYTHON

for instructions in AVX2 SSE41; do
    for threads in 1 2; do
        echo "$instructions, threads $threads: $(ONEDNN_MAX_CPU_ISA=$instructions "$here/venv/bin/python" "$here/resize.py" "$threads")"
    done
done | tee "$here/seen"
diff - "$here/seen" <<EXPECTED
AVX2, threads 1: infer returned, output (8, 1, 16, 16)
AVX2, threads 2: infer returned, output (8, 1, 16, 16)
SSE41, threads 1: infer returned, output (0, 1, 16, 16)
SSE41, threads 2: infer raised, output (0, 1, 16, 16)
EXPECTED
