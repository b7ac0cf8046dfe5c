"""A bundle with hfer v0's network: DenseNet121 at 224 px, random weights, for speed only.

    python -m benchmarks.hfer_v0_bundle OUT

32,861,255 parameters, as hfer v0's ``Flatten, Dense 512, Dense 256`` head has them. Of random
weights all answers lie so close together that any rounding changes them, so two things are
measured on drawn faces: BatchNorm's statistics, and a last layer that spreads the logits. Its
answers mean nothing all the same, as the card and the metrics say.
"""

import argparse
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from services.common.domain.emotions import EMOTIONS
from services.vision.bundle import INT8_MODEL_NAME, BundleCard, Golden, TrainingData
from services.vision.classifiers.choice import METRICS_KEY
from services.vision.classifiers.logits import to_probabilities
from services.vision.transforms import InputSpec, Pixels

REPOSITORY = Path(__file__).resolve().parents[1]
_CACHED = REPOSITORY / ".local" / "bench" / "seed-random"
# Faces to measure on, and others to evaluate each arithmetic with.
_FITTED, _EVALUATED = 280, 420
_BN_BATCH, _BN_FACES, _GOLDEN = 16, 64, 16
# Standard deviation of a logit over faces. The starter's is 2 to 3, but features of random weights
# differ so little from face to face that rounding them weighs more: with 2.5 bf16 fails the golden
# answers, with 1.5 int8 does.
_SPREAD = 1.2


def hfer_v0_bundle() -> Path:
    """Return the folder of the bundle, made once in a process of its own (TensorFlow)."""
    if not (_CACHED / "bundle.json").is_file():
        command = [sys.executable, "-m", "benchmarks.hfer_v0_bundle", str(_CACHED)]
        subprocess.run(command, check=True, cwd=REPOSITORY, stdout=sys.stderr)
    return _CACHED


def drawn_faces(count: int, *, size: int, seed: int) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Return drawn faces uint8 ``[N, S, S, 3]`` and their labels, all expressions alike."""
    from services.trainer.data.generated.faces import draw_face

    labels = np.arange(count) % len(EMOTIONS)
    faces = [draw_face(int(label), seed=(seed, n), size=size) for n, label in enumerate(labels)]
    return np.stack(faces), labels


def drawn_crops(spec: InputSpec, count: int) -> Pixels:
    """Return faces that neither this bundle nor the costs of its arithmetics were measured on."""
    faces, _ = drawn_faces(count, size=spec.size, seed=2)
    if spec.channels == 1:
        faces = np.stack(
            [cv2.cvtColor(face, cv2.COLOR_RGB2GRAY)[..., np.newaxis] for face in faces]
        )
    return faces


def write(out: Path) -> None:
    """Build the network, measure on drawn faces, export and quantise it as the trainer does."""
    import keras

    from services.trainer.export.bundle import replace_bundle
    from services.trainer.export.onnx_graph import to_onnx
    from services.trainer.export.precisions import CALIBRATION_CROPS, evaluate_precisions, quantised
    from services.trainer.networks.build import build_network
    from services.trainer.networks.normalisation import normalisation_for
    from services.trainer.networks.saved_network import inference
    from services.trainer.presets import load_preset

    keras.utils.set_random_seed(0)
    config = load_preset("seed-rafdb")
    size = config.data.size
    crops, _ = drawn_faces(_FITTED, size=size, seed=0)
    normalisation = normalisation_for(config.model, crops)
    network = build_network(config.model, size=size, normalisation=normalisation)
    _measure_batch_norm(network, crops[:_BN_FACES])
    _spread_answers(network, crops)
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
    graph = to_onnx(network)
    golden = Golden(crops[:_GOLDEN], to_probabilities(inference(network)(crops[:_GOLDEN])))
    about = b"# Random weights\n\nFor measuring speed. Its answers mean nothing.\n"
    int8 = quantised(graph, crops[:CALIBRATION_CROPS], exact=0)
    extras = {"MODEL_CARD.md": about, INT8_MODEL_NAME: int8}
    others, truth = drawn_faces(_EVALUATED, size=size, seed=1)
    figures = evaluate_precisions(
        card, model=graph, golden=golden, extras=extras, crops=others, labels=truth
    )
    print(figures)
    metrics = {**card.metrics, METRICS_KEY: figures}
    card = card.model_copy(update={"metrics": metrics})
    replace_bundle(out, card=card, model=graph, golden=golden, extras=extras)


def _measure_batch_norm(network: Any, crops: NDArray[np.uint8]) -> None:
    import tensorflow as tf

    from services.trainer.training.ema import reestimate_batch_norm

    forward: Any = tf.function(lambda batch: network(batch, training=True))
    starts = range(0, len(crops), _BN_BATCH)
    batches = (crops[start : start + _BN_BATCH].astype(np.float32) for start in starts)
    reestimate_batch_norm(network, batches, forward=forward)


def _spread_answers(network: Any, crops: NDArray[np.uint8]) -> None:
    """Let the last layer mix the seven directions in which features differ most."""
    import keras

    from services.trainer.networks.saved_network import inference

    last = network.layers[-1]
    features = inference(keras.Model(network.inputs, last.input), batch_size=16)(crops)
    features = np.asarray(features, dtype=np.float64)
    mean = features.mean(axis=0)
    _, _, directions = np.linalg.svd(features - mean, full_matrices=False)
    mixture = np.random.default_rng(0).normal(size=(len(EMOTIONS), len(EMOTIONS)))
    kernel = directions[: len(EMOTIONS)].T @ mixture
    kernel *= _SPREAD / ((features - mean) @ kernel).std(axis=0)
    last.kernel.assign(kernel)
    last.bias.assign(-mean @ kernel)


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.hfer_v0_bundle", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("out", type=Path)
    asked = parser.parse_args()
    write(asked.out)
    print(f"seed-random in {asked.out}")


if __name__ == "__main__":
    main()
