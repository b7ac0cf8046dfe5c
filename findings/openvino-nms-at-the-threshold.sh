#!/usr/bin/env bash
# openvino 2026.4.1 against onnxruntime 1.32.0 and onnx 1.23.2, the wheels for Linux, CPython 3.11
#
# Expected: NonMaxSuppression keeps a box that overlaps a better one by exactly iou_threshold: the
#           standard suppresses where IoU is strictly greater, as torchvision's nms does.
# Seen:     onnx's reference and onnxruntime keep both boxes, OpenVINO drops the second. A hair above
#           and below the threshold all three agree. Boxes on whole pixels meet 0.5 often: 4 x 4 and
#           its half are two faces to the one and one face to the other, from the same file.
#
# openvino-telemetry is left out, without which openvino tells nobody; onnxruntime's is switched off.
set -euo pipefail

here=$(mktemp -d)
trap 'rm -rf "$here"' EXIT
python3 -m venv "$here/venv"
"$here/venv/bin/pip" install --quiet --disable-pip-version-check \
    numpy==2.4.6 onnx==1.23.2 onnxruntime==1.32.0 || exit 2
"$here/venv/bin/pip" install --quiet --disable-pip-version-check --no-deps openvino==2026.4.1 || exit 2

# Two boxes of IoU 8 / 16, exact in float32, at a threshold below, at and above it.
cat > "$here/overlap.py" <<'PYTHON'
import numpy as np
import onnxruntime
import openvino
from onnx import TensorProto, checker, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

boxes = np.array([[[0, 0, 4, 4], [0, 0, 2, 4]]], np.float32)
scores = np.array([[[0.9, 0.8]]], np.float32)
core = openvino.Core()

for threshold in (0.49, 0.5, 0.51):
    entries = [
        helper.make_tensor_value_info("boxes", TensorProto.FLOAT, boxes.shape),
        helper.make_tensor_value_info("scores", TensorProto.FLOAT, scores.shape),
    ]
    end = helper.make_tensor_value_info("kept", TensorProto.INT64, ["n", 3])
    constants = [
        numpy_helper.from_array(np.array([9], np.int64), "most"),
        numpy_helper.from_array(np.array([threshold], np.float32), "threshold"),
    ]
    node = helper.make_node("NonMaxSuppression", ["boxes", "scores", "most", "threshold"], ["kept"])
    body = helper.make_graph([node], "one", entries, [end], constants)
    model = helper.make_model(body, opset_imports=[helper.make_opsetid("", 11)], ir_version=9)
    checker.check_model(model, full_check=True)
    written = model.SerializeToString()
    asked = {"boxes": boxes, "scores": scores}
    kept = {
        "onnx": ReferenceEvaluator(model).run(None, asked)[0],
        "onnxruntime": onnxruntime.InferenceSession(written).run(None, asked)[0],
        "openvino": core.compile_model(core.read_model(written), "CPU")(asked)[0],
    }
    print(f"IoU 0.5, threshold {threshold}:", ", ".join(f"{name} keeps {len(k)}" for name, k in kept.items()))
PYTHON

ORT_DISABLE_TELEMETRY=1 "$here/venv/bin/python" "$here/overlap.py" | tee "$here/seen"
diff - "$here/seen" <<EXPECTED
IoU 0.5, threshold 0.49: onnx keeps 1, onnxruntime keeps 1, openvino keeps 1
IoU 0.5, threshold 0.5: onnx keeps 2, onnxruntime keeps 2, openvino keeps 1
IoU 0.5, threshold 0.51: onnx keeps 2, onnxruntime keeps 2, openvino keeps 2
EXPECTED
