from pathlib import Path

import numpy as np
import pytest

from services.common.domain.emotions import EMOTIONS
from services.trainer.data.dataset import load_prepared
from services.trainer.data.layouts import Split
from services.trainer.data.prepare import prepare
from services.trainer.errors import DataLayoutError
from services.trainer.evaluation.images import read_images
from services.vision.transforms import InputSpec
from tests.fixtures.training import DATA, striped, write_image, write_image_folder

SPEC = InputSpec(
    size=16, channels=1, crop_margin=0.3, centre_dx=0.1, centre_dy=0.2, mean=(0.0,), std=(1.0,)
)


class TestReadImages:
    def test_reads_the_pixels_that_prepare_would(self, tmp_path: Path) -> None:
        data = write_image_folder(tmp_path / "data", train=2, test=2, val=2)
        prepare(data, out=tmp_path / "cache", config=DATA)
        images = read_images(data, SPEC)
        expected = load_prepared(tmp_path / "cache").test
        assert np.array_equal(images.crops, expected.images)
        assert np.array_equal(images.labels, expected.labels)
        assert images.left_out == 28

    def test_takes_synonyms_for_class_names(self, tmp_path: Path) -> None:
        for name in ("angry", "happy", "sad"):
            write_image(tmp_path / "data" / name / "0.png", striped(0, seed=0))
        images = read_images(tmp_path / "data", SPEC)
        names = [str(EMOTIONS[label]) for label in images.labels]
        assert names == ["anger", "happiness", "sadness"]
        assert images.facts()["counts"]["anger"] == 1

    def test_reads_class_folders_whole_whatever_their_split(self, tmp_path: Path) -> None:
        for prefix in ("PublicTest", "PrivateTest"):
            write_image(tmp_path / "data" / "fear" / f"{prefix}_1.png", striped(1, seed=0))
        images = read_images(tmp_path / "data", SPEC)
        assert images.facts()["splits"] == {"test": 1, "validation": 1}
        assert images.fer2013

    def test_prefers_no_training_image_unless_asked(self, tmp_path: Path) -> None:
        data = write_image_folder(tmp_path / "data", train=3, test=0, val=1)
        assert {s.split for s in read_images(data, SPEC).samples} == {Split.VALIDATION}
        assert len(read_images(data, SPEC, split=Split.TRAIN).samples) == 21

    def test_refuses_a_split_that_is_not_there(self, tmp_path: Path) -> None:
        data = write_image_folder(tmp_path / "data", train=1, test=0)
        with pytest.raises(DataLayoutError, match="no test images"):
            read_images(data, SPEC, split=Split.TEST)

    def test_names_the_image_that_cannot_be_read(self, tmp_path: Path) -> None:
        data = write_image_folder(tmp_path / "data", train=1, test=0)
        (data / "train" / "fear" / "broken.png").write_bytes(b"no picture")
        with pytest.raises(DataLayoutError, match=r"train/fear/broken\.png"):
            read_images(data, SPEC)

    def test_the_hash_follows_the_content(self, tmp_path: Path) -> None:
        data = write_image_folder(tmp_path / "data", train=1, test=1)
        before = read_images(data, SPEC).sha256
        write_image(data / "test" / "fear" / "000.png", striped(1, seed=77))
        assert read_images(data, SPEC).sha256 != before
