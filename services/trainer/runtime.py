"""Set TensorFlow up for one process: threads, devices, seeds, log noise."""

import contextlib
import os
from typing import TYPE_CHECKING

from services.trainer.config import LoopConfig

if TYPE_CHECKING:
    import tensorflow as tf


def start_tensorflow(config: LoopConfig) -> None:
    """Import TensorFlow as a recipe wants it, and seed Keras' generators.

    Threads and devices can be set only before TensorFlow has run its first operation; a process
    that already ran one (a test session) keeps what it has.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    import keras  # heavy: only commands that train pay for it
    import tensorflow as tf

    # RuntimeError: it is already running.
    with contextlib.suppress(RuntimeError):
        tf.config.threading.set_intra_op_parallelism_threads(config.threads)
        tf.config.threading.set_inter_op_parallelism_threads(config.threads)
        gpus = tf.config.list_physical_devices("GPU")
        tf.config.set_visible_devices(gpus[: config.gpus], "GPU")
        # XLA fuses what a GPU waits for; on the CPU it compiles for minutes and gains little.
        tf.config.optimizer.set_jit("autoclustering" if gpus[: config.gpus] else False)
    if config.deterministic:
        tf.config.experimental.enable_op_determinism()
    keras.utils.set_random_seed(config.seed)


def device_strategy() -> "tf.distribute.Strategy":
    """Return the strategy for the devices that are visible: all GPUs, or the one device."""
    import tensorflow as tf

    gpus = tf.config.list_logical_devices("GPU")
    return tf.distribute.MirroredStrategy() if len(gpus) > 1 else tf.distribute.get_strategy()
