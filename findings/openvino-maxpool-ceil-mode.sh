#!/usr/bin/env bash
# openvino 2026.4.1 against onnxruntime 1.32.0 and onnx 1.23.2, the wheels for Linux, CPython 3.11
#
# Expected: MaxPool of a 5 x 5 picture, kernel 2, stride 2, pads 1, ceil_mode=1 answers 3 x 3, as
#           torch.nn.MaxPool2d(2, 2, 1, ceil_mode=True), from which such a node is exported, does: a
#           window that would start in the right padding is left out, as the standard says (opset 22).
# Seen:     onnx's reference and onnxruntime answer 3 x 3, OpenVINO 4 x 4. The last row and column have
#           no sample below them and hold the lowest float32, -3.4e38; a mean over them, as before a
#           classifier, is finite and nonsense. Nothing is raised. So in opset 22 and in opset 12, whose
#           formula leaves the window in; the others leave it out there too.
#           OpenVINO's AveragePool with the same settings answers 3 x 3.
# openvino issue 18731, of 2023, has the same sizes; it is closed.
# Without pads and with a stride no larger than the kernel, the two rules agree.
#
# openvino-telemetry is left out, without which openvino tells nobody; onnxruntime's is switched off.
set -euo pipefail

here=$(mktemp -d)
trap 'rm -rf "$here"' EXIT
python3 -m venv "$here/venv"
"$here/venv/bin/pip" install --quiet --disable-pip-version-check \
    numpy==2.4.6 onnx==1.23.2 onnxruntime==1.32.0 || exit 2
"$here/venv/bin/pip" install --quiet --disable-pip-version-check --no-deps openvino==2026.4.1 || exit 2

cat > "$here/pool.py" <<'PYTHON'
import numpy as np
import onnxruntime
import openvino
from onnx import TensorProto, checker, helper
from onnx.reference import ReferenceEvaluator

onnxruntime.set_default_logger_severity(3)  # opset 12: its shape inference says 4 x 4
picture = np.arange(1, 26, dtype=np.float32).reshape(1, 1, 5, 5)
core = openvino.Core()


def answers(operator, opset, **settings):
    entry = helper.make_tensor_value_info("x", TensorProto.FLOAT, picture.shape)
    end = helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 1, "height", "width"])
    node = helper.make_node(operator, ["x"], ["y"], ceil_mode=1, **settings)
    body = helper.make_graph([node], "one", [entry], [end])
    model = helper.make_model(body, opset_imports=[helper.make_opsetid("", opset)], ir_version=9)
    checker.check_model(model, full_check=True)
    written = model.SerializeToString()
    yield "onnx", ReferenceEvaluator(model).run(None, {"x": picture})[0]
    yield "onnxruntime", onnxruntime.InferenceSession(written).run(None, {"x": picture})[0]
    yield "openvino", core.compile_model(core.read_model(written), "CPU")([picture])[0]


padded = {"kernel_shape": [2, 2], "strides": [2, 2], "pads": [1, 1, 1, 1]}
for operator, opset, settings in (
    ("MaxPool", 12, padded),
    ("MaxPool", 22, padded),
    ("AveragePool", 22, padded),
    ("MaxPool", 22, {"kernel_shape": [2, 2], "strides": [2, 2]}),
):
    seen = [
        f"{name} {'x'.join(map(str, answer.shape[2:]))} from {answer.min():.3g} to {answer.max():.3g}"
        for name, answer in answers(operator, opset, **settings)
    ]
    print(f"{operator}, opset {opset}, {'pads 1' if 'pads' in settings else 'no pads'}: {', '.join(seen)}")
PYTHON

ORT_DISABLE_TELEMETRY=1 "$here/venv/bin/python" "$here/pool.py" | tee "$here/seen"
maximum="onnx 3x3 from 1 to 25, onnxruntime 3x3 from 1 to 25, openvino"
diff - "$here/seen" <<EXPECTED
MaxPool, opset 12, pads 1: $maximum 4x4 from -3.4e+38 to 25
MaxPool, opset 22, pads 1: $maximum 4x4 from -3.4e+38 to 25
AveragePool, opset 22, pads 1: onnx 3x3 from 1 to 22, onnxruntime 3x3 from 1 to 22, openvino 3x3 from 1 to 22
MaxPool, opset 22, no pads: onnx 3x3 from 7 to 25, onnxruntime 3x3 from 7 to 25, openvino 3x3 from 7 to 25
EXPECTED
