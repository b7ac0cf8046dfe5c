"""Reviews as CSV."""

import pytest

from hfer._codec import decode
from hfer.errors import SavedFileError
from hfer.models import PhotoResult
from hfer.reviewing.found import Found, Photos
from hfer.reviewing.rows import read_rows
from tests.fixtures.reviewed import job_photo

ONE, TWO = (0.0, 0.0, 20.0, 20.0), (30.0, 10.0, 20.0, 20.0)


def read(text: str, reviewer: str | None = "ada") -> Found:
    photos = [
        decode(PhotoResult, job_photo(0, "cam1/a.jpg", ONE, TWO)),
        decode(PhotoResult, job_photo(1, "=b, c.jpg", ONE)),
        decode(PhotoResult, job_photo(2, "cam2/a.jpg", ONE)),
        decode(PhotoResult, job_photo(3, "\uff1dd.jpg", ONE)),
    ]
    found = Found()
    read_rows(text, Photos(photos), found, reviewer=reviewer, blind=False)
    return found


def said(found: Found) -> list[tuple[str, int, str, str]]:
    return [(r.item_id, r.face_index, r.reviewer, r.answer) for r in found.reviews.values()]


class TestRows:
    def test_names_faces_and_reviewers(self) -> None:
        found = read(
            "filename,face_index,expression,reviewer\r\n"
            "cam1/a.jpg,1,anger,bob\r\n"
            "cam1/a.jpg,0.0,Fear,\r\n"
        )
        assert said(found) == [("itm_0", 1, "bob", "anger"), ("itm_0", 0, "ada", "fear")]

    def test_ids_of_photos_and_boxes(self) -> None:
        found = read("item_id,x,y,w,h,answer\nitm_0,31,11,20,20,not a face\n")
        assert said(found) == [("itm_0", 1, "ada", "not_a_face")]

    def test_a_spreadsheets_semicolons_commas_and_apostrophes(self) -> None:
        found = read(
            "Filename;Box_x;Box_y;Box_w;Box_h;Expression\r\n"
            '"\'=b, c.jpg";0,5;0,5;20,0;20,0;sadness\r\n'
            "'\uff1dd.jpg;0,5;0,5;20,0;20,0;fear\r\n"
        )
        assert said(found) == [("itm_1", 0, "ada", "sadness"), ("itm_3", 0, "ada", "fear")]

    def test_the_only_face_needs_no_number(self) -> None:
        found = read('filename,expression\n"=b, c.jpg",anger\ncam1/a.jpg,anger\n')
        assert said(found) == [("itm_1", 0, "ada", "anger")]
        assert found.unmatched[0].reason.startswith("the photo has 2 faces, and none is named")

    def test_rows_without_an_answer_are_passed_over(self) -> None:
        found = read("filename,face_index,expression\ncam1/a.jpg,0,\ncam1/a.jpg,1, \n")
        assert (said(found), found.passed_over, found.unmatched) == ([], 2, [])

    @pytest.mark.parametrize(
        ("row", "reason"),
        [
            ("none.jpg,0,,,,,anger", "no photo of this name"),
            ("a.jpg,0,,,,,anger", "several photos of the job could be it"),
            ("cam1/a.jpg,2,,,,,anger", "the photo has no face 2"),
            ("cam1/a.jpg,,0,30,9,9,anger", "the job has no face there"),
            ("cam1/a.jpg,,0,30,nine,9,anger", "the box is none: its sides are no numbers"),
            ("cam1/a.jpg,0,,,,,joy", "'joy' is none of the answers: surprise, fear, "),
        ],
    )
    def test_what_fits_no_face_is_told_with_its_line(self, row: str, reason: str) -> None:
        found = read(f"filename,face_index,x,y,w,h,expression\n{row}\n")
        (missed,) = found.unmatched
        assert missed.place == "line 2"
        assert missed.reason.startswith(reason)
        assert not found.reviews

    def test_nobody_named(self) -> None:
        found = read("filename,face_index,expression\ncam1/a.jpg,0,fear\n", reviewer=None)
        assert found.unmatched[0].reason.startswith("nobody is named who says it")

    @pytest.mark.parametrize("name", ["a" * 101, "a\x07"])
    def test_a_name_that_the_service_does_not_take(self, name: str) -> None:
        found = read("filename,face_index,expression\ncam1/a.jpg,0,fear\n", reviewer=name)
        assert "name has control characters or more than 100" in found.unmatched[0].reason
        assert not found.reviews

    def test_the_later_of_two_rows_counts(self) -> None:
        found = read("filename,face_index,answer\ncam1/a.jpg,0,fear\ncam1/a.jpg,0,anger\n")
        assert said(found) == [("itm_0", 0, "ada", "anger")]

    @pytest.mark.parametrize(
        ("text", "told"),
        [
            ("", "needs a column expression, and filename or item_id"),
            ("a,b\n1,2\n", "it has a, b"),
            ("filename,face_index,expression,detection_confidence\n", "is the model's answer"),
            ('filename,face_index,expression\n"a.jpg,0,fear\n', "is no CSV"),
        ],
    )
    def test_what_is_no_such_table_is_refused(self, text: str, told: str) -> None:
        with pytest.raises(SavedFileError, match=told):
            read(text)
