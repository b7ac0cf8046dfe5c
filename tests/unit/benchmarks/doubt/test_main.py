import numpy as np
import pytest

from benchmarks.doubt.__main__ import measure, served, wrong_answers
from services.trainer.data.layouts import Sample
from services.trainer.evaluation.images import FaceImages
from services.vision.bundle import Bundle
from services.vision.classifiers.port import Precision


class Answering:
    """Answers each crop's first pixel, in percent, as the probability of the first class."""

    precision = Precision.FP32

    def classify(self, crops: np.ndarray) -> np.ndarray:
        first = crops[:, 0, 0, 0] / 100
        return np.stack([first, *[(1 - first) / 6] * 6], axis=1)


def crops(*percent: int) -> np.ndarray:
    return np.array(percent, np.uint8).reshape(-1, 1, 1, 1)


def test_what_is_marked_is_below_the_bundle_s_threshold(tiny_bundle: Bundle) -> None:
    threshold = tiny_bundle.manifest.abstention_threshold
    assert 0.15 < threshold < 0.99
    marked = served(tiny_bundle, Answering())
    assert marked(crops(15, round(100 * threshold) + 1, 99)).tolist() == [True, False, False]


def test_each_kind_is_set_beside_the_faces_as_they_are() -> None:
    kinds = [
        ("cut", "left", crops(20, 20, 20, 90)),
        ("cut", "top", crops(20, 20, 90, 90)),
        ("turned", "all", crops(20, 20)),
    ]
    found = measure(crops(20, 90, 90, 90), kinds, lambda some: some[:, 0, 0, 0] < 50)
    assert found["plain"]["value"] == 0.25
    assert found["groups"]["cut"]["left"]["ratio"] == 3
    assert found["least_ratio"] == {"cut": 2, "turned": 4}
    left = found["groups"]["cut"]["left"]
    assert (left["low"] < left["value"] <= left["high"], left["n"]) == (True, 4)


def test_without_any_doubt_there_is_no_ratio() -> None:
    found = measure(crops(90), [("cut", "left", crops(20))], lambda some: some[:, 0, 0, 0] < 50)
    assert found["least_ratio"] == {"cut": None}


@pytest.mark.parametrize(("votes", "truth"), [(None, "data set"), (0, "judges")])
def test_wrong_answers_are_told_by_confidence(votes: int | None, truth: str) -> None:
    """The surest half is right by label; the judges say the first class of all."""
    of_judges = None if votes is None else (10.0, *[0.0] * 9)
    samples = [
        Sample(f"{index}.png", label=int(index >= 10), split=None, votes=of_judges)
        for index in range(20)
    ]
    pixels = crops(*range(99, 79, -1))
    images = FaceImages("faces", pixels, samples, [""] * 20, "0" * 64, fer2013=False, left_out=0)
    found = wrong_answers(images, Answering().classify(pixels))
    assert found["truth"] == truth
    if votes is None:
        assert (found["auroc_of_wrong"]["value"], found["right_at_80"]["value"]) == (1, 0.625)
    else:
        assert (found["auroc_of_wrong"]["value"], found["right_at_80"]["value"]) == (None, 1)
