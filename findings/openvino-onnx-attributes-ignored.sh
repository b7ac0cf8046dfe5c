#!/usr/bin/env bash
# openvino 2026.4.1 against onnxruntime 1.32.0 and onnx 1.23.2, the wheels for Linux, CPython 3.11
#
# Expected: an attribute that OpenVINO's reader of ONNX does not know raises in read_model, at the
#           latest in compile_model, as an operator that it does not know does.
# Seen:     it is passed over, and the answer is that of the attribute's default:
#           Resize antialias=1           as without (openvino issue 35893 has the cubic case)
#           Resize exclude_outside=1     as without
#           Resize keep_aspect_ratio_policy="not_larger"   stretched, an output of another shape
#           RNN, GRU and LSTM layout=1   batch and sequence mixed up, an output of another shape
#           onnx's reference does as told in all of them; onnxruntime does for Resize, and refuses
#           layout=1 in so many words.
# All four are in the ONNX standard since opset 11, 14 and 18. Who shrinks pictures within the model,
# or exports batch-first, has to hold OpenVINO's answers to another runtime's.
#
# openvino-telemetry is left out, without which openvino tells nobody; onnxruntime's is switched off.
set -euo pipefail

here=$(mktemp -d)
trap 'rm -rf "$here"' EXIT
python3 -m venv "$here/venv"
"$here/venv/bin/pip" install --quiet --disable-pip-version-check \
    numpy==2.4.6 onnx==1.23.2 onnxruntime==1.32.0 || exit 2
"$here/venv/bin/pip" install --quiet --disable-pip-version-check --no-deps openvino==2026.4.1 || exit 2

# Each graph is one operator with and without the attribute; the standard's own answer is onnx's.
cat > "$here/attributes.py" <<'PYTHON'
import numpy as np
import onnxruntime
import openvino
from onnx import TensorProto, checker, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

onnxruntime.set_default_logger_severity(4)


def graph(operator, inputs, x, weights, **attributes):
    entry = helper.make_tensor_value_info("x", TensorProto.FLOAT, x.shape)
    end = helper.make_tensor_value_info("y", TensorProto.FLOAT, list("abcd"))
    constants = [numpy_helper.from_array(value, name) for name, value in weights.items()]
    node = helper.make_node(operator, inputs, ["y"], **attributes)
    body = helper.make_graph([node], "one", [entry], [end], constants)
    model = helper.make_model(body, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    checker.check_model(model, full_check=True)
    return model


def by_onnx(model, x):
    return ReferenceEvaluator(model).run(None, {"x": x})[0]


def by_onnxruntime(model, x):
    return onnxruntime.InferenceSession(model.SerializeToString()).run(None, {"x": x})[0]


def by_openvino(model, x):
    core = openvino.Core()
    compiled = core.compile_model(
        core.read_model(model.SerializeToString()), "CPU", {"INFERENCE_PRECISION_HINT": "f32"}
    )
    return compiled([x])[0].copy()


def same(one, other):
    return one.shape == other.shape and np.allclose(one, other, rtol=1e-3, atol=1e-4)


def judge(what, operator, inputs, x, weights, attributes, **common):
    told = graph(operator, inputs, x, weights, **attributes, **common)
    default = by_onnx(graph(operator, inputs, x, weights, **common), x)
    wanted = by_onnx(told, x)
    assert not same(wanted, default), "the attribute has to matter"
    verdicts = []
    for name, run in (("onnxruntime", by_onnxruntime), ("openvino", by_openvino)):
        try:
            answer = run(told, x)
        except Exception as error:
            said = "refuses" if "not supported" in str(error) else f"raises {error}"
        else:
            said = "as told" if same(answer, wanted) else "as default" if same(answer, default) else "other"
        verdicts.append(f"{name} {said}")
    print(f"{what}: {', '.join(verdicts)}")


picture = np.arange(64, dtype=np.float32).reshape(1, 1, 8, 8) ** 1.5
scales = {"scales": np.array([1, 1, 0.5, 0.5], np.float32)}
sizes = {"sizes": np.array([12, 16], np.int64)}
by_scales, by_sizes = ["x", "", "scales"], ["x", "", "", "sizes"]
for mode in ("linear", "cubic"):
    judge(f"Resize {mode} antialias", "Resize", by_scales, picture, scales, {"antialias": 1}, mode=mode)
judge("Resize exclude_outside", "Resize", by_scales, picture, scales, {"exclude_outside": 1}, mode="cubic")
policy = {"keep_aspect_ratio_policy": "not_larger"}
judge("Resize keep_aspect_ratio_policy", "Resize", by_sizes, picture, sizes, policy, mode="nearest", axes=[2, 3])
random = np.random.default_rng(0)
batch = random.normal(size=(2, 3, 2)).astype(np.float32)
for cell, gates in (("RNN", 1), ("GRU", 3), ("LSTM", 4)):
    weights = {
        "w": random.normal(size=(1, 4 * gates, 2)).astype(np.float32),
        "r": random.normal(size=(1, 4 * gates, 4)).astype(np.float32),
    }
    judge(f"{cell} layout", cell, ["x", "w", "r"], batch, weights, {"layout": 1}, hidden_size=4)
PYTHON

ORT_DISABLE_TELEMETRY=1 "$here/venv/bin/python" "$here/attributes.py" | tee "$here/seen"
diff - "$here/seen" <<EXPECTED
Resize linear antialias: onnxruntime as told, openvino as default
Resize cubic antialias: onnxruntime as told, openvino as default
Resize exclude_outside: onnxruntime as told, openvino as default
Resize keep_aspect_ratio_policy: onnxruntime as told, openvino as default
RNN layout: onnxruntime refuses, openvino as default
GRU layout: onnxruntime refuses, openvino as default
LSTM layout: onnxruntime refuses, openvino as default
EXPECTED
