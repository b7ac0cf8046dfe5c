"""Training images per second of preset seed-rafdb, on drawn faces and from random weights."""

import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.gpu_check.outcome import Figure, LeftOutError
from benchmarks.gpu_check.packages import require
from benchmarks.gpu_check.sizes import Sizes

PRESET = "seed-rafdb"
# Of the drawn files, as RAF-DB's are.
_SIDE = 100
# No weights are fetched and no faces looked for; one GPU, so that machines compare.
_RECIPE = (
    "model.weights=none",
    "data.crop_margin=0",
    "data.centre_dx=0",
    "data.centre_dy=0",
    "loop.gpus=1",
)
_FEWEST_STEPS = 4


class Stopwatch:
    """A ``Reporter`` that keeps the speed of each epoch and says when it was long enough."""

    def __init__(self, seconds: float, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds, self._clock = seconds, clock
        self._first: float | None = None
        self._steps, self._rate = 0, 0.0
        self._epochs: list[float] = []

    def began(self, *, step: int, total: int) -> None:
        """See ``Reporter``."""

    def stepped(self, *, step: int, loss: float, images_per_second: float) -> None:
        """See ``Reporter``."""
        del step, loss
        self._first = self._clock() if self._first is None else self._first
        self._steps += 1
        self._rate = images_per_second

    def finished_epoch(self, *, epoch: int, loss: float, accuracy: float) -> None:
        """See ``Reporter``."""
        del epoch, loss, accuracy
        self._epochs.append(self._rate)

    def is_enough(self) -> bool:
        """Whether some steps were made and the time since the first of them is over."""
        if self._first is None or self._steps < _FEWEST_STEPS:
            return False
        return self._clock() - self._first >= self._seconds

    @property
    def images_per_second(self) -> float:
        """Median of the epochs but the first, in which kernels are compiled and chosen.

        Of a session that ended before its second epoch did, what it had reached.

        Raises:
            RuntimeError: if not two steps were made.
        """
        settled = self._epochs[1:] or [self._rate]
        if not (rate := statistics.median(settled)):
            raise RuntimeError("no two training steps were made in the time")
        return rate


def training(sizes: Sizes) -> list[Figure]:
    """Prepare drawn faces as any data set, and train as ``train`` does, without the stages after.

    Raises:
        LeftOutError: if TensorFlow is missing, or sees no GPU and this is no rehearsal.
    """
    require("tensorflow", "keras", "cv2", "pydantic")
    from services.trainer.config import with_overrides
    from services.trainer.presets import load_preset
    from services.trainer.training.runtime import start_tensorflow

    threads = (f"loop.threads={sizes.cores}",)
    config = with_overrides(load_preset(PRESET), (*_RECIPE, *threads, *sizes.recipe))
    start_tensorflow(config.loop)
    import tensorflow as tf

    if not sizes.rehearsal and not tf.config.list_logical_devices("GPU"):
        raise LeftOutError(
            f"TensorFlow {tf.__version__} sees no GPU; install tensorflow[and-cuda]"
            f"=={tf.__version__} in place of tensorflow-cpu"
        )
    from services.trainer.data.generated.write import GeneratedLayout, write_faces
    from services.trainer.data.prepare import prepare
    from services.trainer.training.loop import Loop
    from services.trainer.training.run import Run
    from services.trainer.training.state import TrainingState

    stopwatch = Stopwatch(sizes.train_seconds)
    with tempfile.TemporaryDirectory(prefix="hfer-gpu-check-") as scratch:
        faces, run = Path(scratch) / "faces", Run(Path(scratch) / "run")
        write_faces(faces, layout=GeneratedLayout.RAFDB_KAGGLE, count=sizes.faces, size=_SIDE)
        prepare(faces, out=run.data, config=config.data)
        Loop(
            config,
            data=run.prepared(),
            run=run,
            build_state=TrainingState,
            reporter=stopwatch,
            interrupted=stopwatch.is_enough,
        ).train()
    shape = f"{config.data.size} px, batches of {config.loop.batch_size}"
    return [Figure(f"images/s, {shape}", f"{stopwatch.images_per_second:.1f}")]
