"""Trained as served: the crop that the trainer learns from is the one that serving classifies."""

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from services.common.domain.emotions import EMOTIONS
from services.common.domain.faces import Box
from services.trainer.data.views import our_detector
from services.vision.transforms import InputSpec, crop_face
from tests.e2e.conftest import Cli
from tests.e2e.photos import sample_paths
from tests.e2e.train_as_served import compare
from tests.fixtures.training import write_image

pytestmark = pytest.mark.xdist_group("e2e")

SIDE = 48
PER_FACE = 14


def sample_faces() -> Iterator[tuple[NDArray[np.uint8], Box]]:
    """The photos of samples/ with each face in them."""
    detector = our_detector()
    for path in sample_paths():
        rgb = cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB)
        for face in detector.detect([rgb])[0]:
            yield rgb, face.box


def write_training_faces(root: Path) -> Path:
    """Write an ImageFolder of gray 48 px faces, each framed, lit and turned a little differently.

    The labels are made up: both sides are asked what the network says, not whether it is right.
    """
    rng = np.random.default_rng(0)
    count = 0
    for rgb, box in sample_faces():
        for _ in range(PER_FACE):
            spec = InputSpec(
                size=SIDE,
                channels=1,
                crop_margin=float(rng.uniform(-0.1, 0.25)),
                centre_dx=float(rng.uniform(-0.08, 0.08)),
                centre_dy=float(rng.uniform(-0.08, 0.08)),
                mean=(0.0,),
                std=(1.0,),
            )
            face = crop_face(rgb, box, spec).astype(np.float32)
            lit = np.clip((face - 128) * rng.uniform(0.7, 1.2) + 128 + rng.uniform(-30, 30), 0, 255)
            turned = lit[:, ::-1] if rng.random() < 0.5 else lit
            name = f"{count:04d}.png"
            write_image(root / EMOTIONS[count % 7] / name, turned.astype(np.uint8))
            count += 1
    return root


def test_training_images_sent_as_photos_get_the_label_that_training_saw(
    cli: Cli, tmp_path: Path
) -> None:
    data = write_training_faces(tmp_path / "faces")
    found = compare(data, cli, scratch=tmp_path)
    assert found.photos == 11 * PER_FACE
    assert found.compared >= 0.8 * found.photos
    assert found.share >= 0.97
