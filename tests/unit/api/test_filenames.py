"""File names: harmless, and never a path."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.api.filenames import MAX_CHARS, clean_filename


class TestCleanFilename:
    @pytest.mark.parametrize(
        ("raw", "clean"),
        [
            ("face.jpg", "face.jpg"),
            ("../../etc/passwd", "passwd"),
            ("C:\\Users\\me\\face.jpg", "face.jpg"),
            ("a\x00b\r\nc.jpg", "abc.jpg"),
            ("evil\u202egpj.exe", "evilgpj.exe"),
            ("  spaced name.png ", "spaced name.png"),
            ("Émile.jpg", "Émile.jpg"),
            ("", "unnamed"),
            ("folder/", "unnamed"),
        ],
    )
    def test_keeps_the_last_part_without_control_characters(self, raw: str, clean: str) -> None:
        assert clean_filename(raw) == clean

    @given(st.text())
    def test_holds_its_promise_for_any_text(self, raw: str) -> None:
        name = clean_filename(raw)
        assert 0 < len(name) <= MAX_CHARS
        assert "/" not in name
        assert "\\" not in name
        assert not any(unicodedata.category(char).startswith("C") for char in name)
