"""Set TensorFlow up for one process: threads, seeds, log noise."""

import contextlib
import os


def start_tensorflow(*, threads: int, seed: int) -> None:
    """Import TensorFlow with ``threads`` per pool and seed Keras' generators.

    Thread counts can be set only before TensorFlow has run its first operation; a process that
    already ran one (a test session) keeps what it has.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    import keras  # heavy: only commands that train pay for it
    import tensorflow as tf

    # RuntimeError: it is already running.
    with contextlib.suppress(RuntimeError):
        tf.config.threading.set_intra_op_parallelism_threads(threads)
        tf.config.threading.set_inter_op_parallelism_threads(threads)
    keras.utils.set_random_seed(seed)
