"""Set TensorFlow up for one process: threads, devices, memory, seeds, log noise."""

import contextlib
import ctypes
import functools
import os
import platform
from typing import TYPE_CHECKING

from services.trainer.config import LoopConfig
from services.trainer.errors import RunError

if TYPE_CHECKING:
    import tensorflow as tf

# mallopt(3) of glibc; its parameters are numbers there as well.
_TRIM_THRESHOLD, _TOP_PAD, _MMAP_MAX, _ARENA_MAX = -1, -2, -4, -8
_NEVER = 2**31 - 1
_AHEAD = 256 * 2**20


def start_tensorflow(config: LoopConfig) -> None:
    """Import TensorFlow as a recipe wants it, and seed Keras' generators.

    Threads and devices can be set only before TensorFlow has run its first operation; a process
    that already ran one (a test session) keeps what it has. Determinism stays on for the rest of
    the process.
    """
    set_environment()
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


def set_environment() -> None:
    """Set what TensorFlow reads while it is imported, where the user has not.

    Of its C++ only warnings are shown. oneDNN computes convolutions on any x86, but TensorFlow 2.21
    takes it by itself only where it finds VNNI or better: on two cores with AVX2 alone it trained
    MobileNet v1 at 96 px at 63 images/s in place of 123.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")


def keep_freed_memory() -> bool:
    """Have glibc's allocator keep memory that was freed; return whether it is glibc's.

    By default it maps each large tensor anew and unmaps it when freed, so that the kernel zeroes
    the same pages step after step: 32,000 page faults a second and 23 % of the CPU time of
    training EfficientNet-Lite0 at 96 px on two cores, 2 % with this. The price is that the
    process stays as large as it ever was.
    """
    if platform.libc_ver()[0] != "glibc":
        return False
    libc = ctypes.CDLL(None)
    settings = {_TRIM_THRESHOLD: _NEVER, _TOP_PAD: _AHEAD, _MMAP_MAX: 0, _ARENA_MAX: 1}
    return all(bool(libc.mallopt(option, value)) for option, value in settings.items())


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
