#!/usr/bin/env bash
# keras 3.15.1 on tensorflow-cpu 2.21.0, the wheels for Linux, CPython 3.11
#
# Expected: keras.callbacks.BackupAndRestore(save_freq=5) lets a training that is stopped twice go on
#           where it stood, at the epoch that the newest backup belongs to. save_freq=False saves
#           nothing by itself ("Set `save_freq=False` only if using preemption checkpointing").
# Seen:     stopped in epoch 2 it resumes at epoch 2. Its next backup within that epoch says epoch 0,
#           as the callback reads the epoch into the model and not into its own counter. Stopped again
#           it starts over at epoch 0, with the weights and the optimiser of step 45.
#           save_freq=False saves after every batch: 16 times in 16, as False is an int, namely 0.
#           save_before_preemption, which the documentation names, is not a parameter.
# With the default, save_freq="epoch", the second stop resumes at the right epoch.
#
# It takes a minute or two, mostly to install TensorFlow.
set -euo pipefail

here=$(mktemp -d)
trap 'rm -rf "$here"' EXIT
python3 -m venv "$here/venv"
"$here/venv/bin/pip" install --quiet --disable-pip-version-check \
    numpy==2.4.6 keras==3.15.1 tensorflow-cpu==2.21.0 || exit 2

# 16 batches an epoch. A stop is what the class's own example does: a callback that raises.
cat > "$here/backup.py" <<'PYTHON'
import inspect
import json
import os
import sys

import keras
import numpy as np
from keras.callbacks import BackupAndRestore, Callback

samples = np.ones((256, 4), np.float32)
folder = sys.argv[1]


class Stop(Callback):
    """Stops training after so many batches and remembers the epochs that it saw begin."""

    def __init__(self, batches):
        super().__init__()
        self.left, self.epochs = batches, []

    def on_epoch_begin(self, epoch, logs=None):
        self.epochs.append(epoch)

    def on_train_batch_end(self, batch, logs=None):
        self.left -= 1
        if not self.left:
            raise KeyboardInterrupt


def train(backup, batches):
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    stop = Stop(batches)
    try:
        model.fit(samples, samples[:, :1], batch_size=16, epochs=4, callbacks=[backup, stop], verbose=0)
    except KeyboardInterrupt:
        pass
    return stop.epochs, int(model.optimizer.iterations.numpy())


for frequency in (5, "epoch"):
    where = os.path.join(folder, str(frequency))
    # With "epoch" the second run has to reach the end of an epoch to write a backup.
    for batches in (40, 6 if frequency == 5 else 20, 3):
        epochs, steps = train(BackupAndRestore(where, save_freq=frequency), batches)
        with open(os.path.join(where, "training_metadata.json")) as metadata:
            written = json.load(metadata)["epoch"]
        print(f"save_freq={frequency}: began epochs {epochs}, stopped at step {steps}, backup says {written}")


class Counting(BackupAndRestore):
    saves = 0

    def _save_model(self):
        self.saves += 1
        super()._save_model()


counting = Counting(os.path.join(folder, "off"), save_freq=False)
train(counting, 16)
print(f"save_freq=False: saved {counting.saves} times in 16 batches")
print("save_before_preemption a parameter:", "save_before_preemption" in inspect.signature(BackupAndRestore).parameters)
PYTHON

TF_CPP_MIN_LOG_LEVEL=3 CUDA_VISIBLE_DEVICES="" KERAS_BACKEND=tensorflow \
    "$here/venv/bin/python" "$here/backup.py" "$here" | tee "$here/seen"
diff - "$here/seen" <<EXPECTED
save_freq=5: began epochs [0, 1, 2], stopped at step 40, backup says 2
save_freq=5: began epochs [2], stopped at step 46, backup says 0
save_freq=5: began epochs [0], stopped at step 48, backup says 0
save_freq=epoch: began epochs [0, 1, 2], stopped at step 40, backup says 2
save_freq=epoch: began epochs [2, 3], stopped at step 52, backup says 3
save_freq=epoch: began epochs [3], stopped at step 51, backup says 3
save_freq=False: saved 16 times in 16 batches
save_before_preemption a parameter: False
EXPECTED
