"""File names: harmless, and never a path that leads anywhere."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.api.filenames import MAX_CHARS, clean_filename
from tests.fixtures.names import LONGEST, NAMES


class TestCleanFilename:
    @pytest.mark.parametrize(("raw", "clean"), NAMES)
    def test_keeps_the_path_below_a_folder_and_what_may_be_in_it(
        self, raw: str, clean: str
    ) -> None:
        assert clean_filename(raw) == clean

    @given(st.text() | st.text("ab./\\: \u200d\u202e\u0301", max_size=40))
    def test_holds_its_promise_for_any_text(self, raw: str) -> None:
        name = clean_filename(raw)
        assert 0 < len(name) <= MAX_CHARS == LONGEST
        assert "\\" not in name
        assert not {"", ".", ".."} & set(name.split("/"))
        assert not any(unicodedata.category(sign) in {"Cc", "Cs", "Zl", "Zp"} for sign in name)
        assert clean_filename(name) == name
