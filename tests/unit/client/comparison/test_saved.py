"""Files of saved predictions: encodings, lines, folders, and what is none."""

import json
from pathlib import Path

import pytest

from hfer.comparison import read_saved
from hfer.errors import SavedFileError
from tests.fixtures.saved_predictions import (
    hume_face,
    hume_source,
    rekognition_answer,
    rekognition_face,
)

HUME = [hume_source("a.jpg", hume_face()), hume_source("b.jpg")]
ANSWER = rekognition_answer(rekognition_face(HAPPY=90.0))


def write(path: Path, value: object, encoding: str = "utf-8") -> Path:
    path.write_text(value if isinstance(value, str) else json.dumps(value), encoding=encoding)
    return path


class TestReadSaved:
    def test_hume(self, tmp_path: Path) -> None:
        saved = read_saved(write(tmp_path / "predictions.json", HUME))
        assert saved.service == "hume"
        assert [photo.name for photo in saved.photos] == ["a.jpg", "b.jpg"]
        assert "neutral" not in saved.expressions

    # PowerShell's ">" writes UTF-16, Notepad a BOM.
    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
    def test_an_answer_is_named_by_its_file(self, tmp_path: Path, encoding: str) -> None:
        saved = read_saved(write(tmp_path / "IMG_1.jpg.json", ANSWER, encoding))
        assert saved.service == "rekognition"
        assert [photo.name for photo in saved.photos] == ["IMG_1.jpg"]

    def test_lines_with_names(self, tmp_path: Path) -> None:
        lines = [json.dumps({"filename": name, **ANSWER}) for name in ("a\u2028.jpg", "b.jpg")]
        saved = read_saved(write(tmp_path / "all.jsonl", "\n".join(lines) + "\n"))
        assert [photo.name for photo in saved.photos] == ["a\u2028.jpg", "b.jpg"]

    def test_a_folder_of_answers_keeps_folders_in_names(self, tmp_path: Path) -> None:
        for name in ("cam2", "cam1"):
            (tmp_path / name).mkdir()
            write(tmp_path / name / "IMG_1.json", ANSWER)
        write(tmp_path / "notes.txt", "no JSON")
        assert [p.name for p in read_saved(tmp_path).photos] == ["cam1/IMG_1", "cam2/IMG_1"]

    @pytest.mark.parametrize(
        ("content", "said"),
        [
            ("", "is not JSON"),
            ('{"FaceDetails": [', "is not JSON"),
            ('{"a": 1}\n{"a', "line 2 is not JSON"),
            ("[" * 200_000, "nested too deeply"),
            ("[1, 2]", "neither of Hume nor of Amazon"),
            ('{"Faces": [], "VideoMetadata": {}}', "neither of Hume nor of Amazon"),
            (json.dumps([HUME[0], {"filename": "a", **ANSWER}]), "of both services"),
        ],
    )
    def test_what_is_none_is_refused_with_a_sentence(
        self, tmp_path: Path, content: str, said: str
    ) -> None:
        with pytest.raises(SavedFileError, match=said):
            read_saved(write(tmp_path / "x.json", content))

    def test_a_photo_and_a_missing_file_are_refused(self, tmp_path: Path) -> None:
        (tmp_path / "a.jpg").write_bytes(b"\xff\xd8\xff\xe0")
        with pytest.raises(SavedFileError, match="is not text"):
            read_saved(tmp_path / "a.jpg")
        with pytest.raises(SavedFileError, match="No such file"):
            read_saved(tmp_path / "none.json")
