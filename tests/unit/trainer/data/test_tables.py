from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest

from services.common.domain.emotions import EMOTIONS
from services.trainer.data.layouts import Split, scan
from services.trainer.data.votes import judged, sources_of
from services.trainer.errors import DataLayoutError


def fer_row(emotion: int, usage: str, level: int = 7) -> str:
    return f"{emotion},{' '.join([str(level)] * 48 * 48)},{usage}"


def write(folder: Path, name: str, lines: Sequence[str]) -> Path:
    path = folder / name
    path.write_text("\n".join(lines) + "\n")
    return path


class TestFer2013Table:
    def test_reads_labels_splits_and_pixels(self, tmp_path: Path) -> None:
        usages = ["Training", "PublicTest", "PrivateTest"]
        rows = [fer_row(number % 7, usages[number % 3], level=number) for number in range(7)]
        samples = scan(write(tmp_path, "fer2013.csv", ["emotion,pixels,Usage", *rows]))
        names = ["anger", "disgust", "fear", "happiness", "sadness", "surprise", "neutral"]
        assert [EMOTIONS[sample.label] for sample in samples] == names
        assert [s.split for s in samples[:3]] == [Split.TRAIN, Split.VALIDATION, Split.TEST]
        pixels = cv2.imdecode(np.frombuffer(samples[3].read(tmp_path), np.uint8), 0)
        assert pixels.shape == (48, 48)
        assert (pixels == 3).all()

    def test_is_found_in_its_folder(self, tmp_path: Path) -> None:
        (tmp_path / "fer").mkdir()
        write(tmp_path / "fer", "fer2013.csv", ["emotion,pixels,Usage", fer_row(0, "Training")])
        assert len(scan(tmp_path)) == 1

    def test_has_its_own_labels_whatever_lies_beside_it(self, tmp_path: Path) -> None:
        write(tmp_path, "fer2013new.csv", ["nothing that fits"])
        table = write(tmp_path, "fer2013.csv", ["emotion,pixels,Usage", fer_row(2, "Training")])
        assert [EMOTIONS[sample.label] for sample in scan(table)] == ["fear"]

    def test_kaggle_has_the_columns_in_another_order_with_blanks(self, tmp_path: Path) -> None:
        pixels = " ".join(["9"] * 48 * 48)
        lines = ["emotion, Usage, pixels", f"3, PublicTest, {pixels}", f"0,Training,{pixels}"]
        write(tmp_path, "icml_face_data.csv", lines)
        found = [(EMOTIONS[s.label], s.split) for s in scan(tmp_path)]
        assert found == [("happiness", Split.VALIDATION), ("anger", Split.TRAIN)]

    def test_kaggle_s_train_csv_does_not_tell_what_a_row_is_for(self, tmp_path: Path) -> None:
        row = fer_row(4, "").rstrip(",")
        samples = scan(write(tmp_path, "train.csv", ["emotion,pixels", row]))
        assert [(EMOTIONS[s.label], s.split) for s in samples] == [("sadness", None)]

    @pytest.mark.parametrize(
        "row", ["7,0 0,Training", "0,0 0,Training", "0,x,Training", fer_row(0, "Test"), "0"]
    )
    def test_names_the_line_that_does_not_fit(self, tmp_path: Path, row: str) -> None:
        table = write(
            tmp_path, "fer2013.csv", ["emotion,pixels,Usage", fer_row(0, "Training"), row]
        )
        with pytest.raises(DataLayoutError, match="line 3"):
            scan(table)


class TestPathTable:
    def test_reads_paths_labels_and_splits(self, tmp_path: Path) -> None:
        (tmp_path / "a.png").write_bytes(b"")
        (tmp_path / "b.png").write_bytes(b"")
        table = write(tmp_path, "faces.csv", ["path,label,split", "b.png,Sad,val", "a.png,happy,"])
        found = [(s.path, EMOTIONS[s.label], s.split) for s in scan(table)]
        assert found == [("a.png", "happiness", None), ("b.png", "sadness", Split.VALIDATION)]

    @pytest.mark.parametrize(
        "row", ["../x.png,sad,", "/etc/passwd,sad,", "gone.png,sad,", "a.png,bored,", "a.png,sad,x"]
    )
    def test_refuses_rows_that_leave_the_folder_or_do_not_fit(
        self, tmp_path: Path, row: str
    ) -> None:
        (tmp_path / "data").mkdir()
        (tmp_path / "x.png").write_bytes(b"")
        (tmp_path / "data" / "a.png").write_bytes(b"")
        table = write(tmp_path / "data", "faces.csv", ["path,label,split", row])
        with pytest.raises(DataLayoutError, match="line 2"):
            scan(table)

    def test_says_which_columns_it_wants(self, tmp_path: Path) -> None:
        with pytest.raises(DataLayoutError, match=r"path,label\[,split\].*found file,mood"):
            scan(write(tmp_path, "faces.csv", ["file,mood", "a,b"]))


class TestTableOfVotes:
    """An export of reviews: images and one table with a column for each expression."""

    HEADER = "file,happy,sad,angry,fear,disgust,surprise,neutral,unknown"

    def reviews(self, folder: Path, *rows: str) -> Path:
        for name in ("a.png", "b.png"):
            path = folder / "images" / name
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(b"an image")
        return write(folder, "reviews.csv", [self.HEADER, *rows])

    @pytest.mark.parametrize("whole_folder", [True, False])
    def test_lists_its_images_with_what_most_chose(
        self, tmp_path: Path, whole_folder: bool
    ) -> None:
        table = self.reviews(
            tmp_path, "images/a.png,1,0,4,0,0,0,0,0", "images/b.png,0,3,,0,0,0,2,9"
        )
        root = tmp_path if whole_folder else table
        found = [(s.path, EMOTIONS[s.label], s.split) for s in scan(root)]
        assert found == [("images/a.png", "anger", None), ("images/b.png", "sadness", None)]

    def test_its_votes_are_those_of_the_images(self, tmp_path: Path) -> None:
        self.reviews(tmp_path, "images/a.png,1,0,3,0,0,0,0,0", "images/b.png,0,1,0,0,0,0,0,9")
        (sample,), left_out = judged(
            scan(tmp_path), sources=sources_of(tmp_path, []), base=tmp_path
        )
        assert sample.votes is not None
        assert sample.votes[EMOTIONS.index("anger")] == 3
        assert left_out["most_votes_on_no_expression"] == 1

    def test_named_tables_come_first(self, tmp_path: Path) -> None:
        self.reviews(tmp_path)
        assert sources_of(tmp_path, [Path("mine.csv")]) == [Path("mine.csv")]

    def test_class_folders_come_first(self, tmp_path: Path) -> None:
        self.reviews(tmp_path)
        (tmp_path / "images").rename(tmp_path / "fear")
        assert [(s.path, EMOTIONS[s.label]) for s in scan(tmp_path)] == [
            ("fear/a.png", "fear"),
            ("fear/b.png", "fear"),
        ]
        assert sources_of(tmp_path, []) == []

    @pytest.mark.parametrize(
        "row", ["images/c.png,1,0,0,0,0,0,0,0", "images/a.png,x,0,0,0,0,0,0,0"]
    )
    def test_names_the_line_that_does_not_fit(self, tmp_path: Path, row: str) -> None:
        self.reviews(tmp_path, row)
        with pytest.raises(DataLayoutError, match=r"reviews\.csv, line 2"):
            scan(tmp_path)
