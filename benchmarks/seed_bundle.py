"""A bundle with the seed's network: DenseNet121 at 224 px, random weights, for speed only.

    python -m benchmarks.seed_bundle OUT

32,861,255 parameters, as the seed's ``Flatten, Dense 512, Dense 256`` head has them. Of random
weights all answers lie so close together that any rounding changes them, so two things are
measured on drawn faces: BatchNorm's statistics, and the last layer by least squares, which gives
answers the margins that a trained network's have. Card and metrics say that weights are random.
"""

import argparse
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.common.domain.emotions import EMOTIONS
from services.vision.bundle import INT8_MODEL_NAME, BundleCard, TrainingData
from services.vision.classifiers.choice import METRICS_KEY
from services.vision.transforms import InputSpec

REPOSITORY = Path(__file__).resolve().parents[1]
_CACHED = REPOSITORY / ".local" / "bench" / "seed-random"
# Faces to fit the last layer on, and others to judge each arithmetic with.
_FITTED, _JUDGED = 700, 560
_BN_BATCH, _BN_FACES = 16, 64
# Ridge against the mean square of a feature, and the logit of a face's own expression.
_RIDGE, _LOGIT = 0.03, 8.0


def seed_bundle() -> Path:
    """Return the folder of the bundle, made once in a process of its own (TensorFlow)."""
    if not (_CACHED / "bundle.json").is_file():
        command = [sys.executable, "-m", "benchmarks.seed_bundle", str(_CACHED)]
        subprocess.run(command, check=True, cwd=REPOSITORY, stdout=sys.stderr)
    return _CACHED


def drawn_faces(count: int, *, size: int, seed: int) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Return drawn faces uint8 ``[N, S, S, 3]`` and their labels, all expressions alike."""
    from services.trainer.data.generated.faces import draw_face

    labels = np.arange(count) % len(EMOTIONS)
    faces = [draw_face(int(label), seed=(seed, n), size=size) for n, label in enumerate(labels)]
    return np.stack(faces), labels


def write(out: Path) -> None:
    """Build the network, fit what must be fitted, export and quantise it as the trainer does."""
    import keras

    from services.trainer.averaged import inference
    from services.trainer.export import make_golden, replace_bundle
    from services.trainer.int8 import CALIBRATION_CROPS, judge_precisions, quantised
    from services.trainer.models.build import build_network
    from services.trainer.normalisation import normalisation_for
    from services.trainer.onnx_graph import to_onnx
    from services.trainer.presets import load_preset

    keras.utils.set_random_seed(0)
    config = load_preset("seed-rafdb")
    size = config.data.size
    crops, labels = drawn_faces(_FITTED, size=size, seed=0)
    normalisation = normalisation_for(config.model, crops)
    network = build_network(config.model, size=size, normalisation=normalisation)
    _measure_batch_norm(network, crops[:_BN_FACES])
    _fit_last_layer(network, crops, labels)
    card = BundleCard(
        name="seed-random",
        version="0.0.0",
        input=InputSpec(
            size=size, channels=3, crop_margin=0.0, mean=normalisation.mean, std=normalisation.std
        ),
        training_data=TrainingData(name="drawn faces", sha256="0" * 64, licence="CC0-1.0"),
        git_revision="unknown",
        recipe={**config.model_dump(mode="json"), "random_weights": True},
        metrics={"random_weights": True, "parameters": int(network.count_params())},
        created_at=datetime.now(UTC),
    )
    shape, graph = card.input.shape, to_onnx(network)
    golden = make_golden(reference=inference(network, batch_size=16), shape=shape, card=card)
    about = b"# Random weights\n\nFor measuring speed. Its answers mean nothing.\n"
    int8 = quantised(graph, crops[:CALIBRATION_CROPS], exact=0)
    extras = {"MODEL_CARD.md": about, INT8_MODEL_NAME: int8}
    others, truth = drawn_faces(_JUDGED, size=size, seed=1)
    figures = judge_precisions(
        card, model=graph, golden=golden, extras=extras, crops=others, labels=truth
    )
    print(figures)
    metrics = {**card.metrics, METRICS_KEY: figures}
    card = card.model_copy(update={"metrics": metrics})
    replace_bundle(out, card=card, model=graph, golden=golden, extras=extras)


def _measure_batch_norm(network: Any, crops: NDArray[np.uint8]) -> None:
    import tensorflow as tf

    from services.trainer.ema import reestimate_batch_norm

    forward: Any = tf.function(lambda batch: network(batch, training=True))
    starts = range(0, len(crops), _BN_BATCH)
    batches = (crops[start : start + _BN_BATCH].astype(np.float32) for start in starts)
    reestimate_batch_norm(network, batches, forward=forward)


def _fit_last_layer(network: Any, crops: NDArray[np.uint8], labels: NDArray[np.int64]) -> None:
    """Fit the last layer by ridge regression on one logit for each expression."""
    import keras

    from services.trainer.averaged import inference

    last = network.layers[-1]
    features = inference(keras.Model(network.inputs, last.input), batch_size=16)(crops)
    features = np.asarray(features, dtype=np.float64)
    mean, targets = features.mean(axis=0), _LOGIT * (np.eye(len(EMOTIONS))[labels] - 1 / 7)
    centred = features - mean
    moments = centred.T @ centred
    ridge = _RIDGE * np.trace(moments) / len(moments)
    kernel = np.linalg.solve(moments + ridge * np.eye(len(moments)), centred.T @ targets)
    last.kernel.assign(kernel)
    last.bias.assign(-mean @ kernel)


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.seed_bundle", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("out", type=Path)
    asked = parser.parse_args()
    write(asked.out)
    print(f"seed-random in {asked.out}")


if __name__ == "__main__":
    main()
