from pathlib import Path

import pytest

from services.trainer.data.votes import CHOICES, read_votes
from services.trainer.errors import VotesError
from tests.fixtures.votes import JOINED, PUBLISHED, joined, write

SEVEN = "surprise,fear,disgust,happiness,anger,sadness,neutral"


class TestReadVotes:
    def test_reads_ferplus_joined_to_file_names(self, tmp_path: Path) -> None:
        path = write(tmp_path / "v.csv", JOINED, "a.png,31937,1,8,0,0,1,1,0,0,0,0,0")
        counts = dict(zip(CHOICES, read_votes([path]).counts["a.png"], strict=True))
        assert {name: n for name, n in counts.items() if n} == {
            "neutral": 8,
            "sadness": 1,
            "anger": 1,
        }

    def test_reads_ferplus_as_published_by_row(self, tmp_path: Path) -> None:
        rows = ("Training,a.png,0,9,0,0,0,0,0,1,0,0", "PublicTest,,0,0,0,0,0,0,0,0,0,10")
        table = read_votes([write(tmp_path / "fer2013new.csv", PUBLISHED, *rows)])
        assert table.counts[0][CHOICES.index("happiness")] == 9
        assert table.counts[0][CHOICES.index("contempt")] == 1
        assert table.counts[1][CHOICES.index("nf")] == 10
        assert table.usages == {0: "Training", 1: "PublicTest"}

    def test_reads_any_table_with_a_column_a_class(self, tmp_path: Path) -> None:
        header = "Happy, sad, angry, fearful, Disgusted, surprised, NEUTRAL, file, note"
        path = write(tmp_path / "reviews.csv", header, "3,0.5,0,0,0,0,0,./x/1.jpg,blurred")
        counts = read_votes([path]).counts["x/1.jpg"]
        assert counts[CHOICES.index("happiness")] == 3
        assert counts[CHOICES.index("sadness")] == 0.5
        assert sum(counts) == 3.5

    def test_reads_a_folder_of_tables_and_the_list_of_no_faces(self, tmp_path: Path) -> None:
        joined(tmp_path / "a.csv", {"a.png": {"fear": 10}})
        joined(tmp_path / "b.csv", {"b.png": {"fear": 10}})
        (tmp_path / "not_faces.txt").write_text("c.png\n\nd.png\n")
        (tmp_path / "LICENSE.md").write_text("MIT")
        for sources in ([tmp_path], [tmp_path / "a.csv", tmp_path / "b.csv"]):
            table = read_votes(sources)
            assert set(table.counts) == {"a.png", "b.png"}
            assert table.not_faces == {"c.png", "d.png"}

    @pytest.mark.parametrize(
        ("row", "reason"),
        [
            ("a.png,1,-2,0,0,0,0,0", "-2 votes for fear are negative"),
            ("a.png,1,,0,0,0,0,0", "'' for fear is no number"),
            ("a.png,1,many,0,0,0,0,0", "'many' for fear is no number"),
            ("a.png,1,nan,0,0,0,0,0", "'nan' for fear is no number"),
            ("a.png,1,inf,0,0,0,0,0", "'inf' for fear is no number"),
            ("a.png,1,2", "'' for disgust is no number"),
            ("a.png,0,0,0,0,0,0,0", "the votes sum to 0"),
            (",1,0,0,0,0,0,0", "the name of the image is missing"),
            ("a.png,1,0,0,0,0,0,0,0", "there are more cells than columns"),
        ],
    )
    def test_names_file_and_line_of_what_does_not_fit(
        self, tmp_path: Path, row: str, reason: str
    ) -> None:
        path = write(tmp_path / "v.csv", f"file,{SEVEN}", "b.png,1,0,0,0,0,0,0", row)
        with pytest.raises(VotesError, match=r"v\.csv, line 3: " + reason):
            read_votes([path])

    def test_a_row_that_is_no_number_is_named(self, tmp_path: Path) -> None:
        path = write(tmp_path / "v.csv", f"row,{SEVEN}", "x,1,0,0,0,0,0,0")
        with pytest.raises(VotesError, match="line 2: the row 'x' is no number"):
            read_votes([path])

    @pytest.mark.parametrize(
        ("header", "found"),
        [
            (SEVEN, "expected a column file or row"),
            ("file,fear,happy", "found file,fear,happy"),
            (f"file,{SEVEN},happy", "happiness and happy are the same choice"),
            ("", "found none"),
        ],
    )
    def test_says_which_columns_it_wants(self, tmp_path: Path, header: str, found: str) -> None:
        with pytest.raises(VotesError, match=found):
            read_votes([write(tmp_path / "v.csv", header)])

    def test_a_file_that_is_not_there_is_named(self, tmp_path: Path) -> None:
        with pytest.raises(VotesError, match=r"gone\.csv: there are no votes"):
            read_votes([tmp_path / "gone.csv"])

    def test_bytes_that_are_no_text_are_refused(self, tmp_path: Path) -> None:
        (tmp_path / "v.csv").write_bytes(b"file,\xff\xfe\n")
        with pytest.raises(VotesError, match=r"v\.csv is not a CSV file"):
            read_votes([tmp_path / "v.csv"])
