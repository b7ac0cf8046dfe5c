"""Training images sent through the service as photos: the label must be the one training saw.

As a script it is the proof on a real data set:

    python -m tests.e2e.train_as_served --data fer2013/train --count 600
"""

import argparse
import io
import json
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from infra.local.console import Console
from infra.local.stack import local_stack
from services.common.domain.emotions import EMOTIONS
from services.trainer.config import DataConfig
from services.trainer.data.framing import on_canvas
from services.trainer.data.layouts import data_root, scan
from services.trainer.data.prepare import IMAGES_NAME, SERVED_NAME, prepare
from services.vision.bundle import load_bundle
from services.vision.classifiers.onnxruntime import OnnxRuntimeClassifier
from tests.e2e.conftest import Cli

SHIPPED = Path("models/starter")


@dataclass(frozen=True)
class Agreement:
    """How ``photos`` training images fared; a face must be found by both sides to be compared."""

    photos: int
    found_in_training: int
    found_in_serving: int
    compared: int
    same: int

    @property
    def share(self) -> float:
        """Of the photos with a face, how many got the label that training saw."""
        return self.same / self.compared


def compare(data: Path, cli: Cli, *, scratch: Path, bundle: Path = SHIPPED) -> Agreement:
    """Prepare ``data`` as the trainer does, send each image as a photo, compare the labels.

    The trainer's side: the crop it would learn from, in ONNX Runtime. The other: HTTP, bucket,
    queue, decoder, detector, crop, OpenVINO.
    """
    loaded = load_bundle(bundle)
    spec = loaded.manifest.input
    framing = {name: getattr(spec, name) for name in ("crop_margin", "centre_dx", "centre_dy")}
    config = DataConfig(
        size=spec.size, channels=spec.channels, served_share=1, drop_suspect=False, **framing
    )
    rows = prepare(data, out=scratch / "cache", config=config)["images"]
    images, served = (np.load(scratch / "cache" / name) for name in (IMAGES_NAME, SERVED_NAME))
    learned = OnnxRuntimeClassifier(loaded).classify(served).argmax(axis=1)
    answered = _answers(images, cli, folder=scratch / "photos")
    both = [i for i, row in enumerate(rows) if row["found"] and answered[i] is not None]
    return Agreement(
        photos=len(rows),
        found_in_training=sum(row["found"] for row in rows),
        found_in_serving=sum(label is not None for label in answered),
        compared=len(both),
        same=sum(answered[i] == EMOTIONS[learned[i]] for i in both),
    )


def _answers(images: NDArray[np.uint8], cli: Cli, *, folder: Path) -> list[str | None]:
    """The service's first label of the largest face of each photo, None where it finds none."""
    folder.mkdir()
    for index, image in enumerate(images):
        photo = cv2.cvtColor(on_canvas(image), cv2.COLOR_RGB2BGR)
        assert cv2.imwrite(str(folder / f"{index:06d}.png"), photo)
    job = cli.run("submit", folder).stdout.strip()
    done = cli.run("results", job, "--wait", "--format", "json")
    photos = json.loads(done.stdout)["data"]
    assert [photo["filename"] for photo in photos] == sorted(p.name for p in folder.iterdir())
    return [photo["faces"][0]["top"][0]["label"] if photo["faces"] else None for photo in photos]


def some_of(data: Path, target: Path, *, count: int) -> Path:
    """Link ``count`` images of a data set, drawn at random, as an ImageFolder."""
    samples, base = scan(data), data_root(data)
    drawn = np.random.default_rng(0).permutation(len(samples))[:count]
    for index in drawn:
        sample = samples[index]
        link = target / "train" / EMOTIONS[sample.label] / Path(sample.path).name
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to((base / sample.path).resolve())
    return target


def main() -> None:
    """Run the proof and print the agreement."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="a folder of labelled faces")
    parser.add_argument("--count", type=int, default=600)
    parser.add_argument("--bundle", type=Path, default=SHIPPED)
    arguments = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as name,
        local_stack(
            Path(name) / "stack",
            console=Console(io.StringIO(), verbose=False),
        ) as stack,
    ):
        scratch = Path(name)
        stack.start_servers()
        stack.start_apps()
        cli = Cli(url=stack.url, key=stack.tenant_key(), folder=scratch)
        data = some_of(arguments.data, scratch / "data", count=arguments.count)
        found = compare(data, cli, scratch=scratch, bundle=arguments.bundle)
    sys.stdout.write(f"{found}\nsame label: {found.share:.2%}\n")
    sys.exit(found.share < 0.97)


if __name__ == "__main__":
    main()
