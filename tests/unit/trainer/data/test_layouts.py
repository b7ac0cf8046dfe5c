import io
import tarfile
from pathlib import Path

import pytest

from services.common.domain.emotions import EMOTIONS, Emotion
from services.trainer.data.layouts import Split, count_contempt, opened, scan
from services.trainer.errors import DataLayoutError


def touch(root: Path, *names: str) -> Path:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")
    return root


class TestFer2013:
    def test_takes_the_split_from_the_file_prefix(self, tmp_path: Path) -> None:
        touch(
            tmp_path,
            "train/happy/Training_1.png",
            "test/happy/PublicTest_2.png",
            "test/happy/PrivateTest_3.png",
        )
        assert {s.path.rpartition("_")[2]: s.split for s in scan(tmp_path)} == {
            "1.png": Split.TRAIN,
            "2.png": Split.VALIDATION,
            "3.png": Split.TEST,
        }

    def test_the_prefix_wins_over_swapped_folders(self, tmp_path: Path) -> None:
        touch(
            tmp_path,
            "train/happy/PrivateTest_1.png",
            "train/happy/PublicTest_2.png",
            "test/happy/Training_3.png",
        )
        assert [s.split for s in scan(tmp_path)] == [Split.TRAIN, Split.TEST, Split.VALIDATION]

    def test_steps_into_a_single_outer_folder(self, tmp_path: Path) -> None:
        touch(tmp_path, "fer2013/train/angry/Training_1.png")
        (sample,) = scan(tmp_path)
        assert sample.path == "train/angry/Training_1.png"


class TestImageFolder:
    def test_reads_folder_names_in_every_known_form(self, tmp_path: Path) -> None:
        touch(tmp_path, "train/Angry/a.png", "train/anger/b.jpg", "train/SAD/c.jpeg")
        labels = [EMOTIONS[s.label] for s in scan(tmp_path)]
        assert sorted(labels) == [Emotion.ANGER, Emotion.ANGER, Emotion.SADNESS]

    @pytest.mark.parametrize(
        ("folder", "split"),
        [("val", Split.VALIDATION), ("valid", Split.VALIDATION), ("test", Split.TEST)],
    )
    def test_knows_the_split_folders(self, tmp_path: Path, folder: str, split: Split) -> None:
        touch(tmp_path, "train/fear/a.png", f"{folder}/fear/b.png")
        assert {s.split for s in scan(tmp_path)} == {Split.TRAIN, split}

    def test_class_folders_alone_have_no_split(self, tmp_path: Path) -> None:
        touch(tmp_path, "fear/a.png", "neutral/b.png")
        assert [s.split for s in scan(tmp_path)] == [None, None]

    def test_a_stray_file_shifts_no_label(self, tmp_path: Path) -> None:
        touch(tmp_path, "train/.DS_Store", "train/fear/a.png", "train/fear/notes.txt")
        assert [EMOTIONS[s.label] for s in scan(tmp_path)] == [Emotion.FEAR]


class TestContempt:
    @pytest.mark.parametrize("parent", ["train/", ""])
    def test_an_eighth_folder_is_left_out_and_counted(self, tmp_path: Path, parent: str) -> None:
        touch(tmp_path, f"{parent}fear/a.png", f"{parent}Contempt/b.png", f"{parent}Contempt/c.jpg")
        assert [s.path for s in scan(tmp_path)] == [f"{parent}fear/a.png"]
        assert count_contempt(tmp_path) == 2

    def test_other_data_has_none(self, tmp_path: Path) -> None:
        touch(tmp_path, "train/fear/a.png")
        assert count_contempt(tmp_path) == 0


class TestWrongLayout:
    def test_says_what_was_expected_and_what_was_found(self, tmp_path: Path) -> None:
        touch(tmp_path, "cats/a.png", "dogs/b.png")
        with pytest.raises(DataLayoutError) as caught:
            scan(tmp_path)
        assert "expected train/" in caught.value.detail
        assert "found cats/, dogs/" in caught.value.detail

    def test_refuses_a_test_folder_without_training(self, tmp_path: Path) -> None:
        touch(tmp_path, "test/fear/a.png", "val/fear/b.png")
        with pytest.raises(DataLayoutError, match="no train folder"):
            scan(tmp_path)

    def test_refuses_an_unknown_class_among_known_ones(self, tmp_path: Path) -> None:
        touch(tmp_path, "train/fear/a.png", "train/bored/b.png")
        with pytest.raises(DataLayoutError, match="not an expression: bored"):
            scan(tmp_path)

    def test_refuses_folders_without_images(self, tmp_path: Path) -> None:
        touch(tmp_path, "train/fear/readme.txt")
        with pytest.raises(DataLayoutError, match="no images"):
            scan(tmp_path)

    def test_refuses_a_missing_folder(self, tmp_path: Path) -> None:
        with pytest.raises(DataLayoutError, match="not a folder"):
            scan(tmp_path / "nowhere")


def archive(path: Path, name: str) -> Path:
    with tarfile.open(path, "w:gz") as tar:
        info = tarfile.TarInfo(name)
        info.size = 3
        tar.addfile(info, io.BytesIO(b"abc"))
    return path


class TestOpened:
    def test_unpacks_an_archive_and_cleans_up(self, tmp_path: Path) -> None:
        with opened(archive(tmp_path / "data.tar.gz", "train/fear/a.png")) as root:
            assert [s.path for s in scan(root)] == ["train/fear/a.png"]
        assert not root.exists()

    def test_lends_a_folder_as_it_is(self, tmp_path: Path) -> None:
        with opened(tmp_path) as root:
            assert root == tmp_path
        assert root.exists()

    def test_refuses_a_path_that_leaves_the_folder(self, tmp_path: Path) -> None:
        evil = archive(tmp_path / "evil.tar.gz", "../outside.png")
        with pytest.raises(DataLayoutError, match="cannot be unpacked"), opened(evil):
            pass
        assert not (tmp_path.parent / "outside.png").exists()

    def test_refuses_what_is_no_archive(self, tmp_path: Path) -> None:
        fake = tmp_path / "fake.tar.gz"
        fake.write_bytes(b"not a tar")
        with pytest.raises(DataLayoutError, match="cannot be unpacked") as refusal, opened(fake):
            pass
        assert "\n" not in refusal.value.detail
