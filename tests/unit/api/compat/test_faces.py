"""Order, boxes, colours and emotions as hfer gives them; ids that lead back to a photo."""

import uuid
from typing import Any

import pytest

from services.api.compat.face_ids import face_index_of, format_face_id, parse_face_id
from services.api.compat.faces import (
    Corners,
    colours,
    corners_of,
    in_reading_order,
    top_emotions,
)
from services.common.domain.emotions import EMOTIONS
from services.common.domain.ids import new_uuid7
from services.common.jobs.queue.outcomes import from_payload
from tests.fixtures.jobs import face_payload, photo_payload


def analysis(*boxes: tuple[float, float, float, float], **size: Any) -> Any:
    faces = [face_payload(index, box=box) for index, box in enumerate(boxes)]
    return from_payload(photo_payload(*faces, **size))


class TestOrder:
    def test_is_by_lines_then_from_the_left(self) -> None:
        found = analysis((500, 5, 9, 9), (100, 90, 9, 9), (10, 8, 9, 9), width=600, height=100)
        assert [face.face_index for face in in_reading_order(found)] == [2, 0, 1]


class TestCorners:
    def test_hold_the_face_in_whole_pixels(self) -> None:
        found = analysis((10.6, 4.2, 20.1, 30.9))
        assert corners_of(found.faces[0], found) == Corners(top=4, right=31, bottom=36, left=10)

    @pytest.mark.parametrize("box", [(-5, -5, 300, 300), (63.9, 39.9, 0.05, 0.05), (64, 40, 5, 5)])
    def test_stay_inside_and_hold_a_pixel(self, box: tuple[float, float, float, float]) -> None:
        found = analysis(box)
        corners = corners_of(found.faces[0], found)
        assert 0 <= corners.left < corners.right <= 64
        assert 0 <= corners.top < corners.bottom <= 40

    def test_follow_a_smaller_picture(self) -> None:
        assert Corners(10, 20, 30, 40).scaled(0.5) == Corners(5, 10, 15, 20)


class TestColours:
    def test_go_around_the_circle(self) -> None:
        assert colours(0) == []
        assert colours(1) == [(153, 51, 51)]
        assert colours(3) == [(153, 51, 51), (51, 153, 51), (51, 51, 153)]


class TestEmotions:
    def test_are_the_most_probable_first(self) -> None:
        face = analysis((1, 1, 9, 9)).faces[0]
        assert list(top_emotions(face, top_n=1, named=True).items()) == [("happiness", 0.7)]
        assert next(iter(top_emotions(face, top_n=7, named=True))) == "happiness"
        assert len(top_emotions(face, top_n=7, named=True)) == len(EMOTIONS)

    def test_may_be_numbered(self) -> None:
        face = analysis((1, 1, 9, 9)).faces[0]
        assert top_emotions(face, top_n=1, named=False) == {"3": 0.7}


class TestFaceIds:
    @pytest.mark.parametrize("number", [0, 1, 99])
    def test_lead_back_to_the_photo_and_the_face(self, number: int) -> None:
        photo = new_uuid7()
        text = format_face_id(photo, number)
        face = parse_face_id(text)
        assert len(text) == 32
        assert face is not None
        assert face_index_of(face, photo) == number

    @pytest.mark.parametrize("text", ["", "0", "g" * 32, "0" * 33, "{" + "0" * 30 + "}", "٠" * 32])
    def test_nothing_else_is_one(self, text: str) -> None:
        assert parse_face_id(text) is None

    def test_are_written_with_leading_zeros(self) -> None:
        assert format_face_id(uuid.UUID(int=1), 1) == "0" * 31 + "2"
