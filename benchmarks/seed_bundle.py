"""A bundle with the seed's network: DenseNet121 at 224 px, random weights, for speed only.

    python -m benchmarks.seed_bundle OUT

32,861,255 parameters, as the seed's ``Flatten, Dense 512, Dense 256`` head has them. BatchNorm is
measured on patterns, so that activations have the scale of a trained network's and neither bf16
nor int8 meets only zeros. The card and the metrics say that the weights are random.
"""

import argparse
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from services.vision.bundle import BundleCard, TrainingData
from services.vision.transforms import InputSpec

REPOSITORY = Path(__file__).resolve().parents[1]
_CACHED = REPOSITORY / ".local" / "bench" / "seed-random"


def seed_bundle() -> Path:
    """Return the folder of the bundle, made once in a process of its own (TensorFlow)."""
    if not (_CACHED / "bundle.json").is_file():
        command = [sys.executable, "-m", "benchmarks.seed_bundle", str(_CACHED)]
        subprocess.run(command, check=True, cwd=REPOSITORY, stdout=sys.stderr)
    return _CACHED


def write(out: Path) -> None:
    """Build the network, measure its BatchNorm and export it as the trainer does."""
    import keras
    import numpy as np
    import tensorflow as tf

    from services.trainer.averaged import inference
    from services.trainer.ema import reestimate_batch_norm
    from services.trainer.export import make_golden, replace_bundle, synthetic_crops
    from services.trainer.models.build import build_network
    from services.trainer.normalisation import normalisation_for
    from services.trainer.onnx_graph import to_onnx
    from services.trainer.presets import load_preset

    keras.utils.set_random_seed(0)
    config = load_preset("seed-rafdb")
    shape = (config.data.size, config.data.size, config.data.channels)
    crops = synthetic_crops(64, shape=shape, seed=3)
    normalisation = normalisation_for(config.model, crops)
    network = build_network(config.model, size=config.data.size, normalisation=normalisation)
    forward: Any = tf.function(lambda batch: network(batch, training=True))
    batches = (crops[start : start + 16].astype(np.float32) for start in range(0, 64, 16))
    reestimate_batch_norm(network, batches, forward=forward)
    card = BundleCard(
        name="seed-random",
        version="0.0.0",
        input=InputSpec(
            size=shape[0],
            channels=3,
            crop_margin=0.0,
            mean=normalisation.mean,
            std=normalisation.std,
        ),
        training_data=TrainingData(name="none", sha256="0" * 64, licence="CC0-1.0"),
        git_revision="unknown",
        recipe={**config.model_dump(mode="json"), "random_weights": True},
        metrics={"random_weights": True, "parameters": int(network.count_params())},
        created_at=datetime.now(UTC),
    )
    golden = make_golden(reference=inference(network, batch_size=16), shape=shape, card=card)
    about = b"# Random weights\n\nFor measuring speed. Its answers mean nothing.\n"
    replace_bundle(
        out, card=card, model=to_onnx(network), golden=golden, extras={"MODEL_CARD.md": about}
    )


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.seed_bundle", description=__doc__.splitlines()[0]
    )
    parser.add_argument("out", type=Path)
    asked = parser.parse_args()
    write(asked.out)
    print(f"seed-random in {asked.out}")


if __name__ == "__main__":
    main()
