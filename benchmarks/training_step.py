"""Training images per second with and without oneDNN: ``python -m benchmarks.training_step``.

TensorFlow reads once, while it is imported, whether oneDNN computes its convolutions: each
measurement is a process of its own, in turns.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time

import numpy as np

from services.trainer.config import Precision, TrainConfig, with_overrides
from services.trainer.presets import load_preset

# The preset, and what is changed in it: no weights are fetched.
NETWORKS = {
    "densenet_bc": ("quick", ["loop.precision=float32"]),
    "densenet_bc-bf16": ("quick", []),
    "efficientnet_lite0": ("starter-teacher", ["model.backbone=efficientnet_lite0"]),
    "mobilenet_v1": ("starter-teacher", []),
    "densenet121": ("seed-rafdb", ["loop.batch_size=16"]),
}
_PLAIN = ("model.weights=none", "loss.own_label_weight=0", "loop.threads=2")
_ENVIRONMENT = "TF_ENABLE_ONEDNN_OPTS"


def recipe(network: str) -> TrainConfig:
    """Return what is trained, from random weights."""
    preset, changes = NETWORKS[network]
    return with_overrides(load_preset(preset), [*changes, *_PLAIN])


def measure(network: str, *, steps: int) -> float:
    """Return images per second of this process, the first two steps left out."""
    config = recipe(network)
    from services.trainer.training.runtime import start_tensorflow

    start_tensorflow(config.loop)
    from services.trainer.data.batches import Batch
    from services.trainer.networks.normalisation import Normalisation
    from services.trainer.training.state import TrainingState

    side, size = config.data.size, config.loop.batch_size
    state = TrainingState(
        config, normalisation=Normalisation((127.5,) * 3, (127.5,) * 3), counts=[1] * 7
    )
    random = np.random.default_rng(0)
    crops = random.uniform(0, 255, (size, side, side, config.data.channels)).astype(np.float32)
    batch = Batch(crops, np.eye(7, dtype=np.float32)[random.integers(0, 7, size)])
    started = 0.0
    for step in range(steps + 2):
        if step == 2:
            started = time.monotonic()
        state.train_step(batch, step=step, rate=1e-4)
    return steps * size / (time.monotonic() - started)


def in_turns(network: str, *, steps: int, rounds: int) -> dict[str, object]:
    """Measure a network in processes with and without oneDNN, in turns."""
    rates: dict[str, list[float]] = {"1": [], "0": []}
    for _ in range(rounds):
        for setting, found in rates.items():
            ran = subprocess.run(
                [sys.executable, "-m", __spec__.name, "--one", network, "--steps", str(steps)],
                env={**os.environ, _ENVIRONMENT: setting},
                stdout=subprocess.PIPE,
                check=True,
                text=True,
            )
            found.append(float(ran.stdout.splitlines()[-1]))
    with_it, without = (statistics.median(rates[setting]) for setting in ("1", "0"))
    return {
        "network": network,
        "bf16": recipe(network).loop.precision is Precision.MIXED_BFLOAT16,
        "images_per_second": round(with_it, 1),
        "without_onednn": round(without, 1),
        "ratio": round(with_it / without, 2),
    }


def main() -> None:
    """Print a row for each network."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--networks", nargs="*", choices=NETWORKS, default=list(NETWORKS))
    parser.add_argument("--steps", type=int, default=15)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--one", choices=NETWORKS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(measure(options.one, steps=options.steps))
        return
    rows = []
    for network in options.networks:
        rows.append(in_turns(network, steps=options.steps, rounds=options.rounds))
        if not options.json:
            row = rows[-1]
            print(
                f"{network:20} {row['images_per_second']:>7} images/s, "
                f"without oneDNN {row['without_onednn']:>7}: {row['ratio']} times"
            )
    if options.json:
        print(json.dumps(rows))


if __name__ == "__main__":
    main()
