#!/usr/bin/env bash
# keras 3.15.1 on tensorflow-cpu 2.21.0 with tf2onnx 1.17.0, the wheels for Linux, CPython 3.11
#
# Expected: a functional model is built with known shapes, so export(path, format="onnx") writes it.
# Seen:     ValueError "The model provided has never called." One call of the model on any input
#           mends it. A functional model that load_model read is refused likewise. format="tf_saved_model"
#           needs no call, and neither does "onnx" once input_signature is passed.
# Cause:    keras/src/export/onnx.py asks for a call of every kind of model; export_utils.py, which
#           reads the signature, asks for one only of subclassed models, whose shapes it cannot know.
#
# It takes a minute or two, mostly to install TensorFlow.
set -euo pipefail

here=$(mktemp -d)
trap 'rm -rf "$here"' EXIT
python3 -m venv "$here/venv"
"$here/venv/bin/pip" install --quiet --disable-pip-version-check \
    numpy==2.4.6 keras==3.15.1 tensorflow-cpu==2.21.0 tf2onnx==1.17.0 || exit 2

cat > "$here/export.py" <<'PYTHON'
import os
import sys

import keras
import numpy as np

folder = sys.argv[1]


def functional():
    entry = keras.Input((4,), name="x")
    return keras.Model(entry, keras.layers.Dense(2)(entry))


def export(what, model, format="onnx", **settings):
    where = os.path.join(folder, what.replace(" ", "-"))
    try:
        model.export(where, format=format, verbose=False, **settings)
        said = "written" if os.path.exists(where) else "nothing written"
    except ValueError as error:
        said = f"ValueError {error}".strip()
    print(f"{what}: {said}")


model = functional()
print("built:", model.built, "inputs:", [tuple(i.shape) for i in model.inputs])
export("saved model, not called", model, format="tf_saved_model")
export("onnx, not called", functional())
model = functional()
model(np.zeros((1, 4), np.float32))
export("onnx, called once", model)
model.save(os.path.join(folder, "model.keras"))
export("onnx, called, saved and loaded", keras.models.load_model(os.path.join(folder, "model.keras")))
signature = [keras.InputSpec(shape=(None, 4), dtype="float32", name="x")]
export("onnx, not called, signature passed", functional(), input_signature=signature)
PYTHON

TF_CPP_MIN_LOG_LEVEL=3 CUDA_VISIBLE_DEVICES="" KERAS_BACKEND=tensorflow \
    "$here/venv/bin/python" "$here/export.py" "$here" | tee "$here/seen"
refused="ValueError The model provided has never called."
diff - "$here/seen" <<EXPECTED
built: True inputs: [(None, 4)]
saved model, not called: written
onnx, not called: $refused
onnx, called once: written
onnx, called, saved and loaded: $refused
onnx, not called, signature passed: written
EXPECTED
