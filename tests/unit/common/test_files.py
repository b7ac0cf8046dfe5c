from pathlib import Path

import pytest

from services.common.files import write_atomically


class TestWriteAtomically:
    def test_replaces_a_file_and_leaves_nothing_beside_it(self, tmp_path: Path) -> None:
        path = tmp_path / "a"
        for data in (b"old and longer", b"new"):
            write_atomically(path, data)
            assert path.read_bytes() == data
        assert [each.name for each in tmp_path.iterdir()] == ["a"]

    def test_a_reader_of_the_old_file_keeps_it_whole(self, tmp_path: Path) -> None:
        path = tmp_path / "a"
        path.write_bytes(b"old")
        with path.open("rb") as reader:
            write_atomically(path, b"new")
            assert reader.read() == b"old"

    def test_what_cannot_be_written_leaves_the_old_file(self, tmp_path: Path) -> None:
        path = tmp_path / "a"
        path.write_bytes(b"old")
        (tmp_path / ".a.tmp").mkdir()
        with pytest.raises(IsADirectoryError):
            write_atomically(path, b"new")
        assert path.read_bytes() == b"old"
