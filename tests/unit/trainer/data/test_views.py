import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from services.common.domain.faces import Box, DetectedFace
from services.trainer.config import DataConfig
from services.trainer.data.framing import on_canvas
from services.trainer.data.known import DataFacts
from services.trainer.data.views import Views, detector_identity, look_as_served
from services.vision.engines import DEFAULT_DETECTOR
from services.vision.transforms import InputSpec, crop_face
from tests.fixtures.training import striped

Pixels = NDArray[np.uint8]
REPOSITORY = Path(__file__).parents[4]
FACTS = DataFacts(name="stripes", licence="CC0-1.0")
SPEC = InputSpec(size=48, channels=1, crop_margin=0.0, mean=(0.0,), std=(1.0,))
IMAGES = np.stack([striped(1, seed=index, side=48) for index in range(5)])
TRAIN = np.array([True, True, True, False, False])
WIDE, NARROW = Box(64, 64, 128, 128), Box(78, 78, 100, 100)


class InTurn:
    """Finds one box after the other, photo by photo, and nothing where it is None."""

    def __init__(self, *boxes: Box | None) -> None:
        self._boxes = iter(boxes)

    def detect(
        self, photos: Sequence[Pixels], *, threshold: float = 0.9, min_face_px: int = 20
    ) -> list[list[DetectedFace]]:
        del threshold, min_face_px
        found = [next(self._boxes) for _ in photos]
        return [[DetectedFace(box, (), 0.99)] if box else [] for box in found]


def look(detector: InTurn, config: DataConfig) -> Views:
    return look_as_served(
        IMAGES, train=TRAIN, facts=FACTS, config=config, spec=SPEC, detector=detector
    )


def test_the_detector_is_the_deployments_by_name_and_networks() -> None:
    manifests = [f"models/{name}/manifest.json" for name in ("retinaface", "mtcnn")]
    content = b"".join((REPOSITORY / name).read_bytes() for name in manifests)
    identity = {"name": DEFAULT_DETECTOR, "sha256": hashlib.sha256(content).hexdigest()}
    assert detector_identity() == identity


class TestLookAsServed:
    def test_cuts_every_image_with_the_framing_of_the_training_images(self) -> None:
        boxes = NARROW, NARROW, None, WIDE, None
        views = look(InTurn(*boxes), DataConfig(served_share=0.5))
        assert views.facts.crop_margin == pytest.approx(0.28)
        assert views.facts.faces_found == pytest.approx(2 / 3, abs=1e-3)
        assert views.found.tolist() == [True, True, False, True, False]
        spec = SPEC.model_copy(update={"crop_margin": 0.28})
        assert views.served is not None
        assert (views.served[3] == crop_face(on_canvas(IMAGES[3]), WIDE, spec)).all()

    def test_looks_at_training_images_only_where_just_the_framing_is_wanted(self) -> None:
        views = look(InTurn(NARROW, None, NARROW), DataConfig())
        assert views.served is None
        assert not views.found.any()
        assert views.facts.crop_margin == pytest.approx(0.28)

    def test_the_recipe_wins_over_the_measure(self) -> None:
        views = look(InTurn(*[NARROW] * 3), DataConfig(crop_margin=0.5))
        assert views.facts.crop_margin == 0.5

    def test_detects_nothing_where_the_recipe_tells_the_whole_framing(self) -> None:
        config = DataConfig(crop_margin=0.5, centre_dx=0, centre_dy=0)
        assert look(InTurn(), config).facts.crop_margin == 0.5

    def test_data_without_faces_is_served_by_the_box_itself(self) -> None:
        facts = look(InTurn(*[None] * 3), DataConfig()).facts
        assert (facts.crop_margin, facts.faces_found) == (0.0, 0.0)
