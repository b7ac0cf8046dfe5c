from pathlib import Path

import pytest

from services.trainer.data.votes.notice import keep_notice, notice_of, whose


@pytest.fixture
def votes(tmp_path: Path) -> Path:
    folder = tmp_path / "votes"
    folder.mkdir()
    (folder / "table.csv").write_text("file\n")
    (folder / "LICENSE-Votes.md").write_text("Votes\n\nCopyright (c) Some Judges\n\nTerms.\n")
    return folder


class TestKeepNotice:
    @pytest.mark.parametrize("name", ["", "table.csv"])
    def test_keeps_the_terms_beside_a_table_or_in_a_folder_of_them(
        self, votes: Path, tmp_path: Path, name: str
    ) -> None:
        keep_notice(tmp_path, [str(votes / name), str(votes)])
        assert notice_of(tmp_path) == (votes / "LICENSE-Votes.md").read_bytes()

    def test_writes_none_where_votes_came_without(self, votes: Path, tmp_path: Path) -> None:
        (votes / "LICENSE-Votes.md").unlink()
        keep_notice(tmp_path, [str(votes)])
        assert notice_of(tmp_path) is None


class TestWhose:
    def test_is_the_line_of_the_copyright(self) -> None:
        assert whose(b"Votes\n\n Copyright (c) Some Judges\n") == "Copyright (c) Some Judges"

    def test_is_else_the_first_line(self) -> None:
        assert whose(b"\nPublic domain\nmore") == "Public domain"
