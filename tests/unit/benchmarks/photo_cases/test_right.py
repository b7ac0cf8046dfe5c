from pathlib import Path

import pytest

from benchmarks.photo_cases.right import read_right, right
from services.common.domain.faces import Box


class TestRight:
    def test_reads_a_place_a_size_and_an_expression(self) -> None:
        found = right("a.jpg", "one face near x 12 y 7.5 w 40 h 52 (of 200x100), surprise: whole")
        assert found.faces == 1
        assert found.places == (Box(12.0, 7.5, 40.0, 52.0),)
        assert found.size == (200, 100)
        assert found.expression == "surprise"
        assert found.refused_as is None
        assert not found.turned

    def test_passes_over_how_it_was(self) -> None:
        found = right("a.tif", "one face, anger (now: no_face, 90x90); today 3 faces, fear")
        assert (found.faces, found.expression, found.size) == (1, "anger", None)
        assert right("b.jpg", "neutral, as upright (.6); now disgust .7").expression == "neutral"

    @pytest.mark.parametrize(
        ("words", "faces", "or_more"),
        [
            ("87 faces (or the closing line tells that some were cut)", 87, False),
            ("at least 12 faces", 12, True),
            ("three faces near the pasted ones", 3, False),
            ("no face", 0, False),
            ("sadness, as upright", 1, False),
        ],
    )
    def test_counts_faces(self, words: str, faces: int, or_more: bool) -> None:
        found = right("a.jpg", words)
        assert (found.faces, found.or_more) == (faces, or_more)

    def test_reads_several_places(self) -> None:
        found = right("a.jpg", "two faces near x 1 y 2 w 3 h 4 and x 5, y 6, w 7, h 8")
        assert found.places == (Box(1.0, 2.0, 3.0, 4.0), Box(5.0, 6.0, 7.0, 8.0))

    @pytest.mark.parametrize(
        ("file", "words", "named"),
        [
            ("a.nef", "one face, or unsupported_format that names camera raw; not 9x9", "raw"),
            ("float-gray.tif", "one face, or an error that says it is not read", "float"),
            (
                "a.tif",
                "one face; or, if closed, an error that says 32-bit float is closed",
                "float",
            ),
            ("a.heif", "one face; or, where closed, an error that names the format", None),
            ("drawn.jpg", "one face, or an error that names the format", None),
        ],
    )
    def test_a_refusal_is_right_for_raw_and_float_alone(
        self, file: str, words: str, named: str | None
    ) -> None:
        found = right(file, words)
        assert found.refused_as == named
        assert found.faces == 1
        assert found.size is None
        assert not found.only_refused

    def test_an_error_alone_is_a_refusal(self) -> None:
        found = right("a.cr2", "an error that names camera raw")
        assert found.only_refused
        assert found.refused_as == "raw"

    def test_reads_how_a_face_stands(self) -> None:
        assert right("a.jpg", "one face, landmarks turned with it").turned
        assert right("a.jpg", "one face, eyes below the mouth in the picture").eyes == "below"
        assert right("a.jpg", "one face, eyes to the left of the mouth").eyes == "left"
        assert right("a.jpg", "one face at the lower edge, warning cut_off").edge == "bottom"
        assert right("a.jpg", "one face, warnings `cut_off`").warnings == ("cut_off",)
        assert right("a.jpg", "one face in the middle (a detector 1)").middle
        assert right("a.jpg", "fear .40, or uncertain").may_be_uncertain
        assert right("a.jfif", "`hfer submit FOLDER` takes it (one face, fear)").collected


class TestReadRight:
    def test_takes_the_table_and_nothing_else(self, tmp_path: Path) -> None:
        table = "# Right\n\n| file | right | now |\n|---|:--|---|\n| `a.jpg` | two faces | 1 |\n"
        (tmp_path / "RIGHT.md").write_text(
            f"{table}\nAfterwards.\n\n| other | table |\n|-|-|\n|1|2|\n"
        )
        (row,) = read_right(tmp_path)
        assert (row.file, row.text, row.faces) == ("a.jpg", "two faces", 2)

    def test_refuses_a_file_without_a_table(self, tmp_path: Path) -> None:
        (tmp_path / "RIGHT.md").write_text("nothing")
        with pytest.raises(ValueError, match="no table"):
            read_right(tmp_path)
