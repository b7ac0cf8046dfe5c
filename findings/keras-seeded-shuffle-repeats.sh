#!/usr/bin/env bash
# keras 3.15.1 on tensorflow-cpu 2.21.0, the wheels for Linux, CPython 3.11
#
# Expected: fit(shuffle=True) on NumPy arrays visits the samples in another order in each epoch
#           ("whether to shuffle the training data before each epoch"); a seed makes the sequence of
#           orders repeatable, as numpy's and torch's do.
# Seen:     after keras.utils.set_random_seed every epoch has the same order: 1 order in 4 epochs,
#           with shuffle="batch" too. Without a seed there are 4 orders in 4 epochs.
# Cause:    Keras permutes by tf.random.shuffle within Dataset.map and makes an iterator anew for each
#           epoch. A new iterator starts the operator at the seed again; TensorFlow alone shows it.
#           One iterator over Dataset.repeat(4) goes on drawing. Dataset.shuffle keeps its state
#           across iterators: who needs orders and a seed passes such a data set to fit.
#
# It takes a minute or two, mostly to install TensorFlow.
set -euo pipefail

here=$(mktemp -d)
trap 'rm -rf "$here"' EXIT
python3 -m venv "$here/venv"
"$here/venv/bin/pip" install --quiet --disable-pip-version-check \
    numpy==2.4.6 keras==3.15.1 tensorflow-cpu==2.21.0 || exit 2

# 32 samples, each of its own number, in batches of 8; train_step writes down the numbers it is given.
cat > "$here/order.py" <<'PYTHON'
import keras
import numpy as np
import tensorflow as tf

EPOCHS, SAMPLES = 4, 32
numbers = np.arange(SAMPLES, dtype=np.float32)[:, None]


class Recorder(keras.Model):
    def train_step(self, data):
        visited.extend(data[0][:, 0].numpy().tolist())
        return super().train_step(data)


def orders(data, **settings):
    """How many different orders fit takes in four epochs."""
    visited.clear()
    entry = keras.Input((1,))
    model = Recorder(entry, keras.layers.Dense(1)(entry))
    model.compile("sgd", "mse", run_eagerly=True)
    model.fit(*data, epochs=EPOCHS, verbose=0, **settings)
    return len({tuple(epoch) for epoch in np.reshape(visited, (EPOCHS, SAMPLES))})


visited = []
arrays = (numbers, numbers)
print("fit, no seed:", orders(arrays, batch_size=8))
keras.utils.set_random_seed(1)
print("fit, seed:", orders(arrays, batch_size=8))
print("fit, seed, within batches:", orders(arrays, batch_size=8, shuffle="batch"))
shuffled = tf.data.Dataset.from_tensor_slices(arrays).shuffle(SAMPLES).batch(8)
print("fit, seed, Dataset.shuffle:", orders([shuffled], shuffle=False))
permuted = tf.data.Dataset.range(1).map(lambda _: tf.random.shuffle(tf.range(SAMPLES)))
anew = {tuple(order.numpy()) for _ in range(EPOCHS) for order in permuted}
print("TensorFlow alone, an iterator each:", len(anew))
print("TensorFlow alone, one iterator:", len({tuple(o.numpy()) for o in permuted.repeat(EPOCHS)}))
PYTHON

TF_CPP_MIN_LOG_LEVEL=3 CUDA_VISIBLE_DEVICES="" KERAS_BACKEND=tensorflow \
    "$here/venv/bin/python" "$here/order.py" | tee "$here/seen"
diff - "$here/seen" <<EXPECTED
fit, no seed: 4
fit, seed: 1
fit, seed, within batches: 1
fit, seed, Dataset.shuffle: 4
TensorFlow alone, an iterator each: 1
TensorFlow alone, one iterator: 4
EXPECTED
