"""Set TensorFlow up for one process: threads, devices, seeds, log noise."""

import contextlib
import functools
import os
from typing import TYPE_CHECKING

from services.trainer.config import LoopConfig
from services.trainer.errors import RunError
from services.trainer.training.memory import keep_freed_memory

if TYPE_CHECKING:
    import tensorflow as tf


def start_tensorflow(config: LoopConfig) -> None:
    """Import TensorFlow as a recipe wants it, and seed Keras' generators.

    Threads and devices can be set only before TensorFlow has run its first operation; a process
    that already ran one (a test session) keeps what it has. Determinism stays on for the rest of
    the process.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    keep_freed_memory()
    import keras  # heavy: only commands that train pay for it
    import tensorflow as tf

    # RuntimeError: it is already running.
    with contextlib.suppress(RuntimeError):
        tf.config.threading.set_intra_op_parallelism_threads(config.threads)
        tf.config.threading.set_inter_op_parallelism_threads(config.threads)
        gpus = tf.config.list_physical_devices("GPU")[: config.gpus]
        tf.config.set_visible_devices(gpus, "GPU")
        for gpu in gpus:
            # Else TensorFlow takes all memory at once, a worker's on the same GPU too.
            tf.config.experimental.set_memory_growth(gpu, enable=True)
        # XLA fuses what a GPU waits for; on the CPU it compiles for minutes and gains little. It
        # chooses kernels by trying them, so that two sessions may differ in the last bits.
        fused = gpus and not config.deterministic
        tf.config.optimizer.set_jit("autoclustering" if fused else False)
    if config.deterministic:
        tf.config.experimental.enable_op_determinism()
    keras.utils.set_random_seed(config.seed)


@functools.cache
def device_strategy() -> "tf.distribute.Strategy":
    """Return the strategy for the devices that are visible: all GPUs, or the one device.

    One per process: the sums over the devices are numbered from the same number in each, and a
    second strategy with another network ended in "Shape mismatch in the collective instance".
    """
    import tensorflow as tf

    gpus = tf.config.list_logical_devices("GPU")
    return tf.distribute.MirroredStrategy() if len(gpus) > 1 else tf.distribute.get_strategy()


def check_devices(config: LoopConfig, *, installed: int, seen: int) -> None:
    """Refuse to train on fewer GPUs than the user counts on.

    Args:
        config: of the recipe.
        installed: GPUs that the system lists.
        seen: GPUs that TensorFlow may use.

    Raises:
        RunError: if TensorFlow sees fewer than ``loop.gpus``, or none where there are some.
    """
    wanted = config.gpus
    if wanted is not None and seen < wanted:
        raise RunError(
            f"loop.gpus={wanted}, but TensorFlow sees {seen}; give a number that is there, or "
            "none for all there are."
        )
    if installed and not seen and wanted != 0:
        raise RunError(
            f"This machine has {installed} GPUs, but TensorFlow sees none: install "
            "tensorflow[and-cuda] in place of tensorflow-cpu, or set loop.gpus=0 for the CPU."
        )
