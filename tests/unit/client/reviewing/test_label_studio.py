"""Annotations of Label Studio: changed, moved, deleted and added boxes, several annotators."""

from typing import Any

import pytest

from hfer._codec import decode
from hfer.errors import SavedFileError
from hfer.models import PhotoResult
from hfer.reviewing.found import Found, Photos
from hfer.reviewing.label_studio import read_tasks
from tests.fixtures.reviewed import annotation, job_photo, region, task

ONE, TWO = (0.0, 0.0, 20.0, 20.0), (30.0, 10.0, 20.0, 20.0)
FIRST, SECOND = "itm_0-0", "itm_0_1"


def read(*tasks: dict[str, Any], reviewer: str | None = None, blind: bool = False) -> Found:
    found = Found()
    photos = [decode(PhotoResult, job_photo(0, "cam1/a.jpg", ONE, TWO))]
    read_tasks(tasks, Photos(photos), found, reviewer=reviewer, blind=blind)
    return found


def said(found: Found) -> dict[int, str]:
    return {review.face_index: review.answer for review in found.reviews.values()}


def reasons(found: Found) -> list[str]:
    return [missed.reason for missed in found.unmatched]


class TestBoxes:
    def test_a_changed_label_is_the_answer(self) -> None:
        boxes = region(ONE, "anger", region_id=FIRST), region(TWO, "Happiness", region_id=SECOND)
        found = read(task(annotation(*boxes)))
        assert said(found) == {0: "anger", 1: "happiness"}
        assert {review.reviewer for review in found.reviews.values()} == {"label-studio:1"}
        assert not found.unmatched

    def test_a_moved_box_keeps_its_face_by_its_id(self) -> None:
        moved = region((12, 0, 20, 20), "anger", region_id=f"{FIRST}#Zx9")
        assert said(read(task(annotation(moved, region(TWO, "fear"))))) == {0: "anger", 1: "fear"}

    def test_a_box_moved_off_its_face_is_told(self) -> None:
        found = read(task(annotation(region((0, 28, 20, 20), "anger", region_id=FIRST))))
        assert reasons(found) == ["the box was moved off its face"]
        assert said(found) == {1: "not_a_face"}

    def test_two_boxes_that_changed_places_are_matched_by_where_they_are(self) -> None:
        swapped = region(TWO, "anger", region_id=FIRST), region(ONE, "fear", region_id=SECOND)
        assert said(read(task(annotation(*swapped)))) == {1: "anger", 0: "fear"}

    def test_a_deleted_box_is_no_face(self) -> None:
        found = read(task(annotation(region(ONE, "anger", region_id=FIRST))))
        assert said(found) == {0: "anger", 1: "not_a_face"}

    def test_all_boxes_deleted(self) -> None:
        assert said(read(task(annotation(parent_prediction=5)))) == {
            0: "not_a_face",
            1: "not_a_face",
        }

    def test_who_began_without_predictions_deletes_nothing(self) -> None:
        found = read(task(annotation(region(ONE, "anger"))))
        assert said(found) == {0: "anger"}
        empty = read(task(annotation()))
        assert (said(empty), empty.passed_over) == ({}, 1)

    def test_predictions_of_another_job_say_nothing_of_deletions(self) -> None:
        other = task(annotation(region(ONE, "anger"), parent_prediction=5), item_id="itm_999")
        assert said(read(other)) == {0: "anger"}

    def test_an_added_box_is_told(self) -> None:
        boxes = region(ONE, "anger"), region((0, 28, 20, 20), "fear")
        found = read(task(annotation(*boxes)))
        assert said(found) == {0: "anger"}
        assert reasons(found) == ["a box was added where the job has no face"]
        assert found.unmatched[0].place == "task 3, annotation 7"

    def test_a_copied_box_does_not_answer_twice(self) -> None:
        boxes = region(ONE, "anger", region_id=FIRST), region(ONE, "fear", region_id=FIRST)
        found = read(task(annotation(*boxes)))
        assert said(found)[0] == "anger"
        assert len(found.unmatched) == 1

    @pytest.mark.parametrize(
        ("box", "reason"),
        [
            (region(ONE, region_id=FIRST), "a box has 0 labels and not one"),
            (region(ONE, kind="rectangle", region_id=FIRST), "a box has 0 labels and not one"),
            (region(ONE, "anger", "fear", region_id=FIRST), "a box has 2 labels and not one"),
            (region(ONE, "joy", region_id=FIRST), "'joy' is none of the answers: surprise, "),
        ],
    )
    def test_a_box_without_one_answer_is_told_and_not_deleted(
        self, box: dict[str, Any], reason: str
    ) -> None:
        found = read(task(annotation(box, region(TWO, "cannot tell", region_id=SECOND))))
        assert said(found) == {1: "cannot_tell"}
        assert [text.startswith(reason) for text in reasons(found)] == [True]

    def test_a_side_that_is_no_number_is_refused(self) -> None:
        broken = region(ONE, "anger")
        broken["value"]["x"] = None
        with pytest.raises(SavedFileError, match="task 3, annotation 7: x is not a number"):
            read(task(annotation(broken)))


