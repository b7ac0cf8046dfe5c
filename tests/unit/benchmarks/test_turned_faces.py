from collections.abc import Sequence

import cv2
import numpy as np
import pytest

from benchmarks.turned_faces import measure, turned
from services.common.domain.emotions import EMOTIONS
from services.common.domain.faces import AnalysedFace, Box, PhotoAnalysis
from services.trainer.data.framing import on_canvas
from services.trainer.data.layouts import Sample
from services.trainer.evaluation.images import FaceImages
from tests.fixtures.training import striped


def test_turns_clockwise_about_the_centre() -> None:
    photo = np.zeros((40, 40, 3), np.uint8)
    photo[2:8, 17:23] = 255
    assert turned(photo, 90)[19:21, 34:36].min() == 255
    assert turned(photo, 45)[9:11, 29:31].min() == 255
    assert turned(photo, 270)[19:21, 4:6].min() == 255


def test_counts_a_face_that_is_not_found_as_wrong() -> None:
    crops = np.stack([striped(1, seed=seed, side=48) for seed in range(4)])
    samples = [Sample(f"{seed}.png", label=seed % 2, split=None) for seed in range(4)]
    images = FaceImages("faces", crops, samples, [""] * 4, "0" * 64, fer2013=False, left_out=0)
    upright = on_canvas(crops[0]).shape

    def analyse(photos: Sequence[bytes]) -> list[PhotoAnalysis]:
        """Answers the first class; finds no face in what is turned but in the first two."""
        calls.append(len(photos))
        found = photos if len(calls) == 1 else photos[:2]
        assert cv2.imdecode(np.frombuffer(photos[0], np.uint8), 1).shape == upright
        none = PhotoAnalysis(width=9, height=9, exif_orientation=1)
        some = PhotoAnalysis(width=9, height=9, exif_orientation=1, faces=(FIRST,))
        return [some] * len(found) + [none] * (len(photos) - len(found))

    calls: list[int] = []
    rows = measure(images, analyse, angles=(0, 270))["angles"]
    assert rows["0"] == {"found": 4, "right": 2, "share": 0.5, "roll_error": 83.0, "ratio": 1.0}
    assert rows["270"]["right"] == 1
    assert rows["270"]["ratio"] == pytest.approx(0.5)
    assert rows["270"]["roll_error"] == 7.0


FIRST = AnalysedFace(
    face_index=0,
    box=Box(1, 1, 5, 5),
    landmarks=(),
    confidence=1.0,
    probabilities=(1.0, *[0.0] * (len(EMOTIONS) - 1)),
    margin=1.0,
    uncertain=False,
    blur=1.0,
    roll=-83.0,
)
