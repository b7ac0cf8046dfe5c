"""Training on two devices: two logical CPUs, which a process can only be given before it starts.

    python -m tests.model.trainer.two_devices FOLDER

trains small networks on one device and on both, and prints what came out as one JSON object.
"""

import functools
import json
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from services.trainer.config import TrainConfig, with_overrides
from services.trainer.data.batches import Batch
from services.trainer.errors import RunError
from services.trainer.networks.normalisation import Normalisation
from services.trainer.training.loop import Loop
from services.trainer.training.run import Run
from services.trainer.training.state import TrainingState
from tests.fixtures.training import SIDE, Silent, prepared, subset, tiny_config

Arrays = dict[str, NDArray[np.generic]]

# Equal shares have equal moments, and so those of the whole: BatchNorm cannot tell the difference.
TRAINED = ("model.head.dropout=0", "model.head.units=12", "model.head.l2=0.01", "optim.lr=0.01")
# With the moving moments of a frozen BatchNorm, shares may differ.
FROZEN = (*TRAINED, "model.freeze=all")


def main(arguments: Sequence[str]) -> None:
    """Print the figures that ``test_two_devices.py`` asks for."""
    cpu = tf.config.list_physical_devices("CPU")[0]
    tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
    found = {
        "equal_shares": same_step("sgd", TRAINED, equal=True),
        "any_shares": {kind: same_step(kind, FROZEN, equal=False) for kind in ("sgd", "adamw")},
        "half_precision": same_step("sgd", (*FROZEN, "loop.precision=mixed_float16"), equal=False),
        "went_on": went_on(),
        "refusal": refusal(),
        "run": whole_run(Path(arguments[0])),
    }
    sys.stdout.write(f"{json.dumps(found)}\n")


@functools.cache  # as device_strategy: two of them in one process mix up their sums
def both() -> tf.distribute.Strategy:
    return tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])


def build(config: TrainConfig, strategy: tf.distribute.Strategy | None) -> TrainingState:
    return TrainingState(
        config, normalisation=Normalisation((128.0,), (60.0,)), counts=(8,) * 7, strategy=strategy
    )


def train(state: TrainingState, *, first: int = 0, equal: bool = False) -> float:
    """Take two steps and return the loss of the second."""
    for step in (first, first + 1):
        rng = np.random.default_rng(step)
        labels = rng.integers(0, 7, 8)
        crops = rng.uniform(0, 255, (8, SIDE, SIDE, 1)).astype(np.float32)
        if equal:
            crops, labels = np.tile(crops[:4], (2, 1, 1, 1)), np.tile(labels[:4], 2)
        batch = Batch(crops, np.eye(7, dtype=np.float32)[labels])
        loss = state.train_step(batch, step=step, rate=0.01)
    return loss


def same_step(kind: str, settings: Sequence[str], *, equal: bool) -> dict[str, float]:
    """How far two steps on two devices are from the same two on one."""
    config = with_overrides(tiny_config(), [*settings, f"optim.kind={kind}", "optim.clip_norm=0.5"])
    one, two = build(config, None), build(config, both())
    before = two.capture()
    losses = [train(state, equal=equal) for state in (one, two)]
    images = subset(1, seed=5).images
    with one.averaged([images.astype(np.float32)]), two.averaged([images.astype(np.float32)]):
        logits = [state.logits(images, batch_size=4) for state in (one, two)]
    return {
        "loss": abs(losses[0] - losses[1]),
        "logits": float(np.abs(logits[0] - logits[1]).max()),
        "moved": difference(before, two.capture(), group="ema"),
        "optimizer": difference(one.capture(), two.capture(), group="optimizer"),
        "average": difference(one.capture(), two.capture(), group="ema"),
        "model": difference(one.capture(), two.capture(), group="model"),
        "copies": copies_apart(two),
    }


def went_on() -> dict[str, float]:
    """How far a run that gets a second device is from one that stays on one."""
    config = with_overrides(tiny_config(), [*FROZEN, "optim.kind=adamw"])
    stayed, resumed = build(config, None), build(config, both())
    train(stayed)
    resumed.restore(stayed.capture())
    restored = difference(stayed.capture(), resumed.capture())
    for state in (stayed, resumed):
        train(state, first=2)
    return {
        "restored": restored,
        "copies": copies_apart(resumed),
        "arrays": difference(stayed.capture(), resumed.capture()),
    }


def refusal() -> str:
    config = with_overrides(tiny_config(), ["loop.batch_size=9"])
    try:
        build(config, both())
    except RunError as error:
        return error.detail
    return "none"


def whole_run(folder: Path) -> dict[str, float]:
    """How far a run begun on two devices and finished on one is from one that was left alone."""
    config = with_overrides(tiny_config(epochs=2), FROZEN)
    seen = iter(range(1, 1_000))

    def session(name: str, strategy: tf.distribute.Strategy | None, *, stop_after: int = 0) -> Run:
        Loop(
            config,
            data=prepared(),
            run=Run(folder / name),
            build_state=partial(TrainingState, strategy=strategy),
            reporter=Silent(),
            interrupted=lambda: next(seen) == stop_after,
        ).train()
        return Run(folder / name)

    session("changed", both(), stop_after=9)
    changed, stayed = session("changed", None), session("stayed", None)
    ends = [run.checkpoints.load_last() for run in (stayed, changed)]
    assert ends[0]
    assert ends[1]
    return {
        "steps": ends[1].position.step,
        "sessions": ends[1].position.sessions,
        "arrays": difference(ends[0].arrays, ends[1].arrays),
    }


def difference(one: Arrays, other: Arrays, *, group: str = "") -> float:
    """The largest difference of two numbers in the same place."""
    assert one.keys() == other.keys()
    return max(
        float(np.abs(array.astype(float) - other[name].astype(float)).max(initial=0))
        for name, array in one.items()
        if name.startswith(group)
    )


def copies_apart(state: TrainingState) -> float:
    """The largest difference between the devices' copies of a weight."""
    copies = [
        [copy.numpy() for copy in both().experimental_local_results(variable.value)]
        for variable in state.model.trainable_variables
    ]
    return max(float(np.abs(each[0] - each[-1]).max()) for each in copies)


if __name__ == "__main__":
    main(sys.argv[1:])