class TestTasks:
    def test_a_task_of_one_face_says_nothing_of_the_others(self) -> None:
        box = region(TWO, "fear", region_id=SECOND)
        assert said(read(task(annotation(box), face_index=1))) == {1: "fear"}

    def test_a_choice_answers_a_task_of_one_face(self) -> None:
        choice = {"type": "choices", "id": "c", "value": {"choices": ["sadness"]}}
        assert said(read(task(annotation(choice), face_index=1))) == {1: "sadness"}

    @pytest.mark.parametrize(
        "data",
        [
            {"item_id": None, "filename": "cam1/a.jpg"},
            {"item_id": None},
            {"item_id": "itm_999", "image": "https://host/photos/cam1/a.jpg?sig=1"},
            {"item_id": None, "image": "s3://bucket/cam1/a.jpg"},
        ],
    )
    def test_a_photo_is_known_by_its_name_too(self, data: dict[str, Any]) -> None:
        assert said(read(task(annotation(region(ONE, "anger")), **data))) == {0: "anger"}

    def test_a_photo_that_the_job_has_not_is_told(self) -> None:
        found = read(task(annotation(region(ONE, "anger")), item_id=None, filename="b.jpg"))
        assert reasons(found) == ["no photo of this name"]
        assert found.unmatched[0].photo == "b.jpg"


class TestAnnotators:
    def test_each_has_a_vote(self) -> None:
        ada = annotation(region(ONE, "anger"), completed_by={"id": 1, "email": "ada@example.org"})
        bob = annotation(region(ONE, "fear"), completed_by=2, id=8)
        found = read(task(ada, bob))
        answers = {review.reviewer: review.answer for review in found.reviews.values()}
        assert answers == {"ada@example.org": "anger", "label-studio:2": "fear"}

    def test_the_later_of_two_annotations_counts(self) -> None:
        late = annotation(region(ONE, "fear"), updated_at="2026-11-30T08:00:00Z", id=6)
        assert said(read(task(late, annotation(region(ONE, "anger"))))) == {0: "fear"}

    def test_a_cancelled_annotation_is_passed_over(self) -> None:
        found = read(task(annotation(region(ONE, "anger"), was_cancelled=True)))
        assert (found.reviews, found.passed_over) == ({}, 1)

    def test_nobody_named_takes_a_reviewer(self) -> None:
        nameless = task(annotation(region(ONE, "anger"), completed_by=None))
        assert reasons(read(nameless)) == ["nobody is named who annotated: give --reviewer"]
        (review,) = read(nameless, reviewer="ada", blind=True).reviews.values()
        assert (review.reviewer, review.blind) == ("ada", True)
