from collections.abc import Callable
from pathlib import Path
from zipfile import ZipFile

import numpy as np
import pytest

from services.trainer.errors import RunError
from services.trainer.files import read_arrays, replacing


def replace(out: Path, text: str = "new", *, make: Callable[[Path], None] = Path.mkdir) -> None:
    with replacing(out, mark="mark", what="thing") as fresh:
        make(fresh)
        (fresh / "mark").write_text(text)


class TestReadArrays:
    def test_gives_back_what_was_saved(self, tmp_path: Path) -> None:
        np.savez(tmp_path / "a.npz", one=np.arange(3), two=np.float32(2))
        found = read_arrays(tmp_path / "a.npz")
        assert found["one"].tolist() == [0, 1, 2]
        assert found["two"].dtype == np.float32

    @pytest.mark.parametrize("content", [b"", b"text", b"PK\x03\x04"])
    def test_refuses_what_is_no_archive_of_arrays(self, tmp_path: Path, content: bytes) -> None:
        (tmp_path / "a.npz").write_bytes(content)
        with pytest.raises(ValueError, match=r"arrays|pickle"):
            read_arrays(tmp_path / "a.npz")

    def test_refuses_a_single_array_without_a_name(self, tmp_path: Path) -> None:
        np.save(tmp_path / "a.npy", np.arange(3))
        with pytest.raises(ValueError, match="no named arrays"):
            read_arrays(tmp_path / "a.npy")

    def test_refuses_another_kind_of_archive(self, tmp_path: Path) -> None:
        with ZipFile(tmp_path / "model.keras", "w") as archive:
            archive.writestr("metadata.json", "{}")
        with pytest.raises(ValueError, match="other files than arrays"):
            read_arrays(tmp_path / "model.keras")


class TestReplacing:
    def test_makes_a_folder_and_those_above(self, tmp_path: Path) -> None:
        replace(tmp_path / "a" / "b")
        assert (tmp_path / "a" / "b" / "mark").read_text() == "new"

    def test_replaces_one_of_its_kind(self, tmp_path: Path) -> None:
        replace(tmp_path / "b", "old")
        (tmp_path / "b" / "more").write_text("old")
        replace(tmp_path / "b")
        assert [path.name for path in (tmp_path / "b").iterdir()] == ["mark"]

    def test_an_error_leaves_the_old_one(self, tmp_path: Path) -> None:
        replace(tmp_path / "b", "old")
        with pytest.raises(IsADirectoryError):
            replace(tmp_path / "b", make=lambda fresh: (fresh / "mark").mkdir(parents=True))
        assert (tmp_path / "b" / "mark").read_text() == "old"
        assert [path.name for path in tmp_path.iterdir()] == ["b"]

    def test_clears_what_a_kill_left(self, tmp_path: Path) -> None:
        (tmp_path / ".b.tmp" / "deep").mkdir(parents=True)
        replace(tmp_path / "b")
        assert [path.name for path in tmp_path.iterdir()] == ["b"]

    @pytest.mark.parametrize("make", [Path.touch, Path.mkdir])
    def test_refuses_what_is_something_else(
        self, tmp_path: Path, make: Callable[[Path], None]
    ) -> None:
        out = tmp_path / "b"
        make(out)
        if out.is_dir():
            (out / "mine").touch()
        with pytest.raises(RunError, match="is there already and is no thing"):
            replace(out)
        assert out.exists()
