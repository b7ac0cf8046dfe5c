from pathlib import Path

import pytest

from services.common.domain.emotions import EMOTIONS
from services.trainer.data.layouts import Split, scan
from services.trainer.errors import DataLayoutError
from tests.unit.trainer.data.test_layouts import touch

NAMES = ["surprise", "fear", "disgust", "happiness", "sadness", "anger", "neutral"]


def official(root: Path, *lines: str, listing: str = "list_patition_label.txt") -> Path:
    for line in lines:
        touch(root, f"Image/aligned/{line.split('.')[0]}_aligned.jpg")
    path = root / listing
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n")
    return root


class TestOfficial:
    @pytest.mark.parametrize(
        "listing", ["list_patition_label.txt", "EmoLabel/list_patition_label.txt"]
    )
    def test_reads_numbers_and_splits(self, tmp_path: Path, listing: str) -> None:
        lines = [f"train_{n:05}.jpg {n}" for n in range(1, 8)] + ["test_0001.jpg 4"]
        samples = scan(official(tmp_path, *lines, listing=listing))
        train = [sample for sample in samples if sample.split is Split.TRAIN]
        assert [EMOTIONS[sample.label] for sample in train] == NAMES
        (test,) = (sample for sample in samples if sample.split is Split.TEST)
        assert (test.path, EMOTIONS[test.label]) == (
            "Image/aligned/test_0001_aligned.jpg",
            "happiness",
        )

    @pytest.mark.parametrize("line", ["train_00002.jpg 8", "train_00002.jpg", "../x.jpg 1", "x 1"])
    def test_names_a_line_that_does_not_fit(self, tmp_path: Path, line: str) -> None:
        root = official(tmp_path, "train_00001.jpg 1")
        with (root / "list_patition_label.txt").open("a") as file:
            file.write(line + "\n")
        with pytest.raises(DataLayoutError, match="line 2"):
            scan(root)

    def test_names_a_line_that_is_no_utf8(self, tmp_path: Path) -> None:
        root = official(tmp_path, "train_00001.jpg 1")
        with (root / "list_patition_label.txt").open("ab") as file:
            file.write(b"train_\xff.jpg 1\n")
        with pytest.raises(DataLayoutError, match="line 2"):
            scan(root)

    def test_names_an_image_that_is_missing(self, tmp_path: Path) -> None:
        root = official(tmp_path, "train_00001.jpg 1")
        (root / "Image/aligned/train_00001_aligned.jpg").unlink()
        with pytest.raises(DataLayoutError, match=r"train_00001_aligned\.jpg is missing"):
            scan(root)

    def test_wants_the_label_file(self, tmp_path: Path) -> None:
        touch(tmp_path, "Image/aligned/train_00001_aligned.jpg")
        with pytest.raises(DataLayoutError, match=r"needs list_patition_label\.txt"):
            scan(tmp_path)


class TestNumbered:
    @pytest.mark.parametrize("outer", ["", "DATASET/"])
    def test_reads_kaggle_s_form(self, tmp_path: Path, outer: str) -> None:
        for number in range(1, 8):
            touch(tmp_path, f"{outer}train/{number}/train_{number}_aligned.jpg")
            touch(tmp_path, f"{outer}test/{number}/test_{number}_aligned.jpg")
        samples = scan(tmp_path)
        test = [sample for sample in samples if sample.split is Split.TEST]
        assert len(samples) == 14
        assert [EMOTIONS[sample.label] for sample in test] == NAMES

    def test_a_missing_class_is_no_rafdb(self, tmp_path: Path) -> None:
        for number in range(1, 7):
            touch(tmp_path, f"train/{number}/a.jpg")
        with pytest.raises(DataLayoutError, match="not an expression: 1, 2"):
            scan(tmp_path)
