#!/bin/bash
# Check this node's GPU in one call, under 8 minutes, one table: do its engines answer as the CPU's,
# how fast are serving and training, how much memory do they take. Without a GPU: a rehearsal.
#   scripts/gpu_check.sh [--rehearse] [--part NAME]
# PYTHON names another interpreter than .venv's, TRAINER_PYTHON the one that has TensorFlow.
set -euo pipefail

cd "$(dirname "$0")/.."

python=${PYTHON:-.venv/bin/python}
if [ -z "${PYTHON:-}" ] && [ ! -x "$python" ]; then
    python=python3
fi
trainer=${TRAINER_PYTHON:-$python}

for each in "$python" "$trainer"; do
    if ! command -v "$each" >/dev/null; then
        echo "error: $each is no program; make the environment (make test) or name one: PYTHON=..." >&2
        exit 2
    fi
done

# Prints those of the modules $2... that interpreter $1 lacks.
lacks() {
    "$1" -c 'import importlib.util as u, sys; print(*[m for m in sys.argv[1:] if not u.find_spec(m)])' \
        "${@:2}"
}

missing=$(lacks "$python" cv2 numpy psutil pydantic rich)
if [ -n "$missing" ]; then
    echo "error: $python lacks $missing, without which nothing can be checked; install" >&2
    echo "       requirements/worker-gpu.txt, or make the environment with make test." >&2
    exit 2
fi

# Prints whether interpreter $1 has the distribution $2.
has() {
    "$1" -c 'import importlib.metadata as m, sys; m.version(sys.argv[1])' "$2" 2>/dev/null
}

if [ -e /dev/nvidiactl ]; then
    has "$python" onnxruntime-gpu ||
        echo "note: $python has no onnxruntime-gpu (requirements/worker-gpu.txt, in place of onnxruntime):" \
            "no serving on the GPU." >&2
    has "$trainer" tensorflow ||
        echo "note: $trainer has no TensorFlow with CUDA (tensorflow[and-cuda], in place of tensorflow-cpu):" \
            "no training on the GPU." >&2
fi
missing=$(lacks "$python" openvino onnxruntime torch facenet_pytorch)
if [ -n "$missing" ]; then
    echo "note: $python lacks $missing; parts that need them are left out." >&2
fi

exec "$python" -m benchmarks.gpu_check --trainer-python "$trainer" "$@"
