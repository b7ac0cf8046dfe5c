from typing import Any

import pytest

from services.web.views.matching import asks_of_faces, is_match
from tests.fixtures.fake_service import face_json
from tests.fixtures.page import seven

FACE: dict[str, Any] = face_json() | {
    "emotions": seven("anger", 0.6),
    "box": {"x": 0, "y": 0, "w": 30, "h": 40},
    "uncertain": True,
    "warnings": ["small_face"],
}


@pytest.mark.parametrize(
    ("narrow", "fits"),
    [
        ({"expression": "anger"}, True),
        ({"expression": "fear"}, False),
        ({"expression": "anger", "min_p": "0.7"}, False),
        ({"min_p": "0.6", "max_p": "0.6"}, True),
        ({"max_p": "0.5"}, False),
        ({"uncertain": "true"}, True),
        ({"uncertain": "false"}, False),
        ({"warning": "small_face"}, True),
        ({"warning": "cut_off"}, False),
        ({"min_side": "40"}, True),
        ({"max_side": "39"}, False),
        ({"q": "fair", "status": "succeeded"}, False),
    ],
)
def test_a_face_fits_all_that_is_asked_of_it(narrow: dict[str, str], fits: bool) -> None:
    assert is_match(FACE, narrow) is fits


def test_a_filter_of_photos_marks_no_face() -> None:
    assert not asks_of_faces({"q": "fair", "folder": "2026"})
    assert asks_of_faces({"q": "fair", "min_p": "0.5"})
