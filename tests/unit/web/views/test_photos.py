from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.web.views.photos import PhotoView, photo_view
from tests.fixtures.fake_service import face_json, photo_json
from tests.fixtures.page import seven


def photo(*faces: dict[str, Any], width: int = 640, height: int = 480, **more: Any) -> PhotoView:
    image = {"width": width, "height": height, "exif_orientation": 1}
    return photo_view(photo_json(0, "a.jpg", faces=list(faces), image=image, **more))


def face(
    number: int = 0, x: float = 100, y: float = 90, w: float = 80, h: float = 100, **more: Any
) -> dict[str, Any]:
    box = {"x": x, "y": y, "w": w, "h": h}
    return face_json(number) | {"box": box, "emotions": seven()} | more


def test_bars_are_all_seven_most_probable_first() -> None:
    (shown,) = photo(face(emotions=seven("anger", 0.6))).faces
    assert (shown.top.label, shown.top.text, shown.top.width) == ("anger", "60 %", "60.00%")
    assert len(shown.bars) == 7
    assert [bar.share for bar in shown.bars] == sorted((b.share for b in shown.bars), reverse=True)


def test_names_the_engines_that_a_result_names() -> None:
    assert photo(face(), precision="bf16", detector="openvino").engines == "bf16 · openvino"
    assert photo(face()).engines == ""
    assert photo(face(), detector="none").engines == "each picture one face"


def test_says_when_it_was_taken_and_what_was_mended_in_words() -> None:
    shown = photo(captured_at="2026-07-19T14:03:27+02:00", warnings=["end_missing", "brand_new"])
    assert shown.taken == "2026-07-19 14:03:27+02:00"
    assert shown.mended[0].startswith("The file ends early")
    assert shown.mended[1] == "brand_new"
    assert (photo().taken, photo().mended) == ("", ())


@pytest.mark.parametrize(
    ("roll", "notes"),
    [
        (None, ()),
        (-9.9, ()),
        (31.2, ("turned by 31° clockwise",)),
        (-90, ("turned by 90° counter-clockwise",)),
    ],
)
def test_a_turned_head_says_so(roll: float | None, notes: tuple[str, ...]) -> None:
    (shown,) = photo(face(roll=roll)).faces
    assert shown.notes == notes


def test_an_uncertain_face_says_so() -> None:
    (shown,) = photo(face(3, uncertain=True, warnings=["small_face", "new_warning"])).faces
    assert shown.says == "Face 3: happiness, 70 %, uncertain"
    assert [note.partition(":")[0] for note in shown.notes] == ["small", "new_warning"]


@given(x=st.floats(0, 600), y=st.floats(0, 440), w=st.floats(1, 640), h=st.floats(1, 480))
def test_crops_are_squares_inside_the_photo(x: float, y: float, w: float, h: float) -> None:
    (shown,) = photo(face(x=x, y=y, w=min(w, 640 - x), h=min(h, 480 - y))).faces
    crop = shown.crop
    assert crop.w == crop.h
    assert crop.x >= 0
    assert crop.y >= 0
    assert crop.x + crop.w <= 640 + 1e-6
    assert crop.y + crop.h <= 480 + 1e-6


def test_a_number_stands_above_its_box_or_inside_at_the_edge() -> None:
    inside, above = photo(face(0, y=0), face(12, y=200)).faces
    assert inside.card_tag.box.y == 0
    assert above.card_tag.box.y + above.card_tag.box.h == pytest.approx(200)
    assert above.card_tag.box.w > inside.card_tag.box.w
    assert above.screen_tag.digit < above.card_tag.digit


def test_a_number_never_hides_a_small_face() -> None:
    (shown,) = photo(face(h=10, w=10), width=4_000, height=3_000).faces
    assert shown.card_tag.digit <= 10


@pytest.mark.parametrize(
    ("error", "words"),
    [
        ({"code": "truncated", "detail": "It ends early; send it whole."}, "send it whole"),
        ({"code": "brand_new", "detail": "Do this."}, "Do this."),
        ({"code": "brand_new", "detail": None}, "brand_new"),
        (None, ""),
    ],
)
def test_a_failed_photo_says_what_to_do(error: dict[str, Any] | None, words: str) -> None:
    shown = photo(status="failed", error=error)
    assert words in shown.cause


def test_alternative_text_tells_the_faces() -> None:
    assert photo().says == "a.jpg: no face found"
    assert photo(face()).says == "a.jpg: Face 0: happiness, 70 %"


def test_a_photo_without_a_result_shows_no_face() -> None:
    assert photo_view(photo_json(0, "a.jpg", status="queued", image=None)).faces == ()
