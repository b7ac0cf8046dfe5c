#!/usr/bin/env bash
# openvino 2026.4.1, the wheel for Linux, CPython 3.11, on x86-64
#
# Expected: INFERENCE_PRECISION_HINT=bf16 raises on a CPU without bf16, or is one and the same thing
#           on all of them; OPTIMIZATION_CAPABILITIES tells which precisions gain.
# Seen:     compile_model takes the hint without a word on every CPU, where FP32 and INT8 are listed
#           and BF16 is not. Limited to AVX2 (ONEDNN_MAX_CPU_ISA=AVX2) it computes in fp32, bit for
#           bit. With AVX-512 but no avx512_bf16 it imitates bf16: other answers than in fp32 (by
#           about 0.5% of the largest) and no sooner; the documentation calls this simulation.
#           One setting, three ways to compute: only INFERENCE_PRECISION_HINT as read back from the
#           compiled model tells fp32 from bf16, and only the capabilities imitation from the real.
#           The capabilities are the same under AVX2, which has no VNNI: INT8 says that it runs.
# Times are not looked at here. Convolutions in imitated bf16 took more than twice fp32's time.
#
# Needs a CPU with AVX-512 and VNNI and without avx512_bf16, such as Ice Lake. openvino-telemetry is
# left out, without which openvino tells nobody.
set -euo pipefail

has() { grep --quiet --word-regexp "$1" /proc/cpuinfo; }
if ! has avx512bw || ! has avx512_vnni || has avx512_bf16 || has amx_bf16; then
    echo "needs an x86-64 CPU with AVX-512 and VNNI and without avx512_bf16" >&2
    exit 2
fi
here=$(mktemp -d)
trap 'rm -rf "$here"' EXIT
python3 -m venv "$here/venv"
"$here/venv/bin/pip" install --quiet --disable-pip-version-check numpy==2.4.6 || exit 2
"$here/venv/bin/pip" install --quiet --disable-pip-version-check --no-deps openvino==2026.4.1 || exit 2

# Four convolutions with ReLU, compiled with either hint and asked the same.
cat > "$here/hint.py" <<'PYTHON'
import numpy as np
import openvino
from openvino import opset13 as ops

random = np.random.default_rng(0)
x = y = ops.parameter([1, 32, 28, 28], np.float32, name="x")
for _ in range(4):
    kernel = ops.constant((random.normal(size=(32, 32, 3, 3)) * 0.08).astype(np.float32))
    y = ops.relu(ops.convolution(y, kernel, [1, 1], [1, 1], [1, 1], [1, 1]))
model = openvino.Model([y], [x], "four")
picture = random.normal(size=(1, 32, 28, 28)).astype(np.float32)

core = openvino.Core()
capabilities = core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")
listed = [name for name in ("FP32", "BF16", "INT8") if name in capabilities]
answers, used = {}, {}
for hint in ("f32", "bf16"):
    compiled = core.compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": hint})
    answers[hint] = compiled([picture])[0]
    used[hint] = compiled.get_property("INFERENCE_PRECISION_HINT").get_type_name()
off = np.abs(answers["bf16"] - answers["f32"]).max() / answers["f32"].max()
answer = "equal" if np.array_equal(*answers.values()) else "other" if 1e-3 < off < 5e-2 else f"off by {off}"
print(f"capabilities {listed}; hint bf16 reads back as {used['bf16']}; answers {answer}")
PYTHON

echo "AVX2: $(ONEDNN_MAX_CPU_ISA=AVX2 "$here/venv/bin/python" "$here/hint.py")" | tee "$here/seen"
echo "AVX-512: $(env --unset=ONEDNN_MAX_CPU_ISA "$here/venv/bin/python" "$here/hint.py")" | tee -a "$here/seen"
diff - "$here/seen" <<EXPECTED
AVX2: capabilities ['FP32', 'INT8']; hint bf16 reads back as f32; answers equal
AVX-512: capabilities ['FP32', 'INT8']; hint bf16 reads back as bf16; answers other
EXPECTED
