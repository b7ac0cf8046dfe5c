from collections import Counter
from pathlib import Path

import cv2
import numpy as np
import pytest

from services.trainer.config import DataConfig
from services.trainer.data.generated.faces import draw_face
from services.trainer.data.generated.write import GeneratedLayout, write_faces
from services.trainer.data.known import GENERATED
from services.trainer.data.layouts import Sample, Split, scan
from services.trainer.data.prepare import prepare

COUNT = 210
# The framing is told: no detector need look for faces.
TOLD = {"crop_margin": 0.0, "centre_dx": 0.0, "centre_dy": 0.0}


def written(root: Path, layout: GeneratedLayout, **settings: int) -> list[Sample]:
    write_faces(root, layout=layout, count=COUNT, **{"size": 16, **settings})
    return scan(root)


def by_split(samples: list[Sample]) -> dict[Split | None, int]:
    return dict(Counter(sample.split for sample in samples))


class TestWriteFaces:
    @pytest.mark.parametrize("layout", list(GeneratedLayout))
    def test_is_read_back_with_all_classes_equally_often(
        self, tmp_path: Path, layout: GeneratedLayout
    ) -> None:
        samples = written(tmp_path, layout)
        assert Counter(sample.label for sample in samples) == dict.fromkeys(range(7), COUNT // 7)
        for sample in samples:
            # The number in its name tells which expression was drawn.
            number = int("".join(filter(str.isdecimal, sample.path.rpartition("/")[2])))
            assert sample.label == number % 7, sample

    def test_class_folders_bring_three_splits(self, tmp_path: Path) -> None:
        assert by_split(written(tmp_path, GeneratedLayout.FOLDERS)) == {
            Split.TRAIN: 147,
            Split.VALIDATION: 21,
            Split.TEST: 42,
        }

    @pytest.mark.parametrize("layout", [GeneratedLayout.RAFDB, GeneratedLayout.RAFDB_KAGGLE])
    def test_rafdb_has_no_validation_split(self, tmp_path: Path, layout: GeneratedLayout) -> None:
        assert by_split(written(tmp_path, layout)) == {Split.TRAIN: 168, Split.TEST: 42}

    def test_names_files_as_rafdb_does(self, tmp_path: Path) -> None:
        written(tmp_path, GeneratedLayout.RAFDB)
        assert (tmp_path / "Image/aligned/train_00001_aligned.jpg").is_file()
        assert (tmp_path / "Image/aligned/test_0042_aligned.jpg").is_file()
        listing = (tmp_path / "EmoLabel/list_patition_label.txt").read_text().splitlines()
        # The first label is fear: number 2 of RAF-DB.
        assert listing[0] == "train_00001.jpg 2"
        assert len(listing) == COUNT

    def test_names_folders_as_kaggle_does(self, tmp_path: Path) -> None:
        written(tmp_path, GeneratedLayout.RAFDB_KAGGLE)
        names = {path.name for path in (tmp_path / "DATASET/train").iterdir()}
        assert names == set("1234567")

    def test_a_png_holds_the_very_pixels(self, tmp_path: Path) -> None:
        written(tmp_path, GeneratedLayout.FOLDERS, seed=5)
        bgr = cv2.imread(str(tmp_path / "train/fear/00001.png"))
        assert bgr is not None
        assert (bgr[..., ::-1] == draw_face(1, seed=(5, 0, 1), size=16)).all()

    def test_another_seed_draws_other_faces(self, tmp_path: Path) -> None:
        for seed in (0, 1):
            written(tmp_path / str(seed), GeneratedLayout.FOLDERS, seed=seed)
        first, second = (
            (tmp_path / str(seed) / "train/fear/00001.png").read_bytes() for seed in (0, 1)
        )
        assert first != second

    def test_splits_share_no_face(self, tmp_path: Path) -> None:
        """The audit compares 24x24 thumbnails; faces as alike as drawings are must pass it."""
        write_faces(tmp_path / "data", layout=GeneratedLayout.FOLDERS, count=700, size=48)
        manifest = prepare(
            tmp_path / "data", out=tmp_path / "cache", config=DataConfig(size=48, **TOLD)
        )
        assert manifest["audit"]["train_dropped"] == 0
        assert manifest["audit"]["evaluation_leaked"] == 0

    def test_is_known_by_its_mark(self, tmp_path: Path) -> None:
        written(tmp_path / "data", GeneratedLayout.RAFDB)
        manifest = prepare(
            tmp_path / "data", out=tmp_path / "cache", config=DataConfig(size=16, **TOLD)
        )
        assert manifest["facts"]["name"] == GENERATED.name
        assert "no one" in manifest["facts"]["licence"]

    def test_tells_its_progress(self, tmp_path: Path) -> None:
        seen: list[tuple[int, int]] = []
        write_faces(
            tmp_path,
            layout=GeneratedLayout.FOLDERS,
            count=COUNT,
            size=16,
            progress=lambda done, total: seen.append((done, total)),
        )
        assert seen == [(done, COUNT) for done in range(1, COUNT + 1)]

    def test_gray_files_are_gray(self, tmp_path: Path) -> None:
        written(tmp_path, GeneratedLayout.FOLDERS, channels=1)
        image = cv2.imread(str(tmp_path / "val/fear/00001.png"), cv2.IMREAD_UNCHANGED)
        assert image is not None
        assert np.ndim(image) == 2
